import { NONCE_BYTES, seal, unseal } from '../../kernel/aead.js';
import { JiminiError } from '../../kernel/errors.js';
import { hkdfExpand, hkdfExtract } from '../../kernel/hmac.js';
import { DAY_CHARS, type Holder, TAG_BYTES } from './holder.js';

/** Where a sealed payload belongs. Sealed with it, so that it opens nowhere else. */
export interface EnvelopePlace {
  readonly logId: string;
  readonly seq: number;
}

/** First byte of envelopes and wraps. */
const VERSION = 1;
/** Second byte of an envelope: how many bytes of a holder's tag follow the day. */
const TAG_LENGTHS: readonly number[] = [0, TAG_BYTES];

/**
 * Seals a payload for its holder: 01, the length of the holder's tag, the day, the tag, then AES-256-GCM as `seal` lays it
 * out. Its key is derived from the holder's key, the place and the nonce, so that every payload has its own, also one that is
 * sealed for a place whose writing failed, and none needs to be stored.
 */
export function sealPayload(plaintext: Uint8Array, holder: Holder, nonce: Uint8Array, place: EnvelopePlace): Buffer {
  const { day, tag = NOTHING } = holder;
  const head = Buffer.allocUnsafe(2 + DAY_CHARS + tag.length);
  head[0] = VERSION;
  head[1] = tag.length;
  head.write(day, 2, 'latin1');
  head.set(tag, 2 + DAY_CHARS);
  return seal(plaintext, dataKeyOf(holder, nonce, place), nonce, associated('envelope', place), head);
}

const NOTHING = new Uint8Array(0);

/** An envelope in its parts. */
export interface Envelope extends Pick<Holder, 'day' | 'tag'> {
  readonly nonce: Uint8Array;
  /** As `seal` laid it out, the nonce included. */
  readonly sealed: Uint8Array;
}

/** Reads what `sealPayload` gave, as far as it is not sealed. Throws `JIMINI_PAYLOAD_SEALED` when it is no envelope. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const tagAt = 2 + DAY_CHARS;
  const sealedAt = tagAt + (bytes[1] ?? 0);
  const day = Buffer.from(bytes.subarray(2, tagAt)).toString('latin1');
  const isEnvelope = bytes[0] === VERSION && TAG_LENGTHS.includes(bytes[1] as number) && DAY.test(day);
  if (!isEnvelope || bytes.length < sealedAt + NONCE_BYTES) throw doesNotOpen();
  const sealed = bytes.subarray(sealedAt);
  const tag = bytes.subarray(tagAt, sealedAt);
  return { day, ...(tag.length > 0 && { tag }), nonce: sealed.subarray(0, NONCE_BYTES), sealed };
}

const DAY = /^\d{4}-\d\d-\d\d$/;

/** The key of one payload: HKDF (RFC 5869, SHA-256) of the holder's keys with `jimini/data/v1` 00 log_id u64be(seq) nonce. */
export function dataKeyOf({ key }: Pick<Holder, 'key'>, nonce: Uint8Array, place: EnvelopePlace): Buffer {
  return hkdfExpand(key, associated('data', place, nonce));
}

/** Opens a payload. Throws `JIMINI_PAYLOAD_SEALED` when key, place or bytes are not those it was sealed with. */
export function openPayload(bytes: Uint8Array, dataKey: Uint8Array, place: EnvelopePlace): Buffer {
  const plain = unseal(readEnvelope(bytes).sealed, dataKey, associated('envelope', place));
  if (!plain) throw doesNotOpen();
  return plain;
}

/**
 * Wraps the key of a payload for a further holder (another person, a hold): under HKDF of the holder's key with no salt and
 * `jimini/wrap/v1` 00 log_id u64be(seq), so that no two wraps share a key. 61 bytes.
 */
export function wrapKey(dataKey: Uint8Array, holderKey: Uint8Array, nonce: Uint8Array, place: EnvelopePlace): Buffer {
  const info = associated('wrap', place);
  const sealed = seal(dataKey, hkdfExpand(hkdfExtract(holderKey), info), nonce, info);
  return Buffer.concat([Uint8Array.of(VERSION), sealed]);
}

/** Opens what `wrapKey` gave. Throws `JIMINI_PAYLOAD_SEALED`, as above. */
export function unwrapKey(wrap: Uint8Array, holderKey: Uint8Array, place: EnvelopePlace): Buffer {
  const info = associated('wrap', place);
  const opened =
    wrap[0] === VERSION ? unseal(wrap.subarray(1), hkdfExpand(hkdfExtract(holderKey), info), info) : undefined;
  if (!opened) throw doesNotOpen();
  return opened;
}

function doesNotOpen(): JiminiError {
  return new JiminiError('JIMINI_PAYLOAD_SEALED', 'the payload does not open with this key at this place');
}

const PREFIXES = {
  envelope: Buffer.from('jimini/envelope/v1\0', 'ascii'),
  data: Buffer.from('jimini/data/v1\0', 'ascii'),
  wrap: Buffer.from('jimini/wrap/v1\0', 'ascii'),
};

/** `jimini/<purpose>/v1` 00 log_id u64be(seq), and what is to follow. A log id has 26 characters, so nothing can run together. */
function associated(purpose: keyof typeof PREFIXES, { logId, seq }: EnvelopePlace, rest: Uint8Array = NOTHING): Buffer {
  const prefix = PREFIXES[purpose];
  const seqAt = prefix.length + logId.length;
  const bytes = Buffer.allocUnsafe(seqAt + 8 + rest.length);
  bytes.set(prefix);
  bytes.write(logId, prefix.length, 'latin1');
  bytes.writeBigUInt64BE(BigInt(seq), seqAt);
  bytes.set(rest, seqAt + 8);
  return bytes;
}
