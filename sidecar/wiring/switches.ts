import type { AuditLog } from '../audit/audit-log.js';
import type { UsableConfig } from '../config/load.js';
import { configError } from '../config/problem.js';
import { switchesOf, switchProblems } from '../config/switches.js';
import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import type { AdminFields } from '../kernel/leaf.js';
import { readSwitchNotes, saveSwitchNotes } from '../storage/switch-notes.js';
import { createSwitchboard, type Switchboard } from '../switches/switchboard.js';
import type { Logger } from '../telemetry/logger.js';
import { createSwitchFailureReporter, createSwitchReporter } from './reporters.js';

/** The switches of a process, and how a configuration comes to them. */
export interface Switches {
  readonly board: Switchboard;
  /** Puts in force what a configuration shows. Throws `JIMINI_CONFIG_INVALID`, and then changes nothing. */
  show(read: UsableConfig): void;
}

/** Where switches are noted, recorded and told of. */
export interface SwitchesOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly auditLog: AuditLog;
  readonly logger: Logger;
}

/** Reads what an earlier run has noted. Rejects with `JIMINI_STORE_CORRUPT`. */
export async function createSwitches({ dataDir, clock, auditLog, logger }: SwitchesOptions): Promise<Switches> {
  const board = createSwitchboard({
    clock,
    notes: await readSwitchNotes(dataDir),
    save: (notes) => saveSwitchNotes(dataDir, notes),
    record: (leafFields) => appendWhenOpen(auditLog, leafFields),
    onEvent: createSwitchReporter(logger),
    onFailure: createSwitchFailureReporter(logger),
  });
  return {
    board,
    show(read) {
      const problems = switchProblems(read, board.show(switchesOf(read.config)));
      if (problems.length > 0) throw configError(problems);
    },
  };
}

/** A log that heals counts what it refuses as answers that were not recorded; a leaf that waits is none. */
async function appendWhenOpen(auditLog: AuditLog, leafFields: AdminFields): Promise<void> {
  if (auditLog.state !== 'open') {
    throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the log cannot be written at the moment');
  }
  await auditLog.append({ leafFields });
}
