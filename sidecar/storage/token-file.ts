import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { JiminiError } from '../kernel/errors.js';
import { replaceFile } from './replace-file.js';

/** Where the tokens of a data directory are kept, unless the configuration names another file. */
export function defaultTokenFile(dataDir: string): string {
  return join(dataDir, 'control', 'tokens.json');
}

const LOCK_WAIT_MS = 20;
const LOCK_TRIES = 250;
/** A holder that takes longer has been killed. */
const LOCK_STALE_MS = 30_000;

/**
 * Changes a file of tokens: `change` is given its text (undefined = it is not there) and gives the new one. Written beside it,
 * synced and renamed, mode 0600, so that a reader sees the one or the other. Two that change it at one time take turns.
 */
export async function changeTokenFile(
  path: string,
  read: (path: string) => Promise<string | undefined>,
  change: (text: string | undefined) => string,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = `${path}.lock`;
  await takeLock(lock);
  try {
    await replaceFile(path, change(await read(path)));
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<void> {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const held = await stat(lock).catch(() => undefined);
    if (held && Date.now() - held.mtimeMs > LOCK_STALE_MS) await rm(lock, { force: true });
    await delay(LOCK_WAIT_MS);
  }
  throw new JiminiError('JIMINI_USAGE', `${lock} is there: another command changes the tokens; try again later`);
}
