import { foldPerfect, HASH_BYTES } from './node-hash.js';
import { readTile, TILE_HEIGHT, TILE_WIDTH, type TileReader } from './tiles.js';
import { createTreeEdge, type TreeEdge } from './tree-edge.js';

/**
 * The edge of a stored tree of `size` leaves, from the last tile of each level that is not full: four reads for 2^32
 * leaves. Nothing is checked; compare the root with a signed one. Rejects with `JIMINI_STORE_CORRUPT` when hashes are missing.
 */
export async function recoverEdge(reader: TileReader, size: number): Promise<TreeEdge> {
  return createTreeEdge(size, await recoverPeaks(reader, size));
}

/** Roots of the perfect subtrees that the first `size` leaves consist of, largest first. See `recoverEdge`. */
export async function recoverPeaks(reader: TileReader, size: number): Promise<Uint8Array[]> {
  const peaks: Uint8Array[] = [];
  for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const width = hashes % TILE_WIDTH;
    if (width === 0) continue;
    const tile = await readTile(reader, level, Math.floor(hashes / TILE_WIDTH), width);
    peaks.unshift(...peaksOf(tile, width));
  }
  return peaks;
}

/** Roots of the perfect subtrees that the hashes of a tile form, highest first. */
function peaksOf(tile: Buffer, width: number): Buffer[] {
  const peaks: Buffer[] = [];
  let at = 0;
  for (let count = 2 ** (TILE_HEIGHT - 1); count >= 1; count /= 2) {
    if ((width & count) === 0) continue;
    peaks.push(foldPerfect(tile.subarray(at * HASH_BYTES, (at + count) * HASH_BYTES)));
    at += count;
  }
  return peaks;
}
