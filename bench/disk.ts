import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** f_type of tmpfs and ramfs (statfs(2)): nothing there reaches a disk. */
const MEMORY_FILE_SYSTEMS = [0x01021994, 0x858458f6];

/** A fresh folder below `parent`, which must be on a disk: fsync on tmpfs costs nothing and would flatter the figures. */
export async function folderOnDisk(parent: string): Promise<string> {
  const { type } = await statfs(parent);
  if (MEMORY_FILE_SYSTEMS.includes(type)) {
    throw new Error(`${parent} is in memory (tmpfs): name a folder on a disk with --dir, or fsync would cost nothing`);
  }
  return mkdtemp(join(parent, '.jimini-bench-'));
}

/**
 * The yardstick of durability: appends a record and calls fdatasync, `perSecond` times a second, one at a time, and
 * returns how long each took, ms.
 */
export async function fdatasyncLatenciesMs(folder: string, perSecond: number, seconds: number): Promise<number[]> {
  const path = join(folder, 'fdatasync');
  const file = await open(path, 'a');
  const record = Buffer.alloc(600, 'x');
  const latencies: number[] = [];
  const startMs = performance.now();
  for (let i = 0; i < perSecond * seconds; i++) {
    const waitMs = startMs + (i * 1000) / perSecond - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const beginMs = performance.now();
    await file.write(record);
    await file.datasync();
    latencies.push(performance.now() - beginMs);
  }
  await file.close();
  await rm(path);
  return latencies;
}
