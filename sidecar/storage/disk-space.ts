import { statfs } from 'node:fs/promises';

/** Room on the file system that holds a path. */
export interface DiskSpace {
  /** What this user may still write, in bytes. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Files that may still be made; absent where the file system has no fixed number of them. */
  readonly freeInodes?: number;
}

/** Asks the file system of `path`. */
export async function diskSpace(path: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize, files, ffree } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, ...(files > 0 && { freeInodes: ffree }) };
}
