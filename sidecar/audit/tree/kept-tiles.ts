import { foldLayer, HASH_BYTES } from './node-hash.js';
import { readTile, type TileReader, tileWidth } from './tiles.js';

/** A tile, and the nodes above its hashes. */
export interface TileNodes {
  /** Hash over 2^`height` hashes of the tile, 0 to 7, the `at`-th of that height; all of them must be in the tile. */
  node(height: number, at: number): Buffer;
}

/** The tiles of one log that were read last. Proofs share those of the upper levels, and those at the end. */
export interface KeptTiles {
  /** The tile as it is in a tree of `size` leaves. Rejects as `readTile` does. */
  tile(reader: TileReader, level: number, index: number, size: number): Promise<TileNodes>;
}

/** Keeps at most `tilesMax` of them, of 16 KiB each. What it has of a tree stays right: the leaves that proofs are made for do not change. */
export function createKeptTiles(tilesMax = Number.POSITIVE_INFINITY): KeptTiles {
  const kept = new Map<string, Promise<TileNodes>>();
  return {
    tile(reader, level, index, size) {
      const width = tileWidth(level, index, size);
      const name = `${level}/${index}:${width}`;
      const tile = kept.get(name) ?? readTile(reader, level, index, width).then(nodesOf);
      kept.delete(name);
      kept.set(name, tile);
      tile.catch(() => kept.delete(name));
      for (const oldest of kept.keys()) {
        if (kept.size <= tilesMax) break;
        kept.delete(oldest);
      }
      return tile;
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
