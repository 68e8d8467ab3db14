import { link, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { printable } from '../kernel/printable.js';
import { logDirectory, syncDirectory } from './data-directory.js';
import { LevelLog } from './level-log.js';

/** Gives random bytes. */
export type Random = (count: number) => Buffer;

const TRIES = 5;
const NAME_BYTES = 8;
const TRIAL = 'log.opening-';
/** What LevelDB makes anew and does not need. */
const UNLINKED = /^(LOG|LOG\.old|\d+\.dbtmp)$/;
/** MaybeIgnoreError and LogReporter of LevelDB 1.20 (db/db_impl.cc) with what IOError makes of an errno (util/env_posix.cc). */
const IGNORED = /ignoring error.*?(IO error.*)/i;

/**
 * Has LevelDB recover a database in a directory of hard links beside it, and puts that in its place.
 *
 * When LevelDB 1.20 opens a database and cannot read its write-ahead log, it says so in its file LOG, goes on without these records
 * and removes them; classic-level has no option against that (`paranoid_checks`). Here it removes links, and the database
 * that is in place stays as it was until all was read. LOCK is linked, too: who has one of them locked has all.
 *
 * Afterwards the write-ahead log is empty: opening it can lose nothing. Rejects with a `JIMINI_STORE_*` error, and nothing has changed then.
 */
export async function recoverInTrial(dataDir: string, random: Random): Promise<void> {
  const directory = logDirectory(dataDir);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const trial = await guarded(directory, () => newDirectory(dataDir, random));
    const isDone = await guarded(directory, () => recover(dataDir, trial)).catch(async (error) => {
      await rm(trial, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    });
    if (isDone) return;
    await guarded(directory, () => rm(trial, { recursive: true, force: true }));
  }
  throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${directory} changes while it is opened: stop what else uses it`);
}

/** Where the database is while another takes its place. If nothing is in its place, a start was ended just then. */
export function replacedDirectory(dataDir: string): string {
  return join(dataDir, 'log.before');
}

/**
 * A name of its own for each opening, which no other start ever has: what one process removes at the end must not be what another
 * has recovered.
 */
async function newDirectory(dataDir: string, random: Random): Promise<string> {
  const path = join(dataDir, `${TRIAL}${random(NAME_BYTES).toString('hex')}`);
  await mkdir(path, { mode: 0o700 });
  return path;
}

/** False = somebody else has changed the database before it was locked. */
async function recover(dataDir: string, trial: string): Promise<boolean> {
  const directory = logDirectory(dataDir);
  const linked = await linkAll(directory, trial);
  const opened = await LevelLog.open(trial, { create: false, shownAs: directory }).catch((error: JiminiError) => error);
  const isLocked = opened instanceof JiminiError && opened.code === 'JIMINI_STORE_LOCKED';
  try {
    if (!isLocked && !(await isStill(directory, linked, trial))) return false;
    if (opened instanceof JiminiError) throw opened;
    const reason = await whatWasIgnored(trial, linked.names);
    if (reason !== undefined) throw notRead(directory, printable(reason.replaceAll(trial, directory)));
    await putInPlace(dataDir, trial);
    return true;
  } finally {
    // What LevelDB still does in its own thread cannot make files where the directory was, and does without.
    if (opened instanceof LevelLog) await opened.close();
  }
}

interface Linked {
  readonly names: readonly string[];
  /** Each opening makes a new one. */
  readonly currentInode: bigint | undefined;
}

async function linkAll(directory: string, trial: string): Promise<Linked> {
  const names = new Set(await namesIn(directory));
  // A database that was restored may have none.
  if (!names.has('LOCK')) await (await open(join(directory, 'LOCK'), 'a', 0o600)).close();
  for (const name of names.add('LOCK')) {
    await link(join(directory, name), join(trial, name)).catch((error: NodeJS.ErrnoException) => {
      // Somebody else has removed it, which is looked for once the lock is ours.
      if (error.code !== 'ENOENT') throw error;
    });
  }
  return { names: await namesIn(trial), currentInode: await inodeOf(join(trial, 'CURRENT')) };
}

/** Whether the locked database is the one that was linked. */
async function isStill(directory: string, { names, currentInode }: Linked, trial: string): Promise<boolean> {
  const [lock, ownLock] = [await inodeOf(join(directory, 'LOCK')), await inodeOf(join(trial, 'LOCK'))];
  const isSameLock = lock !== undefined && lock === ownLock;
  const isSame = currentInode !== undefined && (await inodeOf(join(directory, 'CURRENT'))) === currentInode;
  return isSameLock && isSame && (await namesIn(directory)).join('/') === names.join('/');
}

async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => !UNLINKED.test(name)).sort();
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  const found = await lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found?.ino;
}

/** What LevelDB says of records that it passed over; undefined = nothing, and it says that it was done with each write-ahead log. */
async function whatWasIgnored(trial: string, names: readonly string[]): Promise<string | undefined> {
  const said = await readFile(join(trial, 'LOG'), 'utf8').catch(() => undefined);
  const [, reason] = IGNORED.exec(said ?? '') ?? [];
  if (reason !== undefined) return reason;
  const numbers = names.flatMap((name) => /^(\d+)\.log$/.exec(name)?.[1] ?? []).map(Number);
  const isAllDone = numbers.every((number) => said?.includes(`Delete type=0 #${number}\n`));
  return said !== undefined && isAllDone ? undefined : 'its LOG could not be written or read';
}

/** By who has the lock: others wait for it before they change anything. */
async function putInPlace(dataDir: string, trial: string): Promise<void> {
  const [directory, before] = [logDirectory(dataDir), replacedDirectory(dataDir)];
  // What it leads to would stay where it is.
  if ((await lstat(directory)).isSymbolicLink()) throw Object.assign(new Error('a link'), { code: 'ELOOP' });
  await syncDirectory(trial);
  for (const name of await readdir(dataDir)) {
    const path = join(dataDir, name);
    // Somebody may be linking into it, who then finds the log locked.
    if (name.startsWith(TRIAL) && path !== trial)
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
  await rm(before, { recursive: true, force: true });
  await rename(directory, before);
  try {
    await rename(trial, directory);
  } catch (error) {
    await rename(before, directory).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dataDir);
}

function notRead(directory: string, reason: string): JiminiError {
  const what = `${directory} could not be read to its end (${reason})`;
  const advice =
    'nothing was changed or lost; look at the disk and the limit of open files, and try again, else restore it from a backup';
  return new JiminiError('JIMINI_STORE_UNAVAILABLE', `${what}: ${advice}`);
}

/** What a file system without hard links says, and a link or mount in the place of the directory. */
const NO_LINKS: readonly unknown[] = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EBUSY', 'ELOOP', 'ENOTDIR'];

async function guarded<T>(directory: string, work: () => Promise<T>): Promise<T> {
  return work().catch((cause: NodeJS.ErrnoException) => {
    if (cause instanceof JiminiError) throw cause;
    const { code = 'unknown error' } = cause;
    const what = `${directory} cannot be linked beside itself to be opened (${code})`;
    const advice = NO_LINKS.includes(code)
      ? 'it must be a directory, no link or mount, on a file system with hard links'
      : code === 'EROFS'
        ? 'the file system is read-only'
        : 'look at the disk';
    throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${what}: ${advice}`, { cause });
  });
}
