import type { AuditLog } from '../audit/audit-log.js';
import { membersOf } from '../audit/leaf-members.js';
import { type Clock, monotonicMs } from '../kernel/clock.js';
import { LIMITS } from '../kernel/limits.js';
import type { Logger } from '../telemetry/logger.js';

/** What a clock for removals needs from outside. */
export interface RemovalClockOptions {
  /** Recovered, and not begun yet: its newest leaf is of the run before. */
  readonly auditLog: Pick<AuditLog, 'page' | 'size'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A clock by which may be removed what is old. Whatever a wall clock that is wrong lets go is gone for good: one that is ahead of the newest leaf, or
 * jumps ahead, by more than a day beyond the time that has passed is believed when it still says so after a day. Until then time goes on from
 * where it was.
 */
export async function createRemovalClock({ auditLog, clock, logger }: RemovalClockOptions): Promise<Clock> {
  let known = { wallMs: (await newestLeafMs(auditLog)) ?? clock.nowMs(), atMs: monotonicMs(clock) };
  let aheadSinceMs: number | undefined;
  return {
    monotonicNs: () => clock.monotonicNs(),
    nowMs() {
      const [wallMs, atMs] = [clock.nowMs(), monotonicMs(clock)];
      const expectedMs = known.wallMs + (atMs - known.atMs);
      const aheadMs = wallMs - expectedMs;
      if (aheadMs > LIMITS.clockAheadMs) {
        if (aheadSinceMs === undefined) reportAhead(logger, aheadMs);
        aheadSinceMs ??= atMs;
        if (atMs - aheadSinceMs < LIMITS.clockBelievedAfterMs) return expectedMs;
      }
      aheadSinceMs = undefined;
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
async function newestLeafMs(auditLog: RemovalClockOptions['auditLog']): Promise<number | undefined> {
  if (auditLog.size === 0) return undefined;
  try {
    const [row] = await auditLog.page(auditLog.size - 1, 1);
    const timeMs = row && membersOf(row.bytes)['time_ms'];
    return typeof timeMs === 'number' ? timeMs : undefined;
  } catch {
    // What is wrong with the store, the log itself tells.
    return undefined;
  }
}
