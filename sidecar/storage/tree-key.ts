import { readCount, writeCount } from './count-in-key.js';

/** Keys of tree hashes begin with this byte (`t`). */
const PREFIX = 0x74;
const HASH_BYTES = 32;
const HASH_AT = 10;

const TREE_KEY_BYTES = HASH_AT + HASH_BYTES;

/** Hashes of one tile, and leaves or hashes under one hash of the level above. */
export const TILE_WIDTH = 256;

/** All keys of tree hashes, or those of one level: `gte` <= key < `lt`. */
export function treeKeysOf(level?: number): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  if (level === undefined) return { gte: Uint8Array.of(PREFIX), lt: Uint8Array.of(PREFIX + 1) };
  return { gte: Uint8Array.of(PREFIX, level), lt: Uint8Array.of(PREFIX, level + 1) };
}

/** First key that hash `index` of a level can have: `t`, the level (1 byte), the index (8 bytes, big-endian). */
export function firstTreeKeyOf(level: number, index: number): Buffer {
  const key = Buffer.alloc(HASH_AT);
  writePlace(key, level, index);
  return key;
}

/** First key that the row of the tile of leaf hashes can have which begins with leaf `seq`, a multiple of 256: level 0, and the number of the tile. */
export function firstTileKeyOf(seq: number): Buffer {
  return firstTreeKeyOf(0, Math.floor(seq / TILE_WIDTH));
}

/** Key of a hash of level 1 or above; with level 0 that of the tile with this hash. With the hash in it, no key is ever written twice with different bytes. */
export function treeKey(level: number, index: number, hash: Uint8Array): Buffer {
  const key = Buffer.alloc(TREE_KEY_BYTES);
  writePlace(key, level, index);
  key.set(hash, HASH_AT);
  return key;
}

/** The parts of a key, or undefined when it is not one of a tree hash. */
export function parseTreeKey(bytes: Uint8Array): { level: number; index: number; hash: Buffer } | undefined {
  if (bytes.length !== TREE_KEY_BYTES || bytes[0] !== PREFIX) return undefined;
  const key = Buffer.from(bytes);
  const level = key.readUInt8(1);
  const index = readCount(key, 2);
  return level > 0 && Number.isSafeInteger(index) ? { level, index, hash: key.subarray(HASH_AT) } : undefined;
}

function writePlace(key: Buffer, level: number, index: number): void {
  key[0] = PREFIX;
  key.writeUInt8(level, 1);
  writeCount(key, index, 2);
}
