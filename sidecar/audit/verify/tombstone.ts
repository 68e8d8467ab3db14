import { hash } from 'node:crypto';
import { nodeHash } from './merkle.js';

/** What stands in the place of an envelope that was erased. */
export interface Tombstone {
  /** The `erase` leaf. */
  readonly eraseSeq: number;
  /** Hex root that its proof leads to: that leaf must name it as `c_seqs`. */
  readonly root: string;
}

const VERSION = 1;
const NONCE_AT = 9;
const PATH_AT = 41;
const HASHES_AT = 45;
const HASH_BYTES = 32;
const HASHES_MAX = 32;

/**
 * Reads the tombstone of the leaf `seq` (docs/log-payload.md): 01, number of the `erase` leaf, nonce, path, and a hash for each level of
 * the path. Undefined = it is none.
 */
export function readTombstone(bytes: Uint8Array, seq: number): Tombstone | undefined {
  const row = Buffer.from(bytes);
  const levels = (row.length - HASHES_AT) / HASH_BYTES;
  if (row[0] !== VERSION || !Number.isInteger(levels) || levels < 0 || levels > HASHES_MAX) return undefined;
  const path = row.readUInt32BE(PATH_AT);
  const eraseSeq = Number(row.readBigUInt64BE(1));
  if (path >= 2 ** levels || !Number.isSafeInteger(eraseSeq)) return undefined;
  let root = leafOf(seq, row.subarray(NONCE_AT, PATH_AT));
  for (let level = 0; level < levels; level += 1) {
    const at = HASHES_AT + level * HASH_BYTES;
    const beside = row.subarray(at, at + HASH_BYTES);
    root = (path >>> level) & 1 ? nodeHash(beside, root) : nodeHash(root, beside);
  }
  return { eraseSeq, root: root.toString('hex') };
}

const PREFIX = Buffer.from('\0jimini/seq/v1\0', 'ascii');

/** The leaf of one number in the tree over those that were erased, hashed. */
function leafOf(seq: number, nonce: Uint8Array): Buffer {
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(seq));
  return hash('sha256', Buffer.concat([PREFIX, nonce, place]), 'buffer');
}
