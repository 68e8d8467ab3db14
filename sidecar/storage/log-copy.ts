import { constants, rmSync } from 'node:fs';
import { access, copyFile, link, lstat, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { printable } from '../kernel/printable.js';
import { logDirectory } from './data-directory.js';
import { LevelLog } from './level-log.js';
import { replacedDirectory } from './trial-opening.js';

/** A private copy of a log, opened. The original was only read. */
export interface LogCopy {
  readonly log: LevelLog;
  /** Small files beside the log, by name, as they were before the copy began; absent = not there. */
  readonly beside: ReadonlyMap<BesideName, Buffer>;
  /** Closes and removes the copy. */
  remove(): Promise<void>;
}

/** Told, before a copy is begun, how to remove its files at once: for a process that is about to end. */
export type OnBegun = (removeSync: () => void) => void;

/** Files beside the log that say something of it. */
export const BESIDE = ['checkpoint.a', 'checkpoint.b', 'key.pub'] as const;
export type BesideName = (typeof BESIDE)[number];

const TRIES = 5;
/** One byte more than any of them may have, so that what is longer does not pass for what it begins with. */
const BESIDE_BYTES_MAX = LIMITS.tlogProofBytesMax + 1;
const TABLE = /\.(ldb|sst)$/;
const WRITE_AHEAD_LOG = /\.log$/;

/**
 * Copies the log of a data directory and opens the copy: opening the original would rewrite its files, and would be
 * refused while the program runs. Tables never change once written, so they are hard-linked where the file system
 * allows it. Rejects with `JIMINI_USAGE` when there is no log and never was, `JIMINI_STORE_UNAVAILABLE` when no try gave a consistent
 * copy, else with what opening it said.
 */
export async function openLogCopy(dataDir: string, onBegun: OnBegun = () => {}): Promise<LogCopy> {
  let [source, last]: [string, unknown] = ['', undefined];
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    source = await placeOf(resolve(dataDir));
    const target = await temporaryDirectory(resolve(dataDir), source);
    const removeSync = () => rmSync(target, { recursive: true, force: true });
    onBegun(removeSync);
    try {
      // First: what is said of the log must not be newer than the copy.
      const beside = await readBeside(resolve(dataDir));
      await copyLog(source, target);
      const log = await LevelLog.open(target, { create: false, shownAs: source });
      const remove = async () => {
        await log.close();
        await rm(target, { recursive: true, force: true });
      };
      return { log, beside, remove };
    } catch (error) {
      last = error;
      removeSync();
    }
  }
  if (last instanceof JiminiError && last.code === 'JIMINI_STORE_CORRUPT') throw last;
  const reason = printable(last instanceof Error ? last.message : String(last));
  const advice = 'check that it can be read, and try again when less is being written';
  const message = `no consistent copy of ${source} in ${TRIES} tries (the last: ${reason}): ${advice}`;
  throw new JiminiError('JIMINI_STORE_UNAVAILABLE', message, { cause: last });
}

/**
 * Where the database lies. Throws when there is none: `JIMINI_STORE_CORRUPT` where its files, or a checkpoint beside it, show that there
 * was one, else `JIMINI_USAGE`. LevelDB finds everything else by CURRENT.
 */
async function placeOf(dataDir: string): Promise<string> {
  const source = logDirectory(dataDir);
  // A start takes it from its place for a moment, and may be ended just then: the next one puts it back.
  for (const place of [source, replacedDirectory(dataDir), source]) {
    const code = await codeOf(stat(join(place, 'CURRENT')));
    if (code === undefined) return place;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new JiminiError('JIMINI_USAGE', `${dataDir} cannot be read (${code}): run this as the user that owns it`);
    }
    if (place === source && (await hasFiles(source))) {
      throw damaged(source, 'holds files, and no CURRENT that says how they belong together');
    }
  }
  for (const name of ['checkpoint.a', 'checkpoint.b']) {
    if ((await codeOf(lstat(join(dataDir, name)))) === undefined)
      throw damaged(source, `is gone, and ${name} is there`);
  }
  throw new JiminiError('JIMINI_USAGE', `${dataDir} holds no log: name the data directory`);
}

