import { JiminiError } from '../../kernel/errors.js';
import { HASH_BYTES } from './node-hash.js';

/** Levels of the tree from one level of tiles to the next (C2SP tlog-tiles). */
export const TILE_HEIGHT = 8;
/** Hashes of a full tile. */
export const TILE_WIDTH = 2 ** TILE_HEIGHT;

/**
 * Hash of a full tile of the level below: entry `index` of all tiles of `level` together, which is tile `index / 256`.
 * It is known once, when its last leaf is, and never changes.
 */
export interface TreeNode {
  /** At least 1: what would be level 0 are the leaf hashes. */
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** Where the hashes of a tree are kept. */
export interface TileReader {
  /**
   * The first `width` hashes of a tile, 32 bytes each: at level 0 hashes of leaves, above it `TreeNode` hashes. Rejects when
   * it has fewer. What it gives is not trusted: a proof made of wrong hashes leads to another root.
   */
  readTile(level: number, index: number, width: number): Promise<Uint8Array>;
}

/** Hashes that the tile has in a tree of `size` leaves: 256 but for the last one of each level. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashesOfLevel = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashesOfLevel - index * TILE_WIDTH));
}

/** Reads a tile, and refuses one of another width with `JIMINI_STORE_CORRUPT`. The bytes are a copy. */
export async function readTile(reader: TileReader, level: number, index: number, width: number): Promise<Buffer> {
  const bytes = await reader.readTile(level, index, width);
  if (bytes.length === width * HASH_BYTES) return Buffer.from(bytes);
  const found = `${bytes.length} bytes instead of ${width} hashes`;
  throw new JiminiError(
    'JIMINI_STORE_CORRUPT',
    `tile ${index} of level ${level} has ${found}: run \`jimini log verify\``,
  );
}
