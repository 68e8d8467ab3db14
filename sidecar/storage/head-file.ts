import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { syncDirectory } from './data-directory.js';

/** The last thing that was said of a log, kept in two files beside its database, so that one of them is always whole. */
export interface HeadFile {
  /** What was written last, as far as it is there: absent at a first start, or when both files are damaged. */
  readonly newest: Buffer | undefined;
  /** Files that are there and were not as we write them. After a crash, the one that was being written. */
  readonly damaged: readonly string[];
  /**
   * Writes over the older file and resolves after it is synced. One at a time. Rejects with `JIMINI_STORE_UNAVAILABLE`, after
   * which the other file still holds what was written before; may be called again.
   */
  write(content: Uint8Array): Promise<void>;
}

interface Slot {
  readonly generation: number;
  readonly content: Buffer;
}

const FIRST_LINE = /^jimini-head\/v1 ([1-9][0-9]{0,15})\n/;
/** A SHA-256 in hex and a newline. */
const TRAILER_BYTES = 65;
/** A first line, a signed note and the trailer. */
const SLOT_BYTES_MAX = 64 + LIMITS.noteBytesMax + TRAILER_BYTES;
// A link or a pipe that waits in the place of a file is not followed, and not waited for.
const FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Reads both files of `directory`, `NAME.a` and `NAME.b`. Rejects with `JIMINI_STORE_UNAVAILABLE` when one is there and cannot be
 * read: what it holds may be whole, and newer than the other.
 */
export async function openHeadFile(directory: string, name = 'checkpoint'): Promise<HeadFile> {
  const paths = [join(directory, `${name}.a`), join(directory, `${name}.b`)];
  const slots = await Promise.all(paths.map(readSlot));
  const whole = slots.map((slot) => (slot === 'absent' || slot === 'damaged' ? undefined : slot));
  const isSecondNewer = (whole[1]?.generation ?? 0) > (whole[0]?.generation ?? 0);
  const newest = whole[isSecondNewer ? 1 : 0];
  let generation = newest?.generation ?? 0;
  // The one that does not hold the newest. It changes after a write that succeeded, so that a failed one hits it again.
  let next = newest && !isSecondNewer ? 1 : 0;

  const write = async (content: Uint8Array): Promise<void> => {
    if (content.length > LIMITS.noteBytesMax) {
      throw new JiminiError('JIMINI_INVALID_ARGUMENT', `a head of ${content.length} bytes is too large`);
    }
    const path = paths[next] as string;
    try {
      await overwrite(path, formatSlot(generation + 1, content));
      // Always: a file that an earlier process made may not have reached its directory.
      await syncDirectory(directory);
    } catch (cause) {
      const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
      throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${path} cannot be written (${code})`, { cause });
    }
    generation += 1;
    next = 1 - next;
  };

  return {
    newest: newest?.content,
    damaged: paths.filter((_, at) => slots[at] === 'damaged'),
    write,
  };
}

/** A line with the number of the write, the content, and a hash over both. */
function formatSlot(generation: number, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(`jimini-head/v1 ${generation}\n`), content]);
  return Buffer.concat([body, Buffer.from(trailerOf(body))]);
}

function parseSlot(bytes: Buffer): Slot | 'damaged' {
  const body = bytes.subarray(0, -TRAILER_BYTES);
  const [line, digits] = FIRST_LINE.exec(body.toString('latin1', 0, 64)) ?? [];
  const generation = Number(digits);
  if (line === undefined || !Number.isSafeInteger(generation)) return 'damaged';
  if (bytes.toString('latin1', body.length) !== trailerOf(body)) return 'damaged';
  return { generation, content: Buffer.from(body.subarray(line.length)) };
}

function trailerOf(body: Uint8Array): string {
  return `${createHash('sha256').update(body).digest('hex')}\n`;
}

async function readSlot(path: string): Promise<Slot | 'absent' | 'damaged'> {
  try {
    return await using(await open(path, constants.O_RDONLY | FLAGS), async (file) => {
      if (!(await file.stat()).isFile()) return 'damaged';
      const { bytesRead, buffer } = await file.read(Buffer.alloc(SLOT_BYTES_MAX + 1), 0, SLOT_BYTES_MAX + 1, 0);
      return bytesRead > SLOT_BYTES_MAX ? 'damaged' : parseSlot(buffer.subarray(0, bytesRead));
    });
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'absent';
    const advice = 'look at the disk, the limit of open files and what lies there, and try again';
    throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${path} cannot be read (${code}): ${advice}`, { cause });
  }
}

async function overwrite(path: string, bytes: Buffer): Promise<void> {
  await using(await open(path, constants.O_WRONLY | constants.O_CREAT | FLAGS, 0o600), async (file) => {
    if (!(await file.stat()).isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EINVAL' });
    await file.truncate(0);
    await file.writeFile(bytes);
    await file.sync();
  });
}

async function using<T>(file: FileHandle, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
