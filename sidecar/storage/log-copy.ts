import { constants, rmSync } from 'node:fs';
import { access, copyFile, link, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { logDirectory } from './data-directory.js';
import { LevelLog } from './level-log.js';

/** A private copy of a log, opened. The original was only read. */
export interface LogCopy {
  readonly log: LevelLog;
  /** Closes and removes the copy. */
  remove(): Promise<void>;
  /** Removes the files at once, for a process that is about to end. */
  removeSync(): void;
}

const TRIES = 5;
/** A copy is read from one end to the other, one table at a time. LevelDB takes no smaller number than this. */
const OPEN_FILES_MAX = 74;
const TABLE = /\.(ldb|sst)$/;
const WRITE_AHEAD_LOG = /\.log$/;

/**
 * Copies the log of a data directory and opens the copy: opening the original would rewrite its files, and would be
 * refused while the program runs. Tables never change once written, so they are hard-linked where the file system
 * allows it. Rejects with `JIMINI_USAGE` when there is no log, `JIMINI_STORE_UNAVAILABLE` when no try gave a consistent
 * copy, else with what opening it said.
 */
export async function openLogCopy(dataDir: string): Promise<LogCopy> {
  const source = logDirectory(resolve(dataDir));
  await stat(join(source, 'CURRENT')).catch((cause) => {
    throw new JiminiError('JIMINI_USAGE', `${resolve(dataDir)} holds no log: name the data directory`, { cause });
  });
  let last: unknown;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const target = await temporaryDirectory(resolve(dataDir), source);
    const removeSync = () => rmSync(target, { recursive: true, force: true });
    try {
      await copyLog(source, target);
      const log = await LevelLog.open(target, { create: false, openFilesMax: OPEN_FILES_MAX });
      const remove = async () => {
        await log.close();
        await rm(target, { recursive: true, force: true });
      };
      return { log, remove, removeSync };
    } catch (error) {
      last = error;
      removeSync();
    }
  }
  if (last instanceof JiminiError && last.code === 'JIMINI_STORE_CORRUPT') throw last;
  const advice = 'check that it can be read, and try again when less is being written';
  throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `no consistent copy of ${source} in ${TRIES} tries: ${advice}`, {
    cause: last,
  });
}

/**
 * LevelDB appends to its MANIFEST whenever a table comes or goes or a write-ahead log is no longer needed. If neither
 * CURRENT nor that file has changed meanwhile, every file that they name is in the copy.
 */
async function copyLog(source: string, target: string): Promise<void> {
  const current = await readFile(join(source, 'CURRENT'), 'latin1');
  const manifest = current.trimEnd();
  if (!/^MANIFEST-\d+$/.test(manifest)) {
    throw new JiminiError('JIMINI_STORE_CORRUPT', `${join(source, 'CURRENT')} does not name a MANIFEST`);
  }
  await copyFile(join(source, manifest), join(target, manifest));
  await copyFile(join(source, 'CURRENT'), join(target, 'CURRENT'));
  for (const name of await readdir(source)) {
    if (TABLE.test(name)) await linkOrCopy(join(source, name), join(target, name));
    else if (WRITE_AHEAD_LOG.test(name)) await copyFile(join(source, name), join(target, name));
  }
  const isSame =
    (await readFile(join(source, 'CURRENT'), 'latin1')) === current &&
    (await stat(join(source, manifest))).size === (await stat(join(target, manifest))).size;
  if (!isSame) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the log was reorganised while it was copied');
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** The system's folder for temporary files; the data directory instead when only that one allows hard links. */
async function temporaryDirectory(dataDir: string, source: string): Promise<string> {
  const isSameDevice = (await stat(tmpdir())).dev === (await stat(source)).dev;
  if (!isSameDevice) {
    const isWritable = await access(dataDir, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (isWritable) return mkdtemp(join(dataDir, 'copy-'));
  }
  return mkdtemp(join(tmpdir(), 'jimini-log-'));
}
