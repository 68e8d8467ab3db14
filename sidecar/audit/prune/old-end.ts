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

/** What was found of them. */
interface OldLeaves {
  /** So far whole tiles reach that are all old. */
  readonly end: number;
  /** Whether there may be more of them behind. */
  readonly mayGoOn: boolean;
  /** The leaf behind them that does not hold, or is missing, if it is that which keeps the rest. */
  readonly damagedAt?: number;
}

/**
 * How far whole tiles of leaves reach that are all old. The clock may have been set back and
 * forth: a leaf is as old as it says, and keeps what stands behind it. So does one that does not hold: it is evidence.
 */
export async function oldEnd(log: LogPages, range: OldRange): Promise<OldLeaves> {
  let end = range.from;
  for (let tiles = 0; tiles < range.tilesMax; tiles += 1) {
    if (end + TILE_WIDTH > range.end) return { end, mayGoOn: false };
    const rows = await log.page(end, TILE_WIDTH);
    for (let at = 0; at < TILE_WIDTH; at += 1) {
      const row = rows[at];
      if (!row || !holds(row, end + at, undefined)) return { end, mayGoOn: false, damagedAt: end + at };
      if (!isBefore(row, range.cutoffMs)) return { end, mayGoOn: false };
    }
    end += TILE_WIDTH;
  }
  return { end, mayGoOn: true };
}

function isBefore(row: LeafRow, cutoffMs: number): boolean {
  const timeMs = membersOf(row.bytes)['time_ms'];
  return typeof timeMs === 'number' && timeMs < cutoffMs;
}
