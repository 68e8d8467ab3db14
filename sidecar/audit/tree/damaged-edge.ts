import { JiminiError } from '../../kernel/errors.js';
import { leafHash } from '../leaf-hash.js';
import { membersOf } from '../leaf-members.js';
import type { LogPages } from '../log-store.js';
import { foldPerfect, HASH_BYTES } from './node-hash.js';
import { readTile, TILE_WIDTH, type TileReader } from './tiles.js';

/**
 * Rejects with `JIMINI_STORE_CORRUPT` when one of the stored hashes that `recoverEdge` takes for a tree of `size` leaves is not that of the leaf
 * or the tile below it: then leaves may be what they were, and it is the stored tree that is not. Tiles below that are not whole any
 * more, and what ends at or below `from`, where leaves are removed or proven otherwise, say nothing. Reads at most 255 leaves, and as many
 * tiles for each level.
 */
export async function refuseDamagedEdge(reader: TileReader & LogPages, size: number, from: number): Promise<void> {
  const firstLeaf = Math.max(from, size - (size % TILE_WIDTH));
  const leaves = firstLeaf < size ? await reader.page(firstLeaf, size - firstLeaf) : [];
  for (const [at, { seq, hash, bytes }] of leaves.entries()) {
    const next = leaves[at + 1];
    // Where only the leaf is damaged, the next one says that its hash is right.
    const isRight = leafHash(bytes) === hash || (next && membersOf(next.bytes)['prev'] === hash);
    if (!isRight)
      throw damaged(`the hash of leaf ${seq} is neither that of the leaf nor the one that the next leaf names`);
  }
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
      if (below && !foldPerfect(below).equals(hash))
        throw damaged(`hash ${index} of level ${level} of its stored tree is not that of what lies below it`);
    }
  }
}

function undefinedIfDamaged(error: unknown): undefined {
  if (JiminiError.from(error).code !== 'JIMINI_STORE_CORRUPT') throw error;
}

function damaged(what: string): JiminiError {
  const advice =
    'keep the data directory as evidence, run `jimini log verify`, and start with a copy from before, or with another data directory';
  const message = `the log is damaged: ${what}, so that nothing could be signed any more; ${advice}`;
  return new JiminiError('JIMINI_STORE_CORRUPT', message);
}
