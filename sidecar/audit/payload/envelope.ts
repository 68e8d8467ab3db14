import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { JiminiError } from '../../kernel/errors.js';

/** Where a sealed payload belongs. Sealed with it, so that it opens nowhere else. */
export interface EnvelopePlace {
  readonly logId: string;
  readonly seq: number;
}

/** Length of data keys, subject keys and day keys, bytes. */
const KEY_BYTES = 32;
/** NIST SP 800-38D 5.2.1.1: a nonce of 96 bits is used as it is. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 1;

/**
 * Seals a payload under its own data key: version 01, nonce, AES-256-GCM ciphertext, tag. The data key is for this one
 * payload; the nonce is random all the same, since a place whose writing failed may be sealed a second time.
 */
export function sealPayload(
  plaintext: Uint8Array,
  dataKey: Uint8Array,
  nonce: Uint8Array,
  place: EnvelopePlace,
): Buffer {
  return seal(plaintext, dataKey, nonce, associated('envelope', place));
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
  return seal(dataKey, wrappingKey(holderKey, info), nonce, info);
}

/** Opens what `wrapKey` gave. Throws `JIMINI_PAYLOAD_SEALED`, as above. */
export function unwrapKey(wrap: Uint8Array, holderKey: Uint8Array, place: EnvelopePlace): Buffer {
  const info = associated('wrap', place);
  return open(wrap, wrappingKey(holderKey, info), info);
}

function seal(plaintext: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([Uint8Array.of(VERSION), nonce, body, cipher.getAuthTag()]);
}

function open(sealed: Uint8Array, key: Uint8Array, aad: Uint8Array): Buffer {
  if (sealed[0] !== VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw closed();
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(1 + NONCE_BYTES, tagAt));
  try {
    decipher.final();
  } catch (cause) {
    throw closed(cause);
  }
  return plaintext;
}

function closed(cause?: unknown): JiminiError {
  return new JiminiError('JIMINI_PAYLOAD_SEALED', 'the payload does not open with this key at this place', { cause });
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
