import type { AuditLog } from '../audit/audit-log.js';
import { createPruner, type Pruner } from '../audit/prune/pruner.js';
import type { Witnesses } from '../audit/witness/witnesses.js';
import type { Clock } from '../kernel/clock.js';
import type { Logger } from '../telemetry/logger.js';
import { every } from './every.js';

/** What retention works on. */
export interface RetentionOptions {
  readonly auditLog: AuditLog;
  /** Absent when none are configured. */
  readonly witnesses: Witnesses | undefined;
  /** So long leaves are kept; 0 = for ever. */
  readonly retentionDays: number;
  /** As `createRemovalClock` makes one. */
  readonly clock: Clock;
  readonly logger: Logger;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Removes old leaves in the background for as long as it is not closed. Without retention it only brings to its end what was begun. */
export function startRetention({ auditLog, witnesses, retentionDays, clock, logger }: RetentionOptions): Pruner {
  return createPruner({
    log: auditLog,
    // Who has not seen a checkpoint from behind the boundary could never be shown that the log goes on from the one before.
    coveredSize: () =>
      Math.min(
        auditLog.signed.checkpoint?.size ?? 0,
        ...Array.from(witnesses?.sizes() ?? [], ([, cosignedSize]) => cosignedSize),
      ),
    retentionMs: retentionDays === 0 ? Number.POSITIVE_INFINITY : retentionDays * DAY_MS,
    clock,
    onBoundary: (firstSeq) => logger.info({ firstSeq }, 'leaves older than log.retentionDays are removed'),
    onProblem: (problem) => logger.error({ problem }, 'leaves older than log.retentionDays cannot be removed'),
    every,
  });
}
