import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { AuditLog } from './audit-log.js';
import { NO_PREV } from './leaf-hash.js';
import { holds } from './log-reader.js';
import type { Boundary, LeafRow, LogPages, PayloadPage, PayloadPages } from './log-store.js';
import { isAsNamed } from './payload/beside.js';
import { createStall, type StallOptions } from './stall.js';
import { TILE_WIDTH } from './tree/tiles.js';

/** The log in use, and how many leaves it has by now. */
type ScrubbedLog = LogPages &
  PayloadPages &
  Pick<AuditLog, 'size' | 'state'> & { readonly removal: { readonly boundary: Pick<Boundary, 'minSeq'> } };

/** What a scrub needs from outside. */
export interface ScrubOptions {
  readonly log: ScrubbedLog;
  /** Where the first pass begins. Another place at each start, so that often restarting leaves no part unread. */
  readonly from: number;
  /** Wall clock, ms since 1970. */
  readonly nowMs: () => number;
  /** Monotonic time in ms. */
  readonly monotonicMs: () => number;
  /**
   * Makes the proof of a leaf as somebody who asks for one would get it, unless the leaf is not signed yet. Rejects with `JIMINI_STORE_CORRUPT`
   * when it does not hold.
   */
  readonly prove: (seq: number) => Promise<unknown>;
  /** Told of each leaf that does not hold, is not there, or is there twice; once. */
  onDamaged(seq: number): void;
  /** Told of each leaf that holds, and beside which lies another payload than it names, none, or one that cannot be read; once. */
  onDamagedPayload(seq: number): void;
  /** Told of each tile of 256 leaves that cannot be proven, once: what is stored of the tree is damaged. */
  onUnproven(tile: number): void;
  /** Told when nothing could be read for `LIMITS.scrubStalledMs`, with what failed last and before which leaf; once. */
  onStalled(error: JiminiError, seq: number): void;
  /** Told when it goes on after that. */
  readonly onResumed: StallOptions['onResumed'];
  /** Runs something every so many milliseconds, one at a time, and gives what calls it off. */
  every(ms: number, run: () => Promise<void>): () => void;
}

/** Reads a log from end to end, over and over, so that damage on the disk is found before somebody needs the record. */
export interface Scrub {
  /** Leaves read and checked so far, over all passes. */
  readonly checked: number;
  /** Leaves that did not hold when they were read last. Not more than `LIMITS.scrubDamagedMax` are kept. */
  readonly damaged: ReadonlySet<number>;
  /** Leaves beside which another payload lay than they name when they were read last. Not more are kept either. */
  readonly damagedPayloads: ReadonlySet<number>;
  /** Tiles of 256 leaves that could not be proven when that was tried last. Not more are kept either. */
  readonly unproven: ReadonlySet<number>;
  /** When the last whole pass ended, ms since 1970; absent = none has. */
  readonly passedMs: number | undefined;
  /** Whether nothing could be read for `LIMITS.scrubStalledMs`. Not while the log is being healed: that is told elsewhere. */
  readonly isStalled: boolean;
  close(): void;
}

/**
 * Starts to read: every second so much that a pass takes `LIMITS.scrubPassMs`, and never more than `LIMITS.scrubLeavesMax`, and no
 * more envelopes than have `LIMITS.scrubPayloadBytesMax`. Behind each whole tile one of its leaves is proven, which takes every hash of the
 * tile, and all that is stored of the tree above and beside it. What cannot be read now is tried again each second before anything behind it.
 */
