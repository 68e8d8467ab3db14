import { JiminiError } from '../../kernel/errors.js';
import { foldPerfect, HASH_BYTES } from './node-hash.js';
import { readTile, TILE_WIDTH, type TileReader } from './tiles.js';

/**
 * Rejects with `JIMINI_STORE_CORRUPT` when one of the stored hashes that `recoverEdge` takes for a tree of `size` leaves is not that of the tile
 * below it: then leaves may be what they were, and it is the stored tree that is not. Tiles below that are not whole any more, and
 * those that end at or below `from`, where leaves are removed or proven otherwise, say nothing. Reads at most 255 tiles for each level.
 */
export async function refuseDamagedEdge(reader: TileReader, size: number, from: number): Promise<void> {
  for (let level = 1; TILE_WIDTH ** level <= size; level += 1) {
    const hashes = Math.floor(size / TILE_WIDTH ** level);
    const width = hashes % TILE_WIDTH;
    const first = hashes - width;
    const tile = await readTile(reader, level, first / TILE_WIDTH, width);
    for (let at = 0; at < width; at += 1) {
      const index = first + at;
      if ((index + 1) * TILE_WIDTH ** level <= from) continue;
      const below = await readTile(reader, level - 1, index, TILE_WIDTH).catch(undefinedIfDamaged);
      const hash = tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
      if (below && !foldPerfect(below).equals(hash)) throw damaged(level, index);
    }
  }
}

function undefinedIfDamaged(error: unknown): undefined {
  if (JiminiError.from(error).code !== 'JIMINI_STORE_CORRUPT') throw error;
}

function damaged(level: number, index: number): JiminiError {
  const what = `hash ${index} of level ${level} of its stored tree is not that of what lies below it, so that nothing could be signed any more`;
  const advice =
    'keep the data directory as evidence, run `jimini log verify`, and start with a copy from before, or with another data directory';
  return new JiminiError('JIMINI_STORE_CORRUPT', `the log is damaged: ${what}; ${advice}`);
}
