import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LIMITS } from '../kernel/limits.js';
import { readBounded } from './read-file.js';

/** Watches a set of files until closed. */
export interface FileWatcher {
  /**
   * Watches these files (absolute paths) instead. To be called before the files are read: a change after the call is
   * told, one before it is not, except that of a file that was watched already.
   */
  replace(files: readonly string[]): Promise<void>;
  /**
   * Whether the files still say what was told last. If not, what was read of them since may be half of one state and half of
   * another; the change is told once they have come to rest.
   */
  isAtRest(): Promise<boolean>;
  /** Ends everything; no call back comes after it. */
  close(): void;
}

/** How a watcher tells of changes, and how often it looks. */
export interface WatchOptions {
  /** Called once per change, when the files have come to rest, with the paths whose content is another one. Calls never overlap. */
  readonly onChange: (changed: readonly string[]) => void | Promise<void>;
  /** What `onChange` threw or rejected with. The watcher goes on. */
  readonly onError: (error: unknown) => void;
  readonly pollMs?: number;
  readonly settleMs?: number;
  /** Monotonic time, ms. Tests replace it. */
  readonly nowMs?: () => number;
}

/**
 * Watches files by content. The system's notices only say when to look: directories are watched, not files, because
 * editors save by renaming and Kubernetes swaps a symbolic link (`..data`) beside the file; and a poll finds what no
 * notice tells (network file systems, links further up). A change counts once what was read stands unchanged for
 * `settleMs`, so that a half-written file is not taken for the new one. Absent and unreadable files are states like any other.
 */
export async function watchFiles(files: readonly string[], options: WatchOptions): Promise<FileWatcher> {
  const watcher = new ContentWatcher(options);
  await watcher.replace(files);
  return watcher;
}

class ContentWatcher implements FileWatcher {
  readonly #options: WatchOptions;
  readonly #settleMs: number;
  readonly #nowMs: () => number;
  readonly #poll: NodeJS.Timeout;
  readonly #directories = new Map<string, { watcher: FSWatcher; inode: string }>();
  /** Digest of each file as last told. */
  #told = new Map<string, string>();
  /** Digest of each file as last seen. */
  #seen = new Map<string, string>();
  /** When the reading had ended that first saw it. */
  #seenSinceMs = 0;
  #settle: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#settleMs = options.settleMs ?? LIMITS.watchSettleMs;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#poll = setInterval(() => void this.#look(), options.pollMs ?? LIMITS.watchPollMs);
    this.#poll.unref();
  }

  async replace(files: readonly string[]): Promise<void> {
    const digests = await digestsOf(new Set(files));
    this.#told = new Map([...digests].map(([file, digest]) => [file, this.#told.get(file) ?? digest]));
    this.#seen = digests;
    this.#seenSinceMs = this.#nowMs();
    await this.#watchDirectories();
  }

  async isAtRest(): Promise<boolean> {
    const told = this.#told;
    const moved = differences(told, await digestsOf(told.keys()));
    // Told whatever they say then, even what was told before.
    for (const file of moved) told.set(file, MOVED);
    if (moved.length > 0) this.#lookSoon();
    return moved.length === 0;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    for (const { watcher } of this.#directories.values()) watcher.close();
    this.#directories.clear();
  }

  /** One look at a time; a notice during a look asks for another one. */
  async #look(): Promise<void> {
    if (this.#closed) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    try {
      await this.#compare();
      await this.#watchDirectories();
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#looking = false;
    }
    if (!this.#lookAgain) return;
    this.#lookAgain = false;
    this.#lookSoon();
  }

  async #compare(): Promise<void> {
    const told = this.#told;
    const beginMs = this.#nowMs();
    const current = await digestsOf(told.keys());
    // The set of files was replaced during the reading.
    if (this.#closed || told !== this.#told) return;
    if (differences(this.#seen, current).length > 0) {
      this.#seen = current;
      this.#seenSinceMs = this.#nowMs();
    }
    const changed = differences(told, current);
    if (changed.length === 0) return;
    // By the clock: a look for a notice and one of the poll may come directly one after the other.
    if (beginMs - this.#seenSinceMs < this.#settleMs) return this.#lookSoon();
    this.#told = current;
    await this.#options.onChange(changed);
  }

  #lookSoon(): void {
    if (this.#closed) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.#look(), this.#settleMs);
    this.#settle.unref();
  }

  /** Watches the directory of each file, anew where it has become another one (moved away, or behind a swapped link). */
  async #watchDirectories(): Promise<void> {
    const wanted = new Set([...this.#told.keys()].map(dirname));
    for (const [directory, { watcher }] of this.#directories) {
      if (wanted.has(directory)) continue;
      watcher.close();
      this.#directories.delete(directory);
    }
    for (const directory of wanted) await this.#watchDirectory(directory);
  }

  async #watchDirectory(directory: string): Promise<void> {
    const inode = await inodeOf(directory);
    const known = this.#directories.get(directory);
    if (this.#closed || known?.inode === inode) return;
    known?.watcher.close();
    this.#directories.delete(directory);
    if (inode === '') return;
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#lookSoon());
      watcher.on('error', () => watcher.close());
      this.#directories.set(directory, { watcher, inode });
    } catch {
      // Out of inotify watches, or gone this moment: the poll goes on without notices.
    }
  }
}

/** In place of a digest: equal to none. */
const MOVED = 'moved';

async function inodeOf(path: string): Promise<string> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}

async function digestsOf(files: Iterable<string>): Promise<Map<string, string>> {
  const digests = await Promise.all([...files].map(async (file) => [file, await digestOf(file)] as const));
  return new Map(digests);
}

async function digestOf(file: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readBounded(file))
      .digest('hex');
  } catch {
    return 'unreadable';
  }
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...after.keys()].filter((file) => before.get(file) !== after.get(file));
}
