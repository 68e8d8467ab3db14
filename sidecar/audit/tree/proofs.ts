import { JiminiError } from '../../kernel/errors.js';
import { createKeptTiles, type KeptTiles, type TileNodes } from './kept-tiles.js';
import { foldPeaks } from './node-hash.js';
import { TILE_HEIGHT, TILE_WIDTH, type TileReader } from './tiles.js';
import { createTreeEdge, heightsOf, type TreeEdge } from './tree-edge.js';

/** Leaves from `first` to before `end`: one of the parts that RFC 6962 2.1 splits a tree into. */
interface Range {
  readonly first: number;
  readonly end: number;
}

/**
 * The hashes that lead from leaf `index` to the root over the first `size` leaves, that of the leaf's neighbour first
 * (RFC 6962 2.1.1). Who makes many of one log gives the tiles that it keeps. Throws `JIMINI_INVALID_ARGUMENT` when there is no such leaf.
 */
export async function inclusionProof(
  reader: TileReader,
  index: number,
  size: number,
  kept: KeptTiles = createKeptTiles(),
): Promise<Buffer[]> {
  return hashesOf(inclusionRanges(index, size), (level, at) => kept.tile(reader, level, at, size));
}

/** The first leaves of a tree: how many, and the roots of the perfect subtrees that they consist of, largest first. */
export interface TreeStart {
  readonly size: number;
  readonly peaks: readonly Uint8Array[];
}

/**
 * The same proof without a stored tree, from the hashes of all leaves behind `start` in their order: each is looked at once, and none is
 * kept. Throws `JIMINI_INVALID_ARGUMENT` also when there are fewer than `size`, or the leaf is one of `start`.
 */
export async function streamedInclusionProof(
  leafHashes: AsyncIterable<Uint8Array>,
  index: number,
  size: number,
  start: TreeStart = { size: 0, peaks: [] },
): Promise<Buffer[]> {
  if (index < start.size) throw new JiminiError('JIMINI_INVALID_ARGUMENT', `the leaf ${index} was removed`);
  const ranges = inclusionRanges(index, size).map((range) => ({ ...range, edge: edgeWithin(range, start) }));
  const inOrder = ranges.toSorted((a, b) => a.first - b.first);
  let at = 0;
  let seq = start.size;
  while (seq >= (inOrder[at]?.end ?? size)) at += 1;
  for await (const leafHash of leafHashes) {
    if (seq === size) break;
    if (seq === inOrder[at]?.end) at += 1;
    const range = inOrder[at];
    if (range && seq >= range.first) range.edge.append(leafHash);
    seq += 1;
  }
  if (seq === size) return ranges.map(({ edge }) => edge.root());
  throw new JiminiError('JIMINI_INVALID_ARGUMENT', `there are ${seq} leaves instead of ${size}`);
}

/**
 * The part of a range that `start` covers. The peaks of `start` are the largest subtrees that it has, so that those from the beginning of a
 * range on are all that it has of that range.
 */
function edgeWithin({ first, end }: Range, start: TreeStart): TreeEdge {
  const covered = Math.min(end, start.size) - first;
  if (covered <= 0) return createTreeEdge();
  let peakFirst = 0;
  const within: Uint8Array[] = [];
  for (const [at, height] of heightsOf(start.size).entries()) {
    const peak = start.peaks[at];
    if (peak && peakFirst >= first && peakFirst < end) within.push(peak);
    peakFirst += 2 ** height;
  }
  return createTreeEdge(covered, within);
}

/** What the proof of a leaf consists of: the ranges whose roots it holds, the leaf's neighbour first. */
function inclusionRanges(index: number, size: number): Range[] {
  if (!isCount(size) || !isCount(index) || index >= size) {
    throw new JiminiError('JIMINI_INVALID_ARGUMENT', `there is no leaf ${index} in a tree of ${size} leaves`);
  }
  const aside: Range[] = [];
  let range: Range = { first: 0, end: size };
  while (range.end - range.first > 1) {
    const [left, right] = halvesOf(range);
    aside.push(index < left.end ? right : left);
    range = index < left.end ? left : right;
  }
  return aside.reverse();
}

/**
 * The hashes that lead from the root over the first `from` leaves to that over the first `size` (RFC 6962 2.1.2). None when
 * `from` is `size`, or 0, with which every tree is consistent. Throws `JIMINI_INVALID_ARGUMENT` when `from` is larger.
 */
export async function consistencyProof(
  reader: TileReader,
  from: number,
  size: number,
  kept: KeptTiles = createKeptTiles(),
): Promise<Buffer[]> {
  if (!isCount(size) || !isCount(from) || from > size) {
    throw new JiminiError('JIMINI_INVALID_ARGUMENT', `a tree of ${size} leaves does not begin with ${from}`);
  }
  if (from === 0) return [];
  const aside: Range[] = [];
  let range: Range = { first: 0, end: size };
  while (from !== range.end) {
    const [left, right] = halvesOf(range);
    aside.push(from <= left.end ? right : left);
    range = from <= left.end ? left : right;
  }
  // The tree of `from` leaves itself is known to whoever checks.
  if (range.first > 0) aside.push(range);
  return hashesOf(aside.reverse(), (level, at) => kept.tile(reader, level, at, size));
}

/** The root over the first `size` leaves as the stored tree has it; that of the empty tree for 0. Nothing is checked. */
export async function treeRoot(reader: TileReader, size: number, kept: KeptTiles = createKeptTiles()): Promise<Buffer> {
  const [root] = await hashesOf([{ first: 0, end: size }], (level, at) => kept.tile(reader, level, at, size));
  return root as Buffer;
}

/** A tree splits behind the largest power of two of leaves that is less than all of them. */
function halvesOf({ first, end }: Range): [Range, Range] {
  let count = 1;
  while (count * 2 < end - first) count *= 2;
  return [
    { first, end: first + count },
    { first: first + count, end },
  ];
}

type TileAt = (level: number, index: number) => ReturnType<KeptTiles['tile']>;

/** Tiles that are not kept are read at once: none of them tells which the next one is. */
async function hashesOf(ranges: readonly Range[], tileAt: TileAt): Promise<Buffer[]> {
  const parts = ranges.map(perfectParts);
  const tiles = await Promise.all(parts.flat().map(({ level, tile }) => tileAt(level, tile)));
  const nodes = parts.flat().map(({ height, at }, place) => (tiles[place] as TileNodes).node(height, at));
  return parts.map(({ length }) => foldPeaks(nodes.splice(0, length)));
}

/** Where the hash of a perfect subtree lies: an entry of a tile, or a node above up to 128 of them side by side. */
interface Part {
  readonly level: number;
  readonly tile: number;
  /** Above the entries of the tile. */
  readonly height: number;
  /** Among the nodes of this height. */
  readonly at: number;
}

/** The perfect subtrees that the leaves of a range consist of, largest first. */
function perfectParts({ first, end }: Range): Part[] {
  let from = first;
  return heightsOf(end - first).map((heightOfLeaves) => {
    const level = Math.floor(heightOfLeaves / TILE_HEIGHT);
    const height = heightOfLeaves % TILE_HEIGHT;
    const entry = from / TILE_WIDTH ** level;
    from += 2 ** heightOfLeaves;
    return { level, tile: Math.floor(entry / TILE_WIDTH), height, at: (entry % TILE_WIDTH) / 2 ** height };
  });
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
