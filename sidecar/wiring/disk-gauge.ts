import { LIMITS } from '../kernel/limits.js';
import { type DiskSpace, diskSpace } from '../storage/disk-space.js';
import { createFreeSpaceRule } from '../storage/free-space.js';
import type { Logger } from '../telemetry/logger.js';
import { createDiskReporter } from './reporters.js';

/** What the gauge needs from outside. */
interface DiskGaugeOptions {
  /** Bytes to be kept free; 0 = as many as there are. */
  readonly minFreeBytes: number;
  /** Leaves in the log. */
  readonly leaves: () => number;
  readonly logger: Logger;
}

/** Free space of the data directory's file system, read every `LIMITS.diskPollMs` so that nobody waits for the disk. */
export interface DiskGauge {
  /** Last reading; absent = it could not be read. */
  read(): DiskSpace | undefined;
  /** Whether so little is free that no records are taken. */
  isLow(): boolean;
  close(): void;
}

/** Takes a first reading and goes on until closed. What cannot be read changes nothing. */
export async function createDiskGauge(path: string, options: DiskGaugeOptions): Promise<DiskGauge> {
  const rule = createFreeSpaceRule(options.minFreeBytes);
  const report = createDiskReporter(options.logger);
  let last: DiskSpace | undefined;
  let isLow = false;
  const read = async () => {
    last = await diskSpace(path).catch(() => undefined);
    if (!last) return;
    const { freeBytes } = last;
    isLow = rule.take({ atMs: performance.now(), freeBytes, leaves: options.leaves() });
    report(isLow, { freeBytes, floorBytes: rule.floorBytes });
  };
  await read();
  const timer = setInterval(() => void read(), LIMITS.diskPollMs);
  timer.unref();
  return { read: () => last, isLow: () => isLow, close: () => clearInterval(timer) };
}
