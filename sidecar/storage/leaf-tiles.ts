import { TILE_WIDTH, treeKey } from './tree-key.js';

const HASH_BYTES = 32;
const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

/** A leaf that is to be written. */
interface Leaf {
  readonly seq: number;
  /** Hex. */
  readonly hash: string;
}

/** A hash of the tree that is to be written with them. */
interface Node {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** The hashes of 256 leaves as one row. */
interface TileRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Gathers the hashes of leaves as they are written. */
export interface LeafTiles {
  /**
   * The rows of the tiles that these leaves complete; `nodes` has the hash of each. Of a tile whose first leaves were not written here
   * there is none: what would have to be read for it may be damaged, and is read as well without it.
   */
  rowsOf(leaves: readonly Leaf[], nodes: readonly Node[]): TileRow[];
}

/** For a handle that has written nothing yet. */
export function createLeafTiles(): LeafTiles {
  const tile = Buffer.alloc(TILE_BYTES);
  let next = 0;
  let isWhole = false;
  return {
    rowsOf(leaves, nodes) {
      const rows: TileRow[] = [];
      for (const { seq, hash } of leaves) {
        const at = seq % TILE_WIDTH;
        isWhole = at === 0 || (isWhole && seq === next);
        next = seq + 1;
        tile.write(hash, at * HASH_BYTES, 'hex');
        if (!isWhole || at < TILE_WIDTH - 1) continue;
        const index = Math.floor(seq / TILE_WIDTH);
        const node = nodes.find((each) => each.level === 1 && each.index === index);
        if (node) rows.push({ key: treeKey(0, index, node.hash), value: Buffer.from(tile) });
      }
      return rows;
    },
  };
}

/** The hashes of a tile from the rows that are there for it, or undefined when they are not one whole row. */
export function hashesOfRows(values: readonly Uint8Array[]): Buffer | undefined {
  const [value] = values;
  const isOne = value?.length === TILE_BYTES && values.length === 1;
  return isOne ? Buffer.from(value.buffer, value.byteOffset, value.length) : undefined;
}
