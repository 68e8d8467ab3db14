import { createRootStream, type Subtree } from './merkle.js';
import type { Row } from './tree-rows.js';

/** Compares the tiles of leaf hashes that are stored with the hashes of level 1 that the leaves have. */
export interface TilesCheck {
  /** Takes the next hash of level 1. Returns what is wrong with the row of its tile, which may be missing. */
  compare(subtree: Subtree): Promise<string | undefined>;
  /** Rows that were found to be right. */
  readonly compared: number;
  close(): Promise<void>;
}

const HASH_BYTES = 32;
const TILE_BYTES = 256 * HASH_BYTES;

/** `stored` are the rows of all tiles in the order of their keys; they are read once, in step with the leaves. */
export function createTilesCheck(stored: AsyncIterable<Row>): TilesCheck {
  const rows = stored[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<Row>> | undefined;
  let compared = 0;
  return {
    async compare({ index, hash }) {
      next ??= rows.next();
      const { value: row, done } = await next;
      const key = Buffer.alloc(42, 't');
      key.writeUInt8(0, 1);
      key.writeBigUInt64BE(BigInt(index), 2);
      key.set(hash, 10);
      // One of a later tile: of this one there is none.
      if (done || Buffer.compare(key.subarray(0, 10), row.key.subarray(0, 10)) < 0) return undefined;
      if (!key.equals(row.key) || !rootOf(row.value)?.equals(hash))
        return `tile ${index} of the leaf hashes is another one`;
      next = undefined;
      compared += 1;
      return undefined;
    },
    get compared() {
      return compared;
    },
    async close() {
      await rows.return?.();
    },
  };
}

/** Undefined for what is no full tile. */
function rootOf(tile: Uint8Array): Buffer | undefined {
  if (tile.length !== TILE_BYTES) return undefined;
  const hashes = Buffer.from(tile).toString('hex');
  const tree = createRootStream();
  for (let at = 0; at < hashes.length; at += 2 * HASH_BYTES) tree.add(hashes.slice(at, at + 2 * HASH_BYTES));
  return tree.root();
}
