import { Counter, type Registry } from 'prom-client';
import { gaugesOf } from './read-gauge.js';

/** What is read when somebody scrapes. */
export interface UpkeepSources {
  /** What reading the log in the background has found. */
  readonly scrub: {
    readonly checked: number;
    readonly damaged: ReadonlySet<number>;
    readonly damagedPayloads: ReadonlySet<number>;
    readonly unproven: ReadonlySet<number>;
    readonly passedMs: number | undefined;
    readonly isStalled: boolean;
  };
  /** Whether old leaves are kept that should be removed. */
  readonly retentionHeldUp: () => boolean;
}

/** What happens to the log in the background. */
export interface UpkeepSeries {
  /** The segment of a day could not be written. */
  segmentFailed(): void;
  /** Somebody who reads the log, or asked for a proof, was told that it is damaged. */
  damageTold(): void;
}

/** Registers the series of what is done with the log beside writing it. */
export function createUpkeepSeries(registry: Registry, sources: UpkeepSources): UpkeepSeries {
  registerScrub(registry, sources.scrub);
  gaugesOf(registry)(
    'jimini_audit_log_retention_held_up',
    '1 while removing leaves older than log.retentionDays cannot go on, because a leaf is damaged or missing, or it fails',
    () => (sources.retentionHeldUp() ? 1 : 0),
  );
  const segmentFailures = new Counter({
    name: 'jimini_segment_failures_total',
    help: 'Attempts to write the segment of a day, or to remove old ones, that failed; each is made again',
    registers: [registry],
  });
  const damageTold = new Counter({
    name: 'jimini_audit_log_damage_told_total',
    help: 'Calls on the control port that were answered DATA_LOSS, because a leaf or a proof did not hold',
    registers: [registry],
  });
  return { segmentFailed: () => segmentFailures.inc(), damageTold: () => damageTold.inc() };
}

/** How far the log has been read in the background, and what was found. */
function registerScrub(registry: Registry, scrub: UpkeepSources['scrub']): void {
  const gauge = gaugesOf(registry);
  new Counter({
    name: 'jimini_audit_log_scrubbed_leaves_total',
    help: 'Leaves of the audit log read again and found whole',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(scrub.checked);
    },
  });
  gauge(
    'jimini_audit_log_damaged_leaves',
    'Leaves that were damaged or missing when read last',
    () => scrub.damaged.size,
  );
  gauge(
    'jimini_audit_log_damaged_payloads',
    'Leaves beside which the sealed payload was another one than they name, missing, or one too many, when they were read last',
    () => scrub.damagedPayloads.size,
  );
  gauge(
    'jimini_audit_log_unproven_tiles',
    'Tiles of 256 leaves that could not be proven when that was tried last, because what is stored of the tree is damaged',
    () => scrub.unproven.size,
  );
  gauge(
    'jimini_audit_log_scrub_pass_timestamp_seconds',
    'When the whole audit log had been read again: seconds of the Unix epoch; 0 = not yet in this run',
    () => (scrub.passedMs ?? 0) / 1000,
  );
  gauge(
    'jimini_audit_log_scrub_stalled',
    '1 while the audit log could not be read again for ten minutes, so that damage is not found',
    () => (scrub.isStalled ? 1 : 0),
  );
}
