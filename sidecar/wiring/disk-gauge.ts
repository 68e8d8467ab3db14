import { LIMITS } from '../kernel/limits.js';
import { type DiskSpace, diskSpace } from '../storage/disk-space.js';

/** Free space of the data directory's file system, read every `LIMITS.diskPollMs` so that nobody waits for the disk. */
export interface DiskGauge {
  /** Last reading; absent = it could not be read. */
  read(): DiskSpace | undefined;
  close(): void;
}

/** Takes a first reading and goes on until closed. */
export async function createDiskGauge(path: string): Promise<DiskGauge> {
  let last: DiskSpace | undefined;
  const read = async () => {
    last = await diskSpace(path).catch(() => undefined);
  };
  await read();
  const timer = setInterval(() => void read(), LIMITS.diskPollMs);
  timer.unref();
  return { read: () => last, close: () => clearInterval(timer) };
}
