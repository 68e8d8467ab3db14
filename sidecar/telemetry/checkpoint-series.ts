import { Counter, Gauge, type Registry } from 'prom-client';
import { gaugesOf } from './read-gauge.js';

/** What is read when somebody scrapes. */
export interface CheckpointSources {
  /** Leaves that the newest signed checkpoint covers. */
  readonly signedSize: () => number;
  /** How long there have been leaves that no checkpoint covers, in seconds; 0 = all are covered. */
  readonly unsignedForS: () => number;
  /** Why the log did not go on from what was signed last when this run began; absent = it did. */
  readonly discontinuity: () => string | undefined;
}

/** What happens to checkpoints. */
export interface CheckpointSeries {
  /** A checkpoint could not be written. */
  checkpointFailed(): void;
}

const REASONS = ['log_shorter', 'log_differs', 'no_checkpoint', 'leaves_gone'] as const;

/** Registers the series of signed checkpoints. */
export function createCheckpointSeries(registry: Registry, sources: CheckpointSources): CheckpointSeries {
  const registers = [registry];
  const failures = new Counter({
    name: 'jimini_checkpoint_failures_total',
    help: 'Checkpoints of the audit log that could not be written; each is tried again',
    registers,
  });
  const gauge = gaugesOf(registry);
  gauge('jimini_audit_log_signed_size', 'Leaves that the newest signed checkpoint covers', sources.signedSize);
  gauge(
    'jimini_audit_log_unsigned_seconds',
    'How long there have been leaves that no checkpoint covers; 0 while all are covered',
    sources.unsignedForS,
  );
  new Gauge({
    name: 'jimini_audit_log_gap',
    help: '1 while a run lasts that found that the log does not go on from what was signed last, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      const found = sources.discontinuity();
      for (const reason of REASONS) this.set({ reason }, reason === found ? 1 : 0);
    },
  });
  return { checkpointFailed: () => failures.inc() };
}
