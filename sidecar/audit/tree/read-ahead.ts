import type { SignedTree } from './proven.js';
import { TILE_WIDTH, tileWidth } from './tiles.js';

/**
 * Reads tiles above those of leaf hashes, at most `most`, so that they are kept and a proof has to read little more than the tile of its
 * leaf: each of their hashes is a row of its own, and 256 of them take longer than all the rest of a proof. Those of the upper levels go
 * first, and of one level the newest; in a log that begins with leaf `firstSeq` those before it are gone. One is read after the other, so
 * that nobody waits behind all of them. Rejects as reading does; nothing is checked before a proof is made of it.
 */
export async function readAhead({ reader, size, kept }: SignedTree, firstSeq: number, most: number): Promise<void> {
  const tiles: { readonly level: number; readonly index: number }[] = [];
  for (let level = levelsOf(size); level > 0; level -= 1) {
    const leavesOfTile = TILE_WIDTH ** (level + 1);
    const first = Math.floor(firstSeq / leavesOfTile);
    for (let index = Math.floor(size / leavesOfTile); index >= first && tiles.length < most; index -= 1) {
      if (tileWidth(level, index, size) > 0) tiles.push({ level, index });
    }
  }
  // What is read last is kept longest.
  for (const { level, index } of tiles.reverse()) await kept.tile(reader, level, index, size);
}

/** Levels above that of leaf hashes. */
function levelsOf(size: number): number {
  let levels = 0;
  while (size >= TILE_WIDTH ** (levels + 1)) levels += 1;
  return levels;
}
