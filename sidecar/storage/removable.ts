import { boundaryKeys } from './boundary-key.js';
import { envelopeKey, payloadKeysOf } from './envelope-key.js';
import { firstKeyOf, LEAF_KEYS } from './leaf-key.js';
import { firstTileKeyOf, firstTreeKeyOf, TILE_WIDTH, treeKeysOf } from './tree-key.js';

/** Keys from `gte` to before `lt`. */
export interface KeyRange {
  readonly name: string;
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/**
 * What nobody needs once leaves below `minSeq`, a multiple of 256, are to be removed, in the order in which it goes. Of the tree it is the
 * tiles that end at or below it (C2SP tlog-tiles, Pruning): the hashes that are left beside them say what they said.
 */
export function removableRanges(minSeq: number): KeyRange[] {
  const leaves = { name: 'leaves', gte: LEAF_KEYS.gte, lt: firstKeyOf(minSeq) };
  const payloads = (['envelope', 'tombstone'] as const).map((kind) => {
    return { name: `${kind}s`, gte: payloadKeysOf(kind).gte, lt: envelopeKey(minSeq, kind) };
  });
  const tiles = { name: 'tiles', gte: treeKeysOf(0).gte, lt: firstTileKeyOf(minSeq) };
  const hashes: KeyRange[] = [];
  for (let level = 1, count = tilesBelow(minSeq, level); count > 0; level += 1, count = tilesBelow(minSeq, level)) {
    const [gte, lt] = [firstTreeKeyOf(level, 0), firstTreeKeyOf(level, count * TILE_WIDTH)];
    hashes.push({ name: `hashes of level ${level}`, gte, lt });
  }
  return [leaves, ...payloads, tiles, ...hashes, { name: 'boundaries', ...boundaryKeys(minSeq) }];
}

/** Whole tiles of a level that end at or below `minSeq`. */
function tilesBelow(minSeq: number, level: number): number {
  return Math.floor(minSeq / TILE_WIDTH ** (level + 1));
}
