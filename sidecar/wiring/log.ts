import { randomBytes } from 'node:crypto';
import { type RecoveredLog, recoverAuditLog } from '../audit/audit-log.js';
import type { Clock } from '../kernel/clock.js';
import { createLevelLogStore } from '../storage/level-log-store.js';
import type { Logger } from '../telemetry/logger.js';
import { createLogHealthReporter } from './reporters.js';

/** Where the log is, and who is told how it fares. */
export interface LogOptions {
  /** Prepared by `prepareDataDirectory`. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}

/** The log on its disk, read to its end; nothing is written to it yet. Rejects with a `JIMINI_STORE_*` error. */
export function openLog({ dataDir, clock, logger, version }: LogOptions): Promise<RecoveredLog> {
  const store = createLevelLogStore(dataDir);
  const onHealth = createLogHealthReporter(logger);
  return recoverAuditLog({ store, clock, random: (count) => randomBytes(count), version, onHealth });
}
