import type { AuditLog } from '../audit/audit-log.js';
import { membersOf } from '../audit/leaf-members.js';
import { type Clock, monotonicMs } from '../kernel/clock.js';
import { LIMITS } from '../kernel/limits.js';
import type { Logger } from '../telemetry/logger.js';

/** What a clock for removals needs from outside. */
export interface RemovalClockOptions {
  /** Recovered, and not begun yet: its newest leaf is of the run before. */
  readonly auditLog: WrittenLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

type WrittenLog = Pick<AuditLog, 'page' | 'size'> & { readonly removal: Pick<AuditLog['removal'], 'boundary'> };

/**
 * A clock by which may be removed what is old. Whatever a wall clock that is wrong lets go is gone for good: one that is ahead of the newest leaf, or
 * jumps ahead, by more than a day beyond the time that has passed is believed when it still says so after a day. Until then time goes on from
 * where it was. A start does not begin that day anew: leaves that were written under such a clock say since when it has said so.
 */
export async function createRemovalClock({ auditLog, clock, logger }: RemovalClockOptions): Promise<Clock> {
  const startMs = clock.nowMs();
  const newestMs = await newestLeafMs(auditLog);
  const jump = newestMs === undefined ? undefined : await lastJump(auditLog, newestMs - LIMITS.clockBelievedAfterMs);
  let known = { wallMs: jump?.fromMs ?? newestMs ?? startMs, atMs: monotonicMs(clock) };
  // Of a clock that has jumped once more since then nothing is known.
  const isSameClock = jump !== undefined && startMs - (newestMs ?? startMs) <= LIMITS.clockAheadMs;
  let aheadSinceMs = isSameClock ? known.atMs - Math.max(0, startMs - jump.toMs) : undefined;
  let isTold = false;
  return {
    monotonicNs: () => clock.monotonicNs(),
    nowMs() {
      const [wallMs, atMs] = [clock.nowMs(), monotonicMs(clock)];
      const expectedMs = known.wallMs + (atMs - known.atMs);
      const aheadMs = wallMs - expectedMs;
      if (aheadMs > LIMITS.clockAheadMs) {
        aheadSinceMs ??= atMs;
        if (atMs - aheadSinceMs < LIMITS.clockBelievedAfterMs) {
          if (!isTold) reportAhead(logger, aheadMs);
          isTold = true;
          return expectedMs;
        }
      }
      aheadSinceMs = undefined;
      isTold = false;
      known = { wallMs, atMs };
      return wallMs;
    },
  };
}

const HOUR_MS = 60 * 60 * 1000;

function reportAhead(logger: Logger, aheadMs: number): void {
  logger.warn(
    { aheadHours: Math.round(aheadMs / HOUR_MS) },
    'the newest leaf is long ago, or the clock has jumped: unless the service was away for so long, see that the time is right; for a day nothing is removed because of it',
  );
}

/** Absent = there is none that tells. */
async function newestLeafMs(auditLog: WrittenLog): Promise<number | undefined> {
  return auditLog.size === 0 ? undefined : leafMs(auditLog, auditLog.size - 1);
}

/** Two leaves, one after the other. */
interface Jump {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where the leaves' time gets past `sinceMs`, if it does so by a jump of more than a day. Some forty leaves are read, however many there are:
 * where the clock was set back and forth, time gets there more than once, and any of these places will do.
 */
async function lastJump(auditLog: WrittenLog, sinceMs: number): Promise<Jump | undefined> {
  let [before, at] = [auditLog.removal.boundary.minSeq, auditLog.size - 1];
  let fromMs = await leafMs(auditLog, before);
  let toMs = await leafMs(auditLog, at);
  if (fromMs === undefined || fromMs >= sinceMs) return undefined;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    const middleMs = await leafMs(auditLog, middle);
    if (middleMs === undefined || middleMs < sinceMs) [before, fromMs] = [middle, middleMs ?? fromMs];
    else [at, toMs] = [middle, middleMs];
  }
  return toMs !== undefined && toMs - fromMs > LIMITS.clockAheadMs ? { fromMs, toMs } : undefined;
}

/** Undefined for a leaf that does not tell. What is wrong with the store, the log itself tells. */
async function leafMs(auditLog: WrittenLog, seq: number): Promise<number | undefined> {
  try {
    const [row] = await auditLog.page(seq, 1);
    const timeMs = row?.seq === seq ? membersOf(row.bytes)['time_ms'] : undefined;
    return typeof timeMs === 'number' ? timeMs : undefined;
  } catch {
    return undefined;
  }
}
