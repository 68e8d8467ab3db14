import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { syncDirectory } from '../storage/data-directory.js';

/** The checkpoint of a log that a witness cosigned last. */
export interface Known {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
  /** The signed checkpoint, verbatim. */
  readonly note: Buffer;
}

/** What a witness remembers of one log. One call at a time. */
export interface LogState {
  /**
   * What is on disk, and stays there; undefined = this log was never cosigned. Rejects with `JIMINI_STORE_CORRUPT` when the
   * file is damaged: who guesses then may sign two histories.
   */
  load(): Promise<Known | undefined>;
  /**
   * Puts a checkpoint in the place of what `load` gave last, and resolves once it is on disk. Rejects with
   * `JIMINI_STORE_UNAVAILABLE` when it cannot be written, or another process was faster; `load` must be called again then.
   */
  save(known: Known): Promise<void>;
}

const FIRST_LINE = 'jimini-witness/v1\n';
/** A SHA-256 in hex and a newline. */
const TRAILER_BYTES = 65;
const FILE_BYTES_MAX = FIRST_LINE.length + LIMITS.noteBytesMax + TRAILER_BYTES;
const NAME = /^[0-9]{16}$/;

/**
 * The state of one log in a directory of its own. Each checkpoint is a file named after a number that grows, written aside,
 * synced, and linked into its place: unlike a rename, a link never takes the place of what another process wrote, so that
 * two processes on one directory cannot roll each other back.
 */
export async function openLogState(directory: string): Promise<LogState> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // A new directory is only there for good when those that it lies in are synced.
  for (const path of [dirname(directory), dirname(dirname(directory))]) await syncDirectory(path);
  for (const name of await readdir(directory)) if (name.startsWith('partial-')) await rm(join(directory, name));
  let generation = 0;
  const pathOf = (number: number) => join(directory, String(number).padStart(16, '0'));

  const generations = async () =>
    (await readdir(directory))
      .filter((name) => NAME.test(name))
      .map(Number)
      .sort((a, b) => b - a);

  return {
    async load() {
      const [newest] = await generations();
      generation = newest ?? 0;
      // What an earlier process left in the cache of the system counts only once it is on disk.
      const known = newest === undefined ? undefined : await readSynced(pathOf(newest));
      await syncDirectory(directory);
      return known;
    },
    async save({ note }) {
      const next = generation + 1;
      const partial = join(directory, `partial-${process.pid}`);
      try {
        await writeFile(partial, formatFile(note), { mode: 0o600, flush: true });
        await link(partial, pathOf(next));
        await rm(partial);
        await syncDirectory(directory);
      } catch (cause) {
        const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
        throw unavailable(directory, `cannot be written (${code})`, cause);
      }
      // Another process that is further on may have removed the file whose place this one took.
      const found = await generations();
      if (found[0] !== next) throw unavailable(directory, 'is written by another process, too');
      generation = next;
      for (const old of found.slice(1)) await rm(pathOf(old), { force: true }).catch(() => undefined);
    },
  };
}

/** A first line, the note, and a hash over both. */
function formatFile(note: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(FIRST_LINE), note]);
  return Buffer.concat([body, trailerOf(body)]);
}

function parseFile(bytes: Buffer): Known | undefined {
  const body = bytes.subarray(0, -TRAILER_BYTES);
  if (!bytes.subarray(body.length).equals(trailerOf(body))) return undefined;
  if (body.toString('latin1', 0, FIRST_LINE.length) !== FIRST_LINE) return undefined;
  const note = body.subarray(FIRST_LINE.length);
  const [, size = '', root = ''] = note.toString('utf8').split('\n', 3);
  return { size: Number(size), root: Buffer.from(root, 'base64'), note };
}

function trailerOf(body: Uint8Array): Buffer {
  return Buffer.from(`${createHash('sha256').update(body).digest('hex')}\n`);
}

async function readSynced(path: string): Promise<Known> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(FILE_BYTES_MAX + 1), 0, FILE_BYTES_MAX + 1, 0);
    const known = parseFile(buffer.subarray(0, bytesRead));
    const advice = 'put back the file that belongs there, or begin with a new state directory and a new key';
    if (!known) throw new JiminiError('JIMINI_STORE_CORRUPT', `the witness state ${path} is damaged: ${advice}`);
    await file.sync();
    return known;
  } finally {
    await file.close();
  }
}

function unavailable(directory: string, what: string, cause?: unknown): JiminiError {
  return new JiminiError('JIMINI_STORE_UNAVAILABLE', `the witness state ${directory} ${what}`, { cause });
}
