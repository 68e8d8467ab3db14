import type { Boundary } from './boundary.js';
import { createRootStream } from './merkle.js';
import type { ReadTreeRows, Row } from './tree-rows.js';

/** Hashes of one tile. */
const TILE_WIDTH = 256;

/** The rows of the tree of a log that begins at a boundary. Those of tiles that end at or below it may be gone, and count for nothing. */
export interface RowsFromBoundary {
  /** Rows of a level that are hashes of subtrees which end behind the boundary; and what is none at all. */
  readonly read: ReadTreeRows;
  /** What is wrong with the hashes that must be left of what lies below it; undefined = they lead to its peaks. */
  edgeFault(): Promise<string | undefined>;
}

/** `read` gives all rows that are stored. */
export function rowsFromBoundary(
  read: ReadTreeRows,
  { minSeq, peaks }: Pick<Boundary, 'minSeq' | 'peaks'>,
): RowsFromBoundary {
  const isBelow = (row: Row): boolean => {
    const place = placeOf(row);
    return place !== undefined && place.index < firstBehind(minSeq, place.level);
  };
  /** The last tile of a level in a tree of `minSeq` leaves, without the rows before it. */
  const edgeOf = async (level: number): Promise<Buffer[]> => {
    const end = firstBehind(minSeq, level);
    let next = end - (end % TILE_WIDTH);
    const hashes: Buffer[] = [];
    for await (const row of read(level)) {
      const place = placeOf(row);
      if (next === end || (place && place.index >= end)) break;
      if (place?.index !== next) continue;
      hashes.push(place.hash);
      next += 1;
    }
    return hashes;
  };
  return {
    async *read(level) {
      for await (const row of read(level)) if (!isBelow(row)) yield row;
    },
    async edgeFault() {
      const found: Buffer[] = [];
      for (let level = 1; firstBehind(minSeq, level) > 0; level += 1) {
        found.unshift(...peaksOf(await edgeOf(level)));
      }
      const isWhole = found.length === peaks.length && found.every((hash, at) => peaks[at]?.equals(hash));
      return isWhole ? undefined : `hashes of the tree below the boundary ${minSeq} are missing or others`;
    },
  };
}

/** Number of hashes of a level, or of tiles of leaf hashes, that end at or below the boundary. */
function firstBehind(minSeq: number, level: number): number {
  return Math.floor(minSeq / TILE_WIDTH ** Math.max(1, level));
}

/** Roots of the perfect subtrees that hashes side by side consist of, largest first. */
function peaksOf(hashes: readonly Buffer[]): Buffer[] {
  const peaks: Buffer[] = [];
  for (let width = TILE_WIDTH / 2, at = 0; width >= 1; width /= 2) {
    if ((hashes.length & width) === 0) continue;
    const tree = createRootStream();
    for (const hash of hashes.slice(at, at + width)) tree.add(hash.toString('hex'));
    peaks.push(tree.root());
    at += width;
  }
  return peaks;
}

function placeOf({ key }: Row): { level: number; index: number; hash: Buffer } | undefined {
  if (key.length !== 42) return undefined;
  const bytes = Buffer.from(key);
  return { level: bytes.readUInt8(1), index: Number(bytes.readBigUInt64BE(2)), hash: bytes.subarray(10) };
}
