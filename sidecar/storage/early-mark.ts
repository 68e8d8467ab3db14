import { readFile, rm } from 'node:fs/promises';
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
        const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return undefined;
          throw error;
        });
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
