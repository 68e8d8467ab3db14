import { randomBytes } from 'node:crypto';
import { chmod, type FileHandle, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEY_BYTES } from '../../kernel/aead.js';
import { JiminiError } from '../../kernel/errors.js';
import { syncDirectory } from '../data-directory.js';
import { headerLine, isHeaderOf, isKeyId, keyLine, readHeader, readKeyLine } from './keyring-lines.js';

/**
 * Keys of people, days and holds, in a directory outside the log's database: there a deleted key would stay for weeks.
 *
 * Two files take turns. Keys are added at the end of the one in force. To destroy keys the others are written to the other
 * file, under a new master key; the old file and the old master key are overwritten and removed, so that an image of the
 * old file opens nothing.
 */
export class KeyringFile {
  readonly #directory: string;
  #file: FileHandle;
  #inForce: Generation;
  readonly #keys: Map<string, Buffer>;
  #work: Promise<unknown> = Promise.resolve();
  #waiting = new Map<string, Buffer>();
  #failed: JiminiError | undefined;

  private constructor(directory: string, file: FileHandle, inForce: Generation, keys: Map<string, Buffer>) {
    this.#directory = directory;
    this.#file = file;
    this.#inForce = inForce;
    this.#keys = keys;
  }

  /**
   * Opens the keyring of a directory, which is made (mode 0700) when it is not there. Rejects with
   * `JIMINI_KEYRING_UNAVAILABLE` when it cannot be read, or when any key in it cannot be opened: a key that is lost is
   * somebody's data that is lost, which must not happen unnoticed. With `isBegun` there were keys before: files without any are
   * then no first start that was cut off, and are not written over.
   */
  static async open(directory: string, isBegun = false): Promise<KeyringFile> {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const newest = await newestSlot(directory);
      if (!newest) {
        if (isBegun && (await readdir(directory)).length > 0) throw new Error('it has files, and no keys in them');
        const first = { number: 1, slot: SLOTS[0], master: randomBytes(KEY_BYTES) };
        return new KeyringFile(directory, await writeGeneration(directory, first, new Map()), first, new Map());
      }
      const { slot } = newest.generation;
      // Kubernetes opens every file of a volume to its fsGroup when it mounts it.
      for (const name of [slot, masterOf(slot)]) await chmod(join(directory, name), 0o600);
      return await keepingOpen(await open(join(directory, slot), 'a'), async (file) => {
        await file.truncate(newest.bytes);
        await file.sync();
        const keyring = new KeyringFile(directory, file, newest.generation, newest.keys);
        await keyring.#removeAllBut(newest.generation);
        return keyring;
      });
    } catch (error) {
      throw unavailable(directory, error);
    }
  }

  /** Ids of all keys. */
  ids(): IterableIterator<string> {
    return this.#keys.keys();
  }

  /** The key, if it is there and durable. */
  get(id: string): Uint8Array | undefined {
    return this.#keys.get(id);
  }

  /**
   * The key, made when it is not there. Resolves after it is on disk; those that are asked for meanwhile are written
   * together. Rejects with `JIMINI_KEYRING_UNAVAILABLE`, and from then on always: what is on disk is not known then.
   */
  async obtain(id: string): Promise<Uint8Array> {
    const known = this.#keys.get(id);
    if (known) return known;
    if (!isKeyId(id)) throw new JiminiError('JIMINI_INVALID_ARGUMENT', 'not an id that a keyring takes');
    const waiting = this.#waiting;
    if (!waiting.has(id)) waiting.set(id, randomBytes(KEY_BYTES));
    await this.#next(() => this.#append(waiting));
    return this.#keys.get(id) as Buffer;
  }

  /** Destroys keys for good. Resolves after nothing on disk, as far as files say, can open them. Ids without a key are passed over. */
  async destroy(ids: Iterable<string>): Promise<void> {
    const gone = new Set(ids);
    await this.#next(() => this.#rewrite(gone));
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.#work;
    await this.#file.close();
  }

  /** One after the other; the first failure is everybody's from then on. */
  async #next(task: () => Promise<void>): Promise<void> {
    const done = this.#work.then(async () => {
      if (this.#failed) throw this.#failed;
      try {
        await task();
      } catch (error) {
        this.#failed = unavailable(this.#directory, error);
        throw this.#failed;
      }
    });
    this.#work = done.catch(() => undefined);
    await done;
  }

  async #append(added: Map<string, Buffer>): Promise<void> {
    if (added !== this.#waiting || added.size === 0) return;
    this.#waiting = new Map();
    const { master, number } = this.#inForce;
    const lines = Array.from(added).filter(([id]) => !this.#keys.has(id));
    await this.#file.appendFile(lines.map(([id, key]) => keyLine(id, key, master, number)).join(''));
    await this.#file.datasync();
    for (const [id, key] of lines) this.#keys.set(id, key);
  }

  async #rewrite(gone: ReadonlySet<string>): Promise<void> {
    const kept = new Map(Array.from(this.#keys).filter(([id]) => !gone.has(id)));
    if (kept.size === this.#keys.size) return;
    const slot = SLOTS.find((other) => other !== this.#inForce.slot) as string;
    const next = { number: this.#inForce.number + 1, slot, master: randomBytes(KEY_BYTES) };
    const file = await writeGeneration(this.#directory, next, kept);
    await this.#file.close();
    this.#file = file;
    this.#inForce = next;
    await this.#removeAllBut(next);
    for (const id of gone) {
      this.#keys.get(id)?.fill(0);
      this.#keys.delete(id);
    }
  }

  async #removeAllBut(kept: Generation): Promise<void> {
    const old = SLOTS.filter((slot) => slot !== kept.slot);
    for (const slot of old)
      for (const name of [slot, masterOf(slot)]) await overwriteAndRemove(join(this.#directory, name));
    await syncDirectory(this.#directory);
  }
}

const SLOTS = ['keys-a', 'keys-b'] as const;

interface Generation {
  readonly number: number;
  readonly slot: string;
  readonly master: Uint8Array;
}

interface ReadSlot {
  readonly generation: Generation;
  readonly keys: Map<string, Buffer>;
  /** Length of what is whole. */
  readonly bytes: number;
}

function masterOf(slot: string): string {
  return `${slot}.master`;
}

/**
 * The slot in force; undefined when there is no keyring yet. Throws when there was one and it is not whole: while one
 * slot is being written the other one is still there.
 */
async function newestSlot(directory: string): Promise<ReadSlot | undefined> {
  const slots = await Promise.all(SLOTS.map((slot) => readSlot(directory, slot)));
  const whole = slots.filter((slot) => typeof slot === 'object');
  if (whole.length === 0 && slots.includes('cut')) throw new Error('no file of it is whole');
  return whole.toSorted((a, b) => b.generation.number - a.generation.number)[0];
}

/**
 * What a slot holds. `none` = it is not there, or the writing of its first line did not end; `cut` = it has fewer keys than
 * it was written with. Throws when it has all of them and one does not open.
 */
async function readSlot(directory: string, slot: string): Promise<ReadSlot | 'none' | 'cut'> {
  const text = await readIfThere(join(directory, slot));
  const end = (text?.lastIndexOf(LINE_END) ?? -1) + 1;
  if (!text || end === 0) return 'none';
  const [first = '', ...lines] = text.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  const header = readHeader(first);
  if (!header || lines.length < header.count) return 'cut';
  const master = await readIfThere(join(directory, masterOf(slot)));
  if (!master || !isHeaderOf(master, header)) throw new Error(`${slot}: the master key is not that of the file`);
  const keys = new Map<string, Buffer>();
  for (const [index, line] of lines.entries()) {
    const read = readKeyLine(line, master, header.generation);
    if (!read) throw new Error(`${slot}: the key in line ${index + 2} does not open`);
    keys.set(read.id, read.key);
  }
  return { generation: { number: header.generation, slot, master }, keys, bytes: end };
}

const LINE_END = 0x0a;

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Master key first: a file of keys without one would be a fault, a master key without a file is nothing. */
async function writeGeneration(
  directory: string,
  generation: Generation,
  keys: ReadonlyMap<string, Buffer>,
): Promise<FileHandle> {
  const { slot, master, number } = generation;
  await rm(join(directory, slot), { force: true });
  await writeFile(join(directory, masterOf(slot)), master, { mode: 0o600, flush: true });
  await syncDirectory(directory);
  return keepingOpen(await open(join(directory, slot), 'wx', 0o600), async (file) => {
    const lines = Array.from(keys, ([id, key]) => keyLine(id, key, master, number));
    await file.appendFile(headerLine({ generation: number, count: keys.size }, master) + lines.join(''));
    await file.sync();
    await syncDirectory(directory);
    return file;
  });
}

/** Who tries to open a keyring again each second must not run out of files. */
async function keepingOpen<T>(file: FileHandle, work: (file: FileHandle) => Promise<T>): Promise<T> {
  return work(file).catch(async (error) => {
    await file.close().catch(() => undefined);
    throw error;
  });
}

/** As far as a file system lets one: what lay in its blocks is gone where it writes in place. */
async function overwriteAndRemove(path: string): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return;
  try {
    const { size } = await file.stat();
    await file.write(Buffer.alloc(size), 0, size, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(path);
}

function unavailable(directory: string, cause: unknown): JiminiError {
  if (cause instanceof JiminiError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code ?? message;
  const advice =
    'restore it from a backup of the same moment, or start with another one (what its keys open is lost then)';
  return new JiminiError('JIMINI_KEYRING_UNAVAILABLE', `the keyring ${directory} cannot be used (${why}): ${advice}`, {
    cause,
  });
}
