/** Keys of leaves begin with this byte (`l`). */
const PREFIX = 0x6c;
const HASH_BYTES = 32;
const KEY_BYTES = 1 + 8 + HASH_BYTES;
const WORD = 2 ** 32;

/** All keys that begin with the prefix: `gte` <= key < `lt`. */
export const LEAF_KEYS = { gte: Uint8Array.of(PREFIX), lt: Uint8Array.of(PREFIX + 1) } as const;

/** First key that a leaf with this sequence number can have. */
export function firstKeyOf(seq: number): Buffer {
  const key = Buffer.alloc(9);
  key[0] = PREFIX;
  key.writeUInt32BE(Math.floor(seq / WORD), 1);
  key.writeUInt32BE(seq % WORD, 5);
  return key;
}

/**
 * `l`, the sequence number (8 bytes, big-endian, so that keys sort by it), the leaf hash (32 bytes). With the hash in
 * it no key is ever written twice with different bytes, and every leaf can be checked on its own when read.
 */
export function leafKey(seq: number, hash: string): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key[0] = PREFIX;
  key.writeUInt32BE(Math.floor(seq / WORD), 1);
  key.writeUInt32BE(seq % WORD, 5);
  key.write(hash, 9, HASH_BYTES, 'hex');
  return key;
}

/** The parts of a key, or undefined when it is not one of a leaf. */
export function parseLeafKey(bytes: Uint8Array): { seq: number; hash: string } | undefined {
  if (bytes.length !== KEY_BYTES || bytes[0] !== PREFIX) return undefined;
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const seq = key.readUInt32BE(1) * WORD + key.readUInt32BE(5);
  return Number.isSafeInteger(seq) ? { seq, hash: key.toString('hex', 9) } : undefined;
}
