import { chmod, type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { JiminiError } from '../kernel/errors.js';

/** Where a data directory keeps its log. */
export function logDirectory(dataDir: string): string {
  return join(dataDir, 'log');
}

/**
 * Creates the data directory (mode 0700) and the log's in it unless they are there, and returns its absolute path.
 * Rejects with `JIMINI_CONFIG_INVALID` when others could write to them or put them in our way: they must be directories of
 * our own user, writable by nobody else. The parent may be anybody's, as volumes of Kubernetes are. What fsGroup has opened
 * to its group since the last start is closed again.
 */
export async function prepareDataDirectory(dataDir: string): Promise<string> {
  await prepareDirectory(dataDir, 'dataDir', 'log');
  return resolve(dataDir);
}

/** The same for the directory that another setting names and for one in it, whose path it resolves to. */
export async function prepareDirectory(directory: string, setting: string, below: string): Promise<string> {
  const path = resolve(directory);
  for (const each of [path, join(path, below)]) {
    await create(each, setting);
    await closeWhatFsGroupOpened(each);
    await refuseUnsafe(each, setting);
  }
  return join(path, below);
}

/**
 * Whenever the kubelet mounts a volume for a pod with fsGroup, it sets setgid and group-write on every directory of it
 * (fsGroupChangePolicy Always, the default). That is no reason to refuse the second start of a pod. A group-writable
 * directory without setgid is somebody's own doing.
 */
async function closeWhatFsGroupOpened(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory() || found.uid !== process.getuid?.()) return;
  if ((found.mode & OTHERS_WRITE) !== 0 || (found.mode & FS_GROUP) !== FS_GROUP) return;
  await chmod(path, 0o700).catch(() => undefined);
}

/** Setgid and write by the group. */
const FS_GROUP = 0o2020;
const OTHERS_WRITE = 0o002;

async function refuseUnsafe(path: string, setting: string): Promise<void> {
  const refused = refusalOf(setting);
  const found = await stat(path).catch(({ code }: NodeJS.ErrnoException) => {
    throw refused(path, `cannot be used (${code ?? 'unknown error'})`, 'name a directory of your own');
  });
  if (!found.isDirectory()) throw refused(path, 'is not a directory', 'name another path');
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) {
    const whose = `belongs to user ${found.uid}, and this process is user ${uid}`;
    throw refused(path, whose, `name a directory of your own; in a volume, one below it such as ${join(path, 'data')}`);
  }
  const mode = found.mode & 0o777;
  if ((mode & 0o022) !== 0) {
    throw refused(path, `is writable by others (mode ${mode.toString(8).padStart(4, '0')})`, 'run `chmod go-w` on it');
  }
}

/** A new directory is only there for good when its parent is synced, too. */
async function create(path: string, setting: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await syncDirectory(dirname(path));
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    // It may be left from a start that could not sync it; a parent that only others may read is not ours to sync.
    if (code === 'EEXIST') return syncDirectory(dirname(path)).catch(() => undefined);
    throw refusalOf(setting)(path, `cannot be created (${code})`, ADVICE.get(code) ?? OTHER_ADVICE);
  }
}

/** Resolves when what was created or renamed in a directory is on disk. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle: FileHandle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'create its parent directory'],
  ['EROFS', 'the file system is read-only; name a path on one that can be written to'],
]);
const OTHER_ADVICE = 'name a path that this user can create';

type Refusal = (path: string, what: string, advice: string) => JiminiError;

function refusalOf(setting: string): Refusal {
  return (path, what, advice) => new JiminiError('JIMINI_CONFIG_INVALID', `${setting}: ${path} ${what}: ${advice}`);
}
