import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { syncDirectory } from './data-directory.js';
import { replaceFile } from './replace-file.js';

/** A mark of one data directory. Structurally the port of the log. */
interface EarlyMark {
  read(): Promise<number>;
  set(numbers: number): Promise<void>;
  clear(): Promise<void>;
}

/**
 * The file `early-answers`: there while, and after, numbers of leaves are given out before the leaves are on disk. It holds how many
 * at most; whatever else it holds stands for as many as this version gives out. All reject with `JIMINI_STORE_UNAVAILABLE`.
 */
export function createEarlyMark(dataDir: string): EarlyMark {
  const path = join(dataDir, 'early-answers');
  return {
    read: () =>
      guarded(async () => {
        const text = await firstBytes(path);
        if (text === undefined) return 0;
        const said = /^[1-9][0-9]{0,3}\n$/.test(text) ? Number(text) : LIMITS.earlyRecordsMax;
        return Math.min(said, LIMITS.appendBatchMax);
      }),
    set: (numbers) => guarded(() => replaceFile(path, `${numbers}\n`)),
    clear: () =>
      guarded(async () => {
        await rm(path, { force: true });
        await syncDirectory(dataDir);
      }),
  };

  async function guarded<T>(use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (cause) {
      const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
      throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${path} cannot be used (${code})`, { cause });
    }
  }
}

/** As much as a mark can be long, and one byte; undefined = there is no file. A link or a pipe in its place is not followed, and not waited for. */
async function firstBytes(path: string): Promise<string | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(6));
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
