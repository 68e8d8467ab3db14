import type { RecoveredLog } from '../audit/audit-log.js';
import type { Pruner } from '../audit/prune/pruner.js';
import type { Scrub } from '../audit/scrub.js';
import type { Witnesses } from '../audit/witness/witnesses.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { CloseReason } from '../kernel/leaf.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { ballastToStartWith, createDiskGauge, type DiskGauge } from './disk-gauge.js';
import { openLog } from './log.js';
import { createPayloadParts, type PayloadParts } from './payloads.js';
import { createRemovalClock } from './removal-clock.js';
import { startRetention } from './retention.js';
import { startScrub } from './scrub.js';
import { type Segments, startSegments } from './segments.js';

/** The log, and what watches over it and belongs to its records. */
export interface Recording {
  readonly auditLog: RecoveredLog;
  /** Absent when none are configured. */
  readonly witnesses: Witnesses | undefined;
  readonly disk: DiskGauge;
  readonly scrub: Scrub;
  readonly pruner: Pruner;
  /** Absent when none are configured. */
  readonly segments: Segments | undefined;
  readonly payloadParts: PayloadParts;
}

export interface RecordingOptions {
  readonly config: Config;
  /** Prepared by `prepareDataDirectory`. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Asked when something has happened, not before the start is over. */
  readonly metrics: () => Metrics;
  /** Told how each part closes, as soon as there is something to close; the last one told closes first. */
  readonly onClose: (close: (reason: CloseReason) => unknown) => void;
}

/** Opens the log and makes the parts around it; nothing is written yet. Rejects as `openLog` does. */
export async function openRecording(options: RecordingOptions): Promise<Recording> {
  const { config, dataDir, clock, logger, version, metrics, onClose } = options;
  const ballast = await ballastToStartWith(dataDir, logger);
  const { auditLog, witnesses } = await openLog({
    dataDir,
    config: config.log,
    clock,
    logger,
    version,
    isDiskLow: () => disk.shortage() !== undefined,
    onWriteFault: () => void disk.look(),
    onCheckpoint: ({ state }) => state === 'failed' && metrics().checkpointFailed(),
    onWitnessFault: (...failure) => metrics().witnessFailed(...failure),
  });
  onClose((reason) => auditLog.close(reason));
  const { minFreeBytes } = config.store;
  const disk = await createDiskGauge(dataDir, { minFreeBytes, leaves: () => auditLog.size, ballast, logger });
  onClose(() => disk.close());
  const scrub = startScrub({ auditLog, clock, logger });
  onClose(() => scrub.close());
  const { retentionDays } = config.log;
  const removalClock = await createRemovalClock({ auditLog, clock, logger });
  // Where nothing is removed by it, nobody is to be told that it is ahead.
  const pruneClock = retentionDays === 0 ? clock : removalClock;
  const pruner = startRetention({ auditLog, witnesses, retentionDays, clock: pruneClock, logger });
  onClose(() => pruner.close());
  const segments = await startSegments({
    auditLog,
    config: config.log.segments,
    clock,
    removalClock,
    logger,
    onFailure: () => metrics().segmentFailed(),
  });
  onClose(() => segments?.close());
  const payloadParts = createPayloadParts({
    config,
    dataDir,
    logId: auditLog.logId,
    isBegun: auditLog.size > 0,
    clock,
    logger,
    onOverCap: () => metrics().subjectOverCap(),
    onLeftOut: () => metrics().payloadLeftOut(),
  });
  onClose(() => payloadParts.close());
  return { auditLog, witnesses, disk, scrub, pruner, segments, payloadParts };
}
