import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { NO_PREV } from './leaf-hash.js';
import { holds } from './log-reader.js';
import type { Boundary, LeafRow, LogPages } from './log-store.js';
import { TILE_WIDTH } from './tree/tiles.js';

/** What a scrub needs from outside. */
export interface ScrubOptions {
  /** The log in use, and how many leaves it has by now. */
  readonly log: LogPages & { readonly size: number; readonly removal: { readonly boundary: Pick<Boundary, 'minSeq'> } };
  /** Where the first pass begins. Another place at each start, so that often restarting leaves no part unread. */
  readonly from: number;
  /** Wall clock, ms since 1970. */
  readonly nowMs: () => number;
  /**
   * Makes the proof of a leaf as somebody who asks for one would get it, unless the leaf is not signed yet. Rejects with `JIMINI_STORE_CORRUPT`
   * when it does not hold.
   */
  readonly prove: (seq: number) => Promise<unknown>;
  /** Told of each leaf that does not hold, is not there, or is there twice; once. */
  onDamaged(seq: number): void;
  /** Told of each tile of 256 leaves that cannot be proven, once: what is stored of the tree is damaged. */
  onUnproven(tile: number): void;
  /** Runs something every so many milliseconds, one at a time, and gives what calls it off. */
  every(ms: number, run: () => Promise<void>): () => void;
}

/** Reads a log from end to end, over and over, so that damage on the disk is found before somebody needs the record. */
export interface Scrub {
  /** Leaves read and checked so far, over all passes. */
  readonly checked: number;
  /** Leaves that did not hold when they were read last. Not more than `LIMITS.scrubDamagedMax` are kept. */
  readonly damaged: ReadonlySet<number>;
  /** Tiles of 256 leaves that could not be proven when that was tried last. Not more are kept either. */
  readonly unproven: ReadonlySet<number>;
  /** When the last whole pass ended, ms since 1970; absent = none has. */
  readonly passedMs: number | undefined;
  close(): void;
}

/**
 * Starts to read: every second so much that a pass takes `LIMITS.scrubPassMs`, and never more than `LIMITS.scrubLeavesMax`. Behind each whole
 * tile one of its leaves is proven, which takes every hash of the tile, and all that is stored of the tree above and beside it.
 */
export function createScrub({ log, from, nowMs, prove, onDamaged, onUnproven, every }: ScrubOptions): Scrub {
  const damaged = new Set<number>();
  const unproven = new Set<number>();
  let checked = 0;
  let passedMs: number | undefined;
  const firstSeq = () => log.removal.boundary.minSeq;
  let next = from < log.size ? from : firstSeq();
  /** Hash of the leaf before `next`; absent = it was not read, or did not hold. */
  let prev = next === 0 ? NO_PREV : undefined;

  const step = async (): Promise<void> => {
    if (next < firstSeq()) toBeginning();
    let count = Math.min(log.size - next, shareOf(log.size - firstSeq()));
    // One more, to see whether the last one is there twice.
    let rows = await pageOf(log, next, count + 1);
    if (rows === 'damaged') {
      // Perhaps it is one behind the next: up to there they are read one by one.
      count = Math.min(count, 1);
      rows = await pageOf(log, next, count);
    }
    if (rows === 'later') return;
    if (rows === 'damaged') rows = [];
    const firstTile = Math.floor(next / TILE_WIDTH);
    for (let index = 0; index < count && look(rows[index], rows[index + 1]); index += 1);
    for (let tile = firstTile; (tile + 1) * TILE_WIDTH <= next; tile += 1) await lookAtTile(tile);
    if (next < log.size) return;
    toBeginning();
    passedMs = nowMs();
  };

  /** What was removed is no damage any more. */
  const toBeginning = (): void => {
    next = firstSeq();
    prev = next === 0 ? NO_PREV : undefined;
    for (const seq of damaged) if (seq < next) damaged.delete(seq);
    for (const tile of unproven) if (tile * TILE_WIDTH < next) unproven.delete(tile);
  };

  /** Takes the leaf that should be the next, and the row behind it; whether it holds, and is the only one of its number. */
  const look = (row: LeafRow | undefined, after: LeafRow | undefined): boolean => {
    const isWhole = row !== undefined && after?.seq !== next && holds(row, next, prev);
    prev = isWhole ? row.hash : undefined;
    if (isWhole) {
      damaged.delete(next);
      checked += 1;
    } else note(damaged, next, onDamaged);
    next += 1;
    return isWhole;
  };

  const lookAtTile = async (tile: number): Promise<void> => {
    try {
      await prove(tile * TILE_WIDTH);
      unproven.delete(tile);
    } catch (error) {
      const isRemoved = tile * TILE_WIDTH < firstSeq();
      if (JiminiError.from(error).code === 'JIMINI_STORE_CORRUPT' && !isRemoved) note(unproven, tile, onUnproven);
    }
  };

  const callOff = every(LIMITS.scrubTickMs, step);
  return {
    get checked() {
      return checked;
    },
    damaged,
    unproven,
    get passedMs() {
      return passedMs;
    },
    close: callOff,
  };
}

/** Tells of what is not known yet. */
function note(known: Set<number>, number: number, tell: (number: number) => void): void {
  if (known.has(number)) return;
  if (known.size < LIMITS.scrubDamagedMax) known.add(number);
  tell(number);
}

function shareOf(size: number): number {
  return Math.min(LIMITS.scrubLeavesMax, Math.ceil((size * LIMITS.scrubTickMs) / LIMITS.scrubPassMs));
}

/** `damaged` where the store says that one of them cannot be read; `later` while the log is being healed. */
async function pageOf(log: LogPages, seq: number, count: number): Promise<readonly LeafRow[] | 'damaged' | 'later'> {
  try {
    return await log.page(seq, count);
  } catch (error) {
    return JiminiError.from(error).code === 'JIMINI_STORE_CORRUPT' ? 'damaged' : 'later';
  }
}
