import { once } from 'node:events';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { JiminiError } from '../kernel/errors.js';

/** Writes and, when the reader is slower than we are, waits for it. Rejects with EPIPE when the reader has gone. */
export async function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  // `once` rejects on 'error', so that a failing stream neither hangs here nor ends the process from elsewhere.
  if (!stream.write(chunk)) await once(stream, 'drain');
  else if (stream.errored) throw stream.errored;
}

/** Standard output whose reader may go away (`| head`): the error is kept for `writeTo`, not thrown into the process. */
export function standardOutput(): Writable {
  if (process.stdout.listenerCount('error', ignore) === 0) process.stdout.on('error', ignore);
  return process.stdout;
}

function ignore(): void {}

/**
 * Writes a new file for the owner only, synced before it counts. A link that waits in its place is not followed. Rejects with
 * `JIMINI_USAGE` when there is something in its place, or the file system refuses it. What is written of it then stays.
 */
export async function writeNewFile<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  await refuseExisting(path);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      const result = await write(file);
      await file.sync();
      return result;
    } finally {
      await file.close();
    }
  } catch (reason) {
    const { code = 'unknown error', syscall } = reason as NodeJS.ErrnoException;
    if (syscall === undefined) throw reason;
    throw new JiminiError('JIMINI_USAGE', `${path} cannot be written (${code}): make room, or name another place`);
  }
}

/** Rejects with `JIMINI_USAGE` when there is something at this path. */
export async function refuseExisting(path: string): Promise<void> {
  if (!(await lstat(path).catch(() => undefined))) return;
  throw new JiminiError('JIMINI_USAGE', `${path} is there already: choose another name`);
}
