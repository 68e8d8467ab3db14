import { membersOf } from '../leaf-members.js';
import { holds } from '../log-reader.js';
import type { LeafRow, LogPages } from '../log-store.js';
import { TILE_WIDTH } from '../tree/tiles.js';

/** Where to look for old leaves. */
interface OldRange {
  /** A multiple of 256. */
  readonly from: number;
  /** Not beyond here. */
  readonly end: number;
  /** Leaves from before then are old, ms since 1970. */
  readonly cutoffMs: number;
  readonly tilesMax: number;
}

/**
 * How far whole tiles of leaves reach that are all old, and whether there may be more of them behind. The clock may have been set back and
 * forth: a leaf is as old as it says, and keeps what stands behind it. So does one that does not hold: it is evidence.
 */
export async function oldEnd(log: LogPages, range: OldRange): Promise<{ end: number; mayGoOn: boolean }> {
  let end = range.from;
  for (let tiles = 0; tiles < range.tilesMax; tiles += 1) {
    if (end + TILE_WIDTH > range.end) return { end, mayGoOn: false };
    const rows = await log.page(end, TILE_WIDTH);
    const isOld = rows.length === TILE_WIDTH && rows.every((row, at) => isOldAt(row, end + at, range.cutoffMs));
    if (!isOld) return { end, mayGoOn: false };
    end += TILE_WIDTH;
  }
  return { end, mayGoOn: true };
}

function isOldAt(row: LeafRow, seq: number, cutoffMs: number): boolean {
  if (!holds(row, seq, undefined)) return false;
  const timeMs = membersOf(row.bytes)['time_ms'];
  return typeof timeMs === 'number' && timeMs < cutoffMs;
}
