import { randomBytes } from 'node:crypto';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A file that only takes room, so that there is some to be had once the disk is full. */
export interface Ballast {
  /** Bytes that it takes; 0 = it is not there. */
  readonly bytes: number;
  /** Makes it, unless it is there with all of its size. What cannot be made is left away. One call at a time. */
  make(): Promise<void>;
  /** Gives its room back. Needs none itself. */
  release(): Promise<void>;
}

const PIECE_BYTES = 1024 * 1024;

/** The ballast of a data directory, of `size` bytes, as far as it is there. */
export async function openBallast(dataDir: string, size: number): Promise<Ballast> {
  const path = join(dataDir, 'ballast');
  const partial = `${path}.partial`;
  // A link would take no room here.
  let bytes = (await lstat(path).catch(() => undefined))?.size ?? 0;
  await rm(partial, { force: true }).catch(() => undefined);
  return {
    get bytes() {
      return bytes;
    },
    async make() {
      if (bytes >= size) return;
      try {
        // Of the wrong size, or no file; a directory is left alone, before anything is written.
        await rm(path, { force: true });
        bytes = 0;
        await fill(partial, size);
        await rename(partial, path);
        bytes = size;
      } catch {
        await rm(partial, { force: true }).catch(() => undefined);
      }
    },
    async release() {
      await rm(path, { force: true });
      bytes = 0;
    },
  };
}

/** Random, or a file system that compresses would keep no room; a piece at a time, so that the syncs of records do not wait for all of it. */
async function fill(path: string, size: number): Promise<void> {
  const piece = await promisify(randomBytes)(PIECE_BYTES);
  const file = await open(path, 'w', 0o600);
  try {
    for (let at = 0; at < size; at += PIECE_BYTES) {
      await file.write(piece, 0, Math.min(PIECE_BYTES, size - at));
      await file.datasync();
    }
  } finally {
    await file.close();
  }
}