export function createScrub(options: ScrubOptions): Scrub {
  const { log, from, nowMs, prove, onDamaged, onDamagedPayload, onUnproven } = options;
  const damaged = new Set<number>();
  const damagedPayloads = new Set<number>();
  const unproven = new Set<number>();
  let checked = 0;
  let passedMs: number | undefined;
  const firstSeq = () => log.removal.boundary.minSeq;
  let next = from < log.size ? from : firstSeq();
  /** Hash of the leaf before `next`; absent = it was not read, or did not hold. */
  let prev = next === 0 ? NO_PREV : undefined;
  let nextTile = Math.floor(next / TILE_WIDTH);

  const step = async (): Promise<void> => {
    if (next < firstSeq()) toBeginning();
    await lookAtTiles();
    const { count, rows, payloads } = await read(Math.min(log.size - next, shareOf(log.size - firstSeq())));
    // Some of it may have been removed meanwhile.
    if (next < firstSeq()) return;
    for (let index = 0; index < count && look(rows[index], rows[index + 1], payloads); index += 1);
    await lookAtTiles();
    if (next < log.size) return;
    toBeginning();
    passedMs = nowMs();
  };

  /** Reads the next leaves with what lies beside them: fewer where envelopes are large, and one by one up to what is damaged. */
  const read = async (most: number) => {
    const payloadsOf = (count: number) =>
      unlessDamaged(log.payloadPage(next, next + count, LIMITS.scrubPayloadBytesMax));
    const payloads = (await payloadsOf(most)) ?? (await payloadsOf(Math.min(most, 1)));
    const count = payloads ? payloads.end - next : 1;
    // One more, to see whether the last one is there twice.
    const rows = await unlessDamaged(log.page(next, count + 1));
    if (rows) return { count, rows, payloads };
    return { count: Math.min(count, 1), rows: (await unlessDamaged(log.page(next, 1))) ?? [], payloads };
  };

  /** What was removed is no damage any more. */
  const toBeginning = (): void => {
    next = firstSeq();
    prev = next === 0 ? NO_PREV : undefined;
    nextTile = Math.floor(next / TILE_WIDTH);
    for (const seq of damaged) if (seq < next) damaged.delete(seq);
    for (const seq of damagedPayloads) if (seq < next) damagedPayloads.delete(seq);
    for (const tile of unproven) if (tile * TILE_WIDTH < next) unproven.delete(tile);
  };

  /** Takes the leaf that should be the next, and the row behind it; whether it holds, and is the only one of its number. */
  const look = (row: LeafRow | undefined, after: LeafRow | undefined, payloads: PayloadPage | undefined): boolean => {
    const isWhole = row !== undefined && after?.seq !== next && holds(row, next, prev);
    prev = isWhole ? row.hash : undefined;
    if (isWhole) {
      damaged.delete(next);
      checked += 1;
      if (payloads && isAsNamed(row, payloads)) damagedPayloads.delete(next);
      else note(damagedPayloads, next, onDamagedPayload);
    } else note(damaged, next, onDamaged);
    next += 1;
    return isWhole;
  };

  const lookAtTiles = async (): Promise<void> => {
    for (; (nextTile + 1) * TILE_WIDTH <= next; nextTile += 1) await lookAtTile(nextTile);
  };

  const lookAtTile = async (tile: number): Promise<void> => {
    try {
      await prove(tile * TILE_WIDTH);
      unproven.delete(tile);
    } catch (error) {
      if (tile * TILE_WIDTH < firstSeq()) return;
      if (!isDamage(error)) throw error;
      note(unproven, tile, onUnproven);
    }
  };

  const stall = createStall({
    nowMs: options.monotonicMs,
    quietMs: LIMITS.scrubStalledMs,
    isExcused: () => log.state === 'healing',
    onStalled: (error) => options.onStalled(error, next),
    onResumed: options.onResumed,
  });
  const callOff = options.every(LIMITS.scrubTickMs, () => stall.attempt(step));
  return {
    get checked() {
      return checked;
    },
    damaged,
    damagedPayloads,
    unproven,
    get passedMs() {
      return passedMs;
    },
    get isStalled() {
      return stall.isStalled;
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

/** Undefined where the store says that something of it cannot be read because it is damaged. */
async function unlessDamaged<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  return JiminiError.from(error).code === 'JIMINI_STORE_CORRUPT';
}
