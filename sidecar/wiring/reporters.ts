import type { LogHealth } from '../audit/healing.js';
import type { ScrubOptions } from '../audit/scrub.js';
import type { CheckpointEvent, SignedState } from '../audit/signing/log-signing.js';
import { TILE_WIDTH } from '../audit/tree/tiles.js';
import type { Breaker } from '../kernel/breaker.js';
import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import type { Fault } from '../kernel/fault.js';
import type { Discontinuity } from '../kernel/leaf.js';
import { LIMITS } from '../kernel/limits.js';
import { printable } from '../kernel/printable.js';
import { switchPlace } from '../kernel/switch.js';
import type { SwitchEvent } from '../kernel/switch-machine.js';
import type { DiskSpace } from '../storage/disk-space.js';
import type { Shortage } from '../storage/free-space.js';
import type { Logger } from '../telemetry/logger.js';

/** Tells operators when the log stops and starts taking records: every answer is a denial in between. */
export function createLogHealthReporter(logger: Logger): (health: LogHealth) => void {
  return (health) => {
    if (health.state === 'open') {
      logger.info('the log takes records again');
      return;
    }
    const { failedAttempts, error } = health;
    const problem = { failedAttempts, code: error.code, problem: error.message };
    logger.error(problem, 'the log cannot make records durable; every answer is a denial');
  };
}

type ScrubReporter = Pick<ScrubOptions, 'onDamaged' | 'onDamagedPayload' | 'onUnproven' | 'onStalled' | 'onResumed'>;

/** Tells operators of what is not as it was written: it is not asked for again before a whole pass over the log. And of a log that cannot be read. */
export function createScrubReporter(logger: Logger): ScrubReporter {
  const advice = 'keep a copy of the data directory as evidence, and run `jimini log verify`';
  return {
    onDamaged: (seq) => logger.error({ seq, advice }, 'a leaf of the log is damaged or missing'),
    onDamagedPayload(seq) {
      const what =
        'the sealed payload beside this leaf is not the one that was written, is missing, or should not be there';
      logger.error({ seq, advice }, what);
    },
    onUnproven(tile) {
      const seq = tile * TILE_WIDTH;
      const what = 'leaves from this one on cannot be proven: the stored tree of the log is damaged or lacks hashes';
      logger.error({ seq, leaves: TILE_WIDTH, advice }, what);
    },
    onStalled({ code, message }, seq) {
      const what =
        'the log cannot be read again from this leaf on, so that damage is not found; it is tried each second';
      logger.error({ seq, code, problem: message }, what);
    },
    onResumed: () => logger.info('the log can be read again'),
  };
}

/** Tells operators when checkpoints cannot be written any more, and when they can be again. One that is written is no news. */
export function createCheckpointReporter(logger: Logger): (event: CheckpointEvent) => void {
  let isFailing = false;
  return (event) => {
    if (event.state === 'published') {
      if (isFailing) logger.info('checkpoints of the log are written again');
      isFailing = false;
      return;
    }
    const problem = { code: event.error.code, problem: event.error.message };
    const what = 'a checkpoint of the log cannot be written, so that leaves could be cut off unseen; it is tried again';
    if (!isFailing) logger.error(problem, what);
    isFailing = true;
  };
}

/** Tells operators what they have chosen, at each start. */
export function reportRelaxed(logger: Logger): void {
  const what =
    'log.durability is relaxed: an ALLOW may be answered before its record is on disk, and a crash or a power cut loses such records';
  logger.warn({ recordsMax: LIMITS.earlyRecordsMax }, what);
}

/** Tells operators what a start found out about the signing of the log, if that is news to them. */
export function reportSigning(logger: Logger, { discontinuity, isGivenKeyUnused }: SignedState): void {
  if (discontinuity) reportDiscontinuity(logger, discontinuity);
  const what = 'the key that log.signingKeyFile names has signed before and does not sign again; one of our own does';
  if (isGivenKeyUnused) logger.error(`${what}: name a new key`);
}

function reportDiscontinuity(logger: Logger, found: Discontinuity): void {
  const { reason, recovered_size, signed_size } = found;
  const what =
    'the log does not go on from what was signed last: leaves were cut off or replaced; it goes on under a new key';
  logger.error({ reason, recoveredSize: recovered_size, signedSize: signed_size }, what);
}

/** Tells operators when the disk has too little room for records, and when it has enough again. */
export function createDiskReporter(
  logger: Logger,
): (shortage: Shortage | undefined, space: DiskSpace & { floorBytes: number }) => void {
  let last: Shortage | undefined;
  return (shortage, space) => {
    if (shortage && shortage !== last)
      logger.error(space, `the disk has too little free ${shortage}; no records are taken, every answer is a denial`);
    if (last && !shortage) logger.info(space, `the disk has enough free ${last} again`);
    last = shortage;
  };
}

