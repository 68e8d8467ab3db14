import { LIMITS } from '../kernel/limits.js';
import { type Ballast, openBallast } from '../storage/ballast.js';
import { type DiskSpace, diskSpace } from '../storage/disk-space.js';
import { createFreeSpaceRule, type Shortage } from '../storage/free-space.js';
import type { Logger } from '../telemetry/logger.js';
import { createDiskReporter, reportBallastReleased } from './reporters.js';

/** What the gauge needs from outside. */
interface DiskGaugeOptions {
  /** Bytes to be kept free; 0 = as many as there are. */
  readonly minFreeBytes: number;
  /** Leaves in the log. */
  readonly leaves: () => number;
  readonly ballast: Ballast;
  readonly logger: Logger;
  /** How long after the start the ballast may be made, ms. Default: `LIMITS.ballastAfterMs`. */
  readonly ballastAfterMs?: number;
}

/** Room on the data directory's file system, read every `LIMITS.diskPollMs` so that nobody waits for the disk. */
export interface DiskGauge {
  /** Last reading; absent = it could not be read. */
  read(): DiskSpace | undefined;
  /** What there is so little of that no records are taken. */
  shortage(): Shortage | undefined;
  /** Bytes that are kept back to be given up when the disk is full. */
  ballastBytes(): number;
  /** Reads now: something was to be written, and could not be. */
  look(): Promise<void>;
  close(): void;
}

/**
 * Takes a first reading and goes on until closed. What cannot be read changes nothing. When nearly nothing is free the ballast is given
 * up, and made again once there is so much room that it does not matter.
 */
export async function createDiskGauge(path: string, options: DiskGaugeOptions): Promise<DiskGauge> {
  const { ballast, minFreeBytes, ballastAfterMs = LIMITS.ballastAfterMs } = options;
  const rule = createFreeSpaceRule(minFreeBytes);
  const report = createDiskReporter(options.logger);
  const ballastMs = performance.now() + ballastAfterMs;
  let last: DiskSpace | undefined;
  let shortage: Shortage | undefined;
  let making: Promise<void> | undefined;
  const read = async () => {
    last = await diskSpace(path).catch(() => undefined);
    if (!last) return;
    const atMs = performance.now();
    shortage = rule.take({ ...last, atMs, leaves: options.leaves() });
    report(shortage, { ...last, floorBytes: rule.floorBytes });
    if (isFull(last)) await giveUp();
    else if (ballast.bytes < LIMITS.ballastBytes && atMs >= ballastMs && !shortage && isWanted(last.freeBytes)) {
      making ??= ballast.make().finally(() => {
        making = undefined;
      });
    }
  };
  const giveUp = async () => {
    await making;
    if (ballast.bytes > 0) await releaseBallast(ballast, options.logger);
  };
  // The rule is not asked: what was written since a moment ago says nothing of the rate.
  const look = async () => {
    last = await diskSpace(path).catch(() => undefined);
    if (!last) return;
    if (last.freeBytes < minFreeBytes) shortage = 'space';
    if (isFull(last)) await giveUp();
  };
  // With a smaller floor records would be written into the room that the ballast has given up.
  const isWanted = (freeBytes: number) =>
    minFreeBytes >= 2 * LIMITS.ballastBytes && freeBytes >= rule.floorBytes * 2 + LIMITS.ballastBytes;
  await read();
  const timer = setInterval(() => void read(), LIMITS.diskPollMs);
  timer.unref();
  return {
    read: () => last,
    shortage: () => shortage,
    ballastBytes: () => ballast.bytes,
    look,
    close: () => clearInterval(timer),
  };
}

/** What cannot be removed stays. */
async function releaseBallast(ballast: Ballast, logger: Logger): Promise<void> {
  await ballast.release().then(
    () => reportBallastReleased(logger),
    () => undefined,
  );
}

function isFull({ freeBytes }: DiskSpace): boolean {
  return freeBytes < LIMITS.ballastReleaseBytes;
}

/** The ballast of a data directory. To open LevelDB takes room: on a full disk that of the ballast, which is given up here then. */
export async function ballastToStartWith(dataDir: string, logger: Logger): Promise<Ballast> {
  const ballast = await openBallast(dataDir, LIMITS.ballastBytes);
  const space = await diskSpace(dataDir).catch(() => undefined);
  if (ballast.bytes > 0 && space && isFull(space)) await releaseBallast(ballast, logger);
  return ballast;
}
