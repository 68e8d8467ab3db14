import { randomBytes } from 'node:crypto';
import { postCheckpoint } from '../../adapters/witness/post-checkpoint.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { WitnessFault } from '../audit/witness/add-checkpoint.js';
import { createWitnesses, type Witnesses } from '../audit/witness/witnesses.js';
import type { Clock } from '../kernel/clock.js';
import type { Logger } from '../telemetry/logger.js';
import type { ConfiguredWitness } from './witness-keys.js';

/** Where witnesses are, and who is told what they do. */
export interface LogWitnessesOptions {
  readonly witnesses: readonly ConfiguredWitness[];
  readonly auditLog: Pick<AuditLog, 'readTile' | 'signed'>;
  readonly store: { readonly newest: Buffer | undefined; write(note: Uint8Array): Promise<void> };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFault: (witness: string, fault: WitnessFault) => void;
}

/** The witnesses of a log that was recovered; undefined when none are configured. */
export function createLogWitnesses(options: LogWitnessesOptions): Witnesses | undefined {
  const { witnesses, auditLog, store, clock, logger } = options;
  const [logKey] = auditLog.signed.keys;
  if (witnesses.length === 0 || !logKey) return undefined;
  const reporter = createWitnessReporter(logger);
  return createWitnesses({
    targets: witnesses.map(({ name, url, key }) => ({
      name,
      key,
      post: (body, ended) => postCheckpoint(url, body, ended),
    })),
    logKey,
    reader: auditLog,
    store,
    clock,
    random: () => randomBytes(4).readUInt32BE() / 2 ** 32,
    after(ms, run) {
      const timer = setTimeout(run, ms).unref();
      return () => clearTimeout(timer);
    },
    onFault(name, fault) {
      options.onFault(name, fault);
      reporter.failed(name, fault);
    },
    onCosigned: reporter.cosigned,
    onError(error) {
      logger.error({ problem: error instanceof Error ? error.message : '' }, 'a cosigned checkpoint cannot be stored');
    },
  });
}

/** What only a log that was set back, or another one under its name, brings about. */
const CONTRADICTIONS: ReadonlySet<WitnessFault> = new Set(['ahead', 'forked', 'inconsistent']);

/** Tells operators when a witness stops cosigning, or for another reason than before, and when it cosigns again. */
function createWitnessReporter(logger: Logger) {
  const failing = new Map<string, WitnessFault>();
  return {
    failed(witness: string, fault: WitnessFault): void {
      if (failing.get(witness) === fault) return;
      failing.set(witness, fault);
      const problem = { witness, fault };
      if (CONTRADICTIONS.has(fault)) {
        logger.error(problem, 'a witness has seen another history of this log: leaves were cut off or replaced');
      } else logger.warn(problem, 'a witness does not cosign checkpoints; it is asked again');
    },
    cosigned(witness: string): void {
      if (failing.delete(witness)) logger.info({ witness }, 'a witness cosigns checkpoints again');
    },
  };
}
