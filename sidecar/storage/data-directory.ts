import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { JiminiError } from '../kernel/errors.js';

/** Where a data directory keeps its log. */
export function logDirectory(dataDir: string): string {
  return join(dataDir, 'log');
}

/**
 * Creates the data directory (mode 0700) unless it is there, and returns its absolute path. Rejects with
 * `JIMINI_CONFIG_INVALID` when others could write to it or put it in our way: it must be a directory of our own user,
 * writable by nobody else. Its parent may be anybody's, as volumes of Kubernetes are.
 */
export async function prepareDataDirectory(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  await create(path);
  const found = await stat(path);
  if (!found.isDirectory()) throw refused(path, 'is not a directory', 'name another path');
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) {
    throw refused(
      path,
      `belongs to user ${found.uid}, and this process is user ${uid}`,
      'name a directory of your own',
    );
  }
  const mode = found.mode & 0o777;
  if ((mode & 0o022) !== 0) {
    throw refused(path, `is writable by others (mode ${mode.toString(8).padStart(4, '0')})`, 'run `chmod go-w` on it');
  }
  await createInside(logDirectory(path));
  return path;
}

async function create(path: string): Promise<void> {
  try {
    await createInside(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const advice = code === 'ENOENT' ? 'create its parent directory' : 'name a path that this user can create';
    throw refused(path, `cannot be created (${code ?? 'unknown error'})`, advice);
  }
}

/** A new directory is only there for good when its parent is synced, too. */
async function createInside(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  const parent: FileHandle = await open(dirname(path), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

function refused(path: string, what: string, advice: string): JiminiError {
  return new JiminiError('JIMINI_CONFIG_INVALID', `dataDir: ${path} ${what}: ${advice}`);
}