/** Tells operators that the room which was kept back is given up. */
export function reportBallastReleased(logger: Logger): void {
  logger.error('the disk is full; the ballast is given up, so that the log can be opened, ended and cleared');
}

/** Tells operators when a classifier is left alone and when it answers again. A probe in between is no news. */
export function createBreakerReporter(logger: Logger): (classifier: string, state: Breaker['state']) => void {
  return (classifier, state) => {
    if (state === 'open') logger.warn({ classifier }, 'the classifier fails and is left alone; its onFailure decides');
    if (state === 'closed') logger.info({ classifier }, 'the classifier answers again');
  };
}

const SWITCH_NEWS = {
  begin: 'a switch is thrown',
  change: 'a switch that is thrown has changed',
  lift: 'a switch was taken out of the configuration',
  expire: 'a switch has ended; take it out of the configuration',
} as const;

/** Tells operators what becomes of kill switches and maintenance windows, whoever threw them. */
export function createSwitchReporter(logger: Logger): (event: SwitchEvent) => void {
  return ({ event, definition }) => {
    const until = new Date(definition.untilMs).toISOString();
    logger.warn({ switch: switchPlace(definition), reason: definition.reason, until }, SWITCH_NEWS[event]);
  };
}

/** Tells operators that what became of a switch cannot be noted or recorded. */
export function createSwitchFailureReporter(logger: Logger): (error: unknown) => void {
  return (error) => {
    const { code } = JiminiError.from(error);
    const what =
      'what became of a switch cannot be recorded; it is tried again, and a switch that would let more pass waits';
    logger.error({ code }, what);
  };
}

/**
 * Tells operators of peers that are not let in, per listener and reason one line for all that come within
 * `LIMITS.tlsRefusalLogMs`: anybody can cause them. Those that only went away, as probes do, are no line. A SPIFFE id names a
 * workload and is told; any other name might be a person's.
 */
export function createTlsRefusalReporter(
  logger: Logger,
  clock: Clock,
): (listener: string, reason: string, clientId?: string) => void {
  const isNews = createNews(clock, LIMITS.tlsRefusalLogMs);
  return (listener, reason, clientId) => {
    if (reason === 'unfinished' || !isNews(`${listener} ${reason}`)) return;
    const named = clientId?.startsWith('spiffe://') ? { clientId: printable(clientId) } : {};
    logger.warn({ listener, reason, ...named }, 'a TLS peer was not let in; more of them are only counted for a while');
  };
}

/**
 * Tells operators what failed when content could not be judged, one line for all that have one cause and place and come within
 * `LIMITS.engineFaultLogMs`.
 */
export function createEngineFaultReporter(logger: Logger, clock: Clock): (fault: Fault) => void {
  const isNews = createNews(clock, LIMITS.engineFaultLogMs);
  return ({ cause, place }) => {
    if (!isNews(`${cause} ${place}`)) return;
    const what =
      'the engine failed over a content (policy.onError decides); more of these are only counted for a while';
    logger.error({ cause, ...(place !== undefined && { place }) }, what);
  };
}

/** Whether a kind of event was not told within the last so many milliseconds; it counts as told then. */
function createNews(clock: Clock, quietMs: number): (kind: string) => boolean {
  const quietNs = BigInt(quietMs) * 1_000_000n;
  const toldNs = new Map<string, bigint>();
  return (kind) => {
    const nowNs = clock.monotonicNs();
    if (nowNs - (toldNs.get(kind) ?? -quietNs) < quietNs) return false;
    toldNs.set(kind, nowNs);
    return true;
  };
}

/**
 * Tells of faults of our own with their stack. What a caller did wrong has been answered and is no line here: anybody could
 * fill the log with it. Of damage that callers were told there is one line within `LIMITS.damageToldLogMs`, for the same reason.
 */
export function createFaultReporter(logger: Logger, clock: Clock, onDamageTold: () => void): (error: unknown) => void {
  const isNews = createNews(clock, LIMITS.damageToldLogMs);
  return (error) => {
    const { code, cause, message } = JiminiError.from(error);
    if (code === 'JIMINI_STORE_CORRUPT') {
      const what = 'somebody who reads the log was told that it is damaged; more of these are only counted for a while';
      if (isNews(code)) logger.error({ problem: message }, what);
      onDamageTold();
    }
    if (code === 'JIMINI_INTERNAL') logger.error({ err: cause ?? error }, 'unexpected error');
  };
}
