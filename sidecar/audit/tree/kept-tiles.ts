import { foldLayer, HASH_BYTES } from './node-hash.js';
import { readTile, type TileReader, tileWidth } from './tiles.js';

/** A tile, and the nodes above its hashes. */
export interface TileNodes {
  /** Hash over 2^`height` hashes of the tile, 0 to 7, the `at`-th of that height; all of them must be in the tile. */
  node(height: number, at: number): Buffer;
}

/** The tiles of one log that were read last. Proofs share those of the upper levels, and those at the end. */
export interface KeptTiles {
  /** The tile as it is in a tree of `size` leaves, or of more. Rejects as `readTile` does. */
  tile(reader: TileReader, level: number, index: number, size: number): Promise<TileNodes>;
  /** Drops all of them, so that they are read again: one of them was wrong. */
  forget(): void;
}

/** How many are kept, of 16 KiB each. Every proof needs another tile of leaves and the same few above: one kind must not push out the other. */
export interface KeptTilesMax {
  /** Tiles of hashes of leaves. */
  readonly leafTiles: number;
  /** Tiles of the levels above. */
  readonly upperTiles: number;
}

interface Kept {
  readonly width: number;
  readonly nodes: Promise<TileNodes>;
}

const ALL: KeptTilesMax = { leafTiles: Number.POSITIVE_INFINITY, upperTiles: Number.POSITIVE_INFINITY };

/**
 * What it has of a tree stays right: the leaves that proofs are made for do not change. So a tile that was read when it had more hashes
 * serves a smaller tree as well.
 */
export function createKeptTiles({ leafTiles, upperTiles }: KeptTilesMax = ALL): KeptTiles {
  const leaves = new Map<string, Kept>();
  const upper = new Map<string, Kept>();
  return {
    tile(reader, level, index, size) {
      const [kept, most] = level === 0 ? [leaves, leafTiles] : [upper, upperTiles];
      const width = tileWidth(level, index, size);
      const name = `${level}/${index}`;
      const known = kept.get(name);
      const tile =
        known && known.width >= width ? known : { width, nodes: readTile(reader, level, index, width).then(nodesOf) };
      kept.delete(name);
      kept.set(name, tile);
      tile.nodes.catch(() => kept.get(name) === tile && kept.delete(name));
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break;
        kept.delete(oldest);
      }
      return tile.nodes;
    },
    forget() {
      leaves.clear();
      upper.clear();
    },
  };
}

function nodesOf(hashes: Buffer): TileNodes {
  const layers = [hashes];
  for (let top = hashes; top.length >= 2 * HASH_BYTES; layers.push(top)) top = foldLayer(top);
  return {
    node: (height, at) => (layers[height] as Buffer).subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  };
}
