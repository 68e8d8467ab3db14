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
   * The rows of the tiles that these leaves complete; `nodes` has the hash of each. `readFirst` gives the first hashes of a tile, which
   * another handle has written; where it rejects there is no row, and the hashes are read from the keys of the leaves.
   */
  rowsOf(leaves: readonly Leaf[], nodes: readonly Node[], readFirst: ReadFirst): Promise<TileRow[]>;
}

type ReadFirst = (index: number, width: number) => Promise<Uint8Array>;

/** For a handle that has written nothing yet. */
export function createLeafTiles(): LeafTiles {
  const tile = Buffer.alloc(TILE_BYTES);
  let next = 0;
  /** Hashes of the tile before this one were not written here. */
  let from = 0;
  return {
    async rowsOf(leaves, nodes, readFirst) {
      const rows: TileRow[] = [];
      for (const { seq, hash } of leaves) {
        const [index, at] = [Math.floor(seq / TILE_WIDTH), seq % TILE_WIDTH];
        if (at === 0 || seq !== next) from = at;
        next = seq + 1;
        tile.write(hash, at * HASH_BYTES, 'hex');
        if (at < TILE_WIDTH - 1) continue;
        const node = nodes.find((each) => each.level === 1 && each.index === index);
        if (!node) continue;
        const first = from === 0 ? NOTHING : await readFirst(index, from).catch(() => undefined);
        if (!first) continue;
        rows.push({ key: treeKey(0, index, node.hash), value: Buffer.concat([first, tile.subarray(first.length)]) });
      }
      return rows;
    },
  };
}

const NOTHING = new Uint8Array(0);

/** The hashes of a tile from the rows that are there for it, or undefined when they are not one whole row. */
export function hashesOfRows(values: readonly Uint8Array[]): Buffer | undefined {
  const [value] = values;
  const isOne = value?.length === TILE_BYTES && values.length === 1;
  return isOne ? Buffer.from(value.buffer, value.byteOffset, value.length) : undefined;
}
