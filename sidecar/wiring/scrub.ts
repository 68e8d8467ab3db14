import type { AuditLog } from '../audit/audit-log.js';
import { createScrub, type Scrub } from '../audit/scrub.js';
import { provenInclusion, signedTree } from '../audit/tree/proven.js';
import { type Clock, monotonicMs } from '../kernel/clock.js';
import type { Logger } from '../telemetry/logger.js';
import { every } from './every.js';
import { createScrubReporter } from './reporters.js';

/** Reads the log in the background for as long as it is not closed. */
export function startScrub(parts: { auditLog: AuditLog; clock: Clock; logger: Logger }): Scrub {
  const { auditLog, clock, logger } = parts;
  return createScrub({
    log: auditLog,
    from: Math.floor(Math.random() * auditLog.size),
    nowMs: () => clock.nowMs(),
    monotonicMs: () => monotonicMs(clock),
    async prove(seq) {
      const { checkpoint } = auditLog.signed;
      if (checkpoint && seq < checkpoint.size) await provenInclusion(signedTree(auditLog, checkpoint.note), seq);
    },
    ...createScrubReporter(logger),
    every,
  });
}