async function hasFiles(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch(() => []);
  return names.some((name) => TABLE.test(name) || WRITE_AHEAD_LOG.test(name) || name.startsWith('MANIFEST-'));
}

/** Code of the error that something ends with; undefined when it ends well. */
function codeOf(looking: Promise<unknown>): Promise<string | undefined> {
  return looking.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? 'unknown error',
  );
}

async function readBeside(dataDir: string): Promise<Map<BesideName, Buffer>> {
  const files = new Map<BesideName, Buffer>();
  for (const name of BESIDE) {
    const bytes = await readSmall(join(dataDir, name));
    if (bytes) files.set(name, bytes);
  }
  return files;
}

async function readSmall(path: string): Promise<Buffer | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    if (cause.code === 'ELOOP') throw damaged(path, 'is not a regular file');
    throw cause;
  });
  try {
    if (file && !(await file.stat()).isFile()) throw damaged(path, 'is not a regular file');
    const read = await file?.read(Buffer.alloc(BESIDE_BYTES_MAX), 0, BESIDE_BYTES_MAX, 0);
    return read?.buffer.subarray(0, read.bytesRead);
  } finally {
    await file?.close();
  }
}

/**
 * LevelDB appends to its MANIFEST whenever a table comes or goes or a write-ahead log is no longer needed. If neither
 * CURRENT nor that file has changed meanwhile, every file that they name is in the copy.
 */
async function copyLog(source: string, target: string): Promise<void> {
  const current = await readCurrent(source);
  const manifest = current.trimEnd();
  if (!/^MANIFEST-\d+$/.test(manifest)) throw damaged(join(source, 'CURRENT'), 'does not name a MANIFEST');
  await copyOne(source, target, manifest);
  await copyOne(source, target, 'CURRENT');
  for (const name of await readdir(source)) {
    if (TABLE.test(name)) await linkOrCopy(source, target, name);
    else if (WRITE_AHEAD_LOG.test(name)) await copyOne(source, target, name);
  }
  const isSame =
    (await readCurrent(source)) === current &&
    (await stat(join(source, manifest))).size === (await stat(join(target, manifest))).size;
  if (!isSame) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the log was reorganised while it was copied');
}

async function readCurrent(source: string): Promise<string> {
  await refuseSpecial(join(source, 'CURRENT'));
  return readFile(join(source, 'CURRENT'), 'latin1');
}

async function copyOne(source: string, target: string, name: string): Promise<void> {
  await refuseSpecial(join(source, name));
  await copyFile(join(source, name), join(target, name), constants.COPYFILE_FICLONE);
}

async function linkOrCopy(source: string, target: string, name: string): Promise<void> {
  await refuseSpecial(join(source, name));
  try {
    await link(join(source, name), join(target, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    await copyOne(source, target, name);
  }
}

/** LevelDB makes regular files only. Whoever put a pipe in their place would have us wait for ever. */
async function refuseSpecial(path: string): Promise<void> {
  if (!(await lstat(path)).isFile()) throw damaged(path, 'is not a regular file');
}

function damaged(path: string, what: string): JiminiError {
  return new JiminiError('JIMINI_STORE_CORRUPT', `the log is damaged: ${printable(path)} ${what}`);
}

/** A new folder in the system's for temporary files. Rejects with `JIMINI_USAGE` when there can be none. */
async function temporaryDirectory(dataDir: string, source: string): Promise<string> {
  try {
    return await newDirectory(dataDir, source);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    const advice = 'set TMPDIR to a folder that can be written to';
    throw new JiminiError('JIMINI_USAGE', `no copy can be made in ${tmpdir()} (${code}): ${advice}`, { cause });
  }
}

/** In the data directory instead when only that one allows hard links. */
async function newDirectory(dataDir: string, source: string): Promise<string> {
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
