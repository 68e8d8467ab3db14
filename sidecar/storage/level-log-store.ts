import { access, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { logDirectory, syncDirectory } from './data-directory.js';
import { LevelLog } from './level-log.js';

/** The log store of a prepared data directory. Each `open` gives a fresh handle; only one can be open at a time. */
export function createLevelLogStore(dataDir: string): { open(): Promise<LevelLog> } {
  const directory = logDirectory(dataDir);
  return {
    async open() {
      await createUnlessThere(dataDir, directory);
      return LevelLog.open(directory, { create: false });
    },
  };
}

/** What LevelDB leaves in a directory that it could not open. */
const OF_NO_DATABASE = new Set(['LOCK', 'LOG', 'LOG.old']);

/**
 * A new database is made beside its place and put there when it is whole. LevelDB 1.20 names a manifest before it is synced
 * when it makes a database (and no longer when it opens one), so that a power cut would leave one that cannot be opened.
 */
async function createUnlessThere(dataDir: string, directory: string): Promise<void> {
  const isThere = await access(join(directory, 'CURRENT')).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  if (isThere) return;
  try {
    const found = await namesIn(directory);
    if (!found.every((name) => OF_NO_DATABASE.has(name))) throw withoutCurrent(directory);
    const fresh = await mkdtemp(join(dataDir, 'log.new-'));
    await (await LevelLog.open(fresh, { create: true, shownAs: directory })).close();
    await syncDirectory(fresh);
    for (const name of found) await rm(join(directory, name));
    await rename(fresh, directory);
    await syncDirectory(dataDir);
    await removeUnfinished(dataDir);
  } catch (cause) {
    if (cause instanceof JiminiError) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${directory} cannot be made (${code})`, { cause });
  }
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
