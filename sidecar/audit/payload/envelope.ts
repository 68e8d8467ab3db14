import { hkdfSync } from 'node:crypto';
import { KEY_BYTES, seal, unseal } from '../../kernel/aead.js';
import { JiminiError } from '../../kernel/errors.js';

/** Where a sealed payload belongs. Sealed with it, so that it opens nowhere else. */
export interface EnvelopePlace {
  readonly logId: string;
  readonly seq: number;
}

/** First byte of envelopes and wraps. */
const VERSION = Uint8Array.of(1);

/**
 * Seals a payload under its own data key: version 01, then AES-256-GCM as `seal` lays it out. The data key is for this one
 * payload; the nonce is random all the same, since a place whose writing failed may be sealed a second time.
 */
export function sealPayload(
  plaintext: Uint8Array,
  dataKey: Uint8Array,
  nonce: Uint8Array,
  place: EnvelopePlace,
): Buffer {
  return Buffer.concat([VERSION, seal(plaintext, dataKey, nonce, associated('envelope', place))]);
}

/** Opens what `sealPayload` gave. Throws `JIMINI_PAYLOAD_SEALED` when key, place or bytes are not those it was sealed with. */
export function openPayload(sealed: Uint8Array, dataKey: Uint8Array, place: EnvelopePlace): Buffer {
  return open(sealed, dataKey, associated('envelope', place));
}

/**
 * Wraps a data key for one holder (a subject, a day, a hold): under HKDF-SHA-256 (RFC 5869) of the holder's key with no
 * salt and `jimini/wrap/v1` 00 log_id u64be(seq), so that no two wraps share a key. 61 bytes.
 */
export function wrapKey(dataKey: Uint8Array, holderKey: Uint8Array, nonce: Uint8Array, place: EnvelopePlace): Buffer {
  const info = associated('wrap', place);
  return Buffer.concat([VERSION, seal(dataKey, wrappingKey(holderKey, info), nonce, info)]);
}

/** Opens what `wrapKey` gave. Throws `JIMINI_PAYLOAD_SEALED`, as above. */
export function unwrapKey(wrap: Uint8Array, holderKey: Uint8Array, place: EnvelopePlace): Buffer {
  const info = associated('wrap', place);
  return open(wrap, wrappingKey(holderKey, info), info);
}

function open(sealed: Uint8Array, key: Uint8Array, aad: Uint8Array): Buffer {
  const plain = sealed[0] === VERSION[0] ? unseal(sealed.subarray(1), key, aad) : undefined;
  if (plain) return plain;
  throw new JiminiError('JIMINI_PAYLOAD_SEALED', 'the payload does not open with this key at this place');
}

function wrappingKey(holderKey: Uint8Array, info: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', holderKey, '', info, KEY_BYTES));
}

/** `jimini/<purpose>/v1` 00 log_id u64be(seq). A log id has 26 characters, so nothing can run together. */
function associated(purpose: 'envelope' | 'wrap', { logId, seq }: EnvelopePlace): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(seq));
  return Buffer.concat([Buffer.from(`jimini/${purpose}/v1\0${logId}`, 'ascii'), number]);
}
