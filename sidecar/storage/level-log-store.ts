import { randomBytes } from 'node:crypto';
import { access, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { logDirectory, syncDirectory } from './data-directory.js';
import { LevelLog } from './level-log.js';
import { lockedError } from './store-error.js';
import { type Random, recoverInTrial, replacedDirectory } from './trial-opening.js';

/** Logs that this process has open or opens: LevelDB's lock on a file keeps other processes out only. */
const inUse = new Set<string>();

/**
 * The log store of a prepared data directory. Each `open` gives a fresh handle; only one can be open at a time. `random` names what is
 * made while it opens.
 */
export function createLevelLogStore(dataDir: string, random: Random = randomBytes): { open(): Promise<LevelLog> } {
  const directory = logDirectory(dataDir);
  const onClosed = () => inUse.delete(directory);
  return {
    async open() {
      if (inUse.has(directory)) throw lockedError(directory);
      inUse.add(directory);
      try {
        await putThereUnlessThere(dataDir, directory);
        await recoverInTrial(dataDir, random);
        const log = await LevelLog.open(directory, { create: false, onClosed });
        // What cannot be removed now is removed with the next opening.
        await rm(replacedDirectory(dataDir), { recursive: true, force: true }).catch(() => undefined);
        return log;
      } catch (error) {
        onClosed();
        throw error;
      }
    },
  };
}

/** What LevelDB leaves in a directory that it could not open. */
const OF_NO_DATABASE = new Set(['LOCK', 'LOG', 'LOG.old']);

/**
 * A new database is made beside its place and put there when it is whole. LevelDB 1.20 names a manifest before it is synced
 * when it makes a database (and no longer when it opens one), so that a power cut would leave one that cannot be opened.
 * One that was taken from its place by a start that ended just then is put back.
 */
async function putThereUnlessThere(dataDir: string, directory: string): Promise<void> {
  if (await isThere(join(directory, 'CURRENT'))) return;
  try {
    const found = await namesIn(directory);
    if (!found.every((name) => OF_NO_DATABASE.has(name))) {
      // Another start may just have put it there.
      if (await isThere(join(directory, 'CURRENT'))) return;
      throw withoutCurrent(directory);
    }
    const replaced = replacedDirectory(dataDir);
    const whole = (await isThere(join(replaced, 'CURRENT'))) ? replaced : await newDatabase(dataDir, directory);
    for (const name of found) await rm(join(directory, name));
    await rename(whole, directory);
    await syncDirectory(dataDir);
    await removeUnfinished(dataDir);
  } catch (cause) {
    if (cause instanceof JiminiError) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${directory} cannot be made (${code})`, { cause });
  }
}

async function newDatabase(dataDir: string, shownAs: string): Promise<string> {
  const fresh = await mkdtemp(join(dataDir, 'log.new-'));
  await (await LevelLog.open(fresh, { create: true, shownAs })).close();
  await syncDirectory(fresh);
  return fresh;
}

/** What cannot be looked at is there. */
async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

/** None where there is no directory. */
async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** What starts that were cut off have left. */
async function removeUnfinished(dataDir: string): Promise<void> {
  const names = await readdir(dataDir);
  for (const name of names) {
    if (name.startsWith('log.new-')) await rm(join(dataDir, name), { recursive: true, force: true });
  }
}

/** LevelDB would make a new database there, and remove the files of the old one. */
function withoutCurrent(directory: string): JiminiError {
  const what = `${directory} holds files, and no CURRENT that says how they belong together`;
  const advice = 'keep the directory as evidence, restore it from a backup or start with another data directory';
  return new JiminiError('JIMINI_STORE_CORRUPT', `${what}: ${advice}`);
}
