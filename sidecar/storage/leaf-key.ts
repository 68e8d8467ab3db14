import { readCount, writeCount } from './count-in-key.js';

/** Keys of leaves begin with this byte (`l`). */
const PREFIX = 0x6c;
/** Keys of `key` leaves that are kept beyond their removal begin with this byte (`k`), and go on like those of leaves. */
const KEPT_PREFIX = 0x6b;
const HASH_BYTES = 32;
const KEY_BYTES = 1 + 8 + HASH_BYTES;

/** All keys that begin with the prefix: `gte` <= key < `lt`. */
export const LEAF_KEYS = { gte: Uint8Array.of(PREFIX), lt: Uint8Array.of(PREFIX + 1) } as const;

/** The same for `key` leaves that are kept beyond their removal. */
export const KEPT_LEAF_KEYS = { gte: Uint8Array.of(KEPT_PREFIX), lt: Uint8Array.of(KEPT_PREFIX + 1) } as const;

/** First key that a `key` leaf with this sequence number can have that is kept beyond its removal. */
export function firstKeptKeyOf(seq: number): Buffer {
  const key = firstKeyOf(seq);
  key[0] = KEPT_PREFIX;
  return key;
}

/** First key that a leaf with this sequence number can have. */
export function firstKeyOf(seq: number): Buffer {
  const key = Buffer.alloc(9);
  key[0] = PREFIX;
  writeCount(key, seq, 1);
  return key;
}

/**
 * `l`, the sequence number (8 bytes, big-endian, so that keys sort by it), the leaf hash (32 bytes). With the hash in
 * it no key is ever written twice with different bytes, and every leaf can be checked on its own when read.
 */
export function leafKey(seq: number, hash: string): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key[0] = PREFIX;
  writeCount(key, seq, 1);
  key.write(hash, 9, HASH_BYTES, 'hex');
  return key;
}

/** The same behind a `k`. */
export function keptLeafKey(seq: number, hash: string): Buffer {
  const key = leafKey(seq, hash);
  key[0] = KEPT_PREFIX;
  return key;
}

/** The parts of a key, or undefined when it is not one of a leaf, kept beyond its removal or not. */
export function parseLeafKey(bytes: Uint8Array): { seq: number; hash: string } | undefined {
  if (bytes.length !== KEY_BYTES || (bytes[0] !== PREFIX && bytes[0] !== KEPT_PREFIX)) return undefined;
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const seq = readCount(key, 1);
  return Number.isSafeInteger(seq) ? { seq, hash: key.toString('hex', 9) } : undefined;
}
