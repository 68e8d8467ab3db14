import { JiminiError } from '../../kernel/errors.js';
import { LIMITS } from '../../kernel/limits.js';
import { prepareDirectory } from '../data-directory.js';
import { KeyringFile } from './keyring-file.js';

/** Where the keyring of a log lies. */
export interface KeyringOptions {
  /** The keyring is in `<directory>/<logId>`, so that logs which are given one directory do not write to one file. */
  readonly directory: string;
  readonly logId: string;
  /** The setting that names the directory, for messages. */
  readonly setting: string;
  /** The log has leaves, so that there were keys before. */
  readonly isBegun?: boolean;
  /** Told when it cannot be opened or written, at most every `LIMITS.keyringReopenMs`. */
  readonly onFailure?: (error: JiminiError) => void;
}

/**
 * The keyring of one log, structurally the port of whoever seals. It is opened when it is needed for the first time, and opened
 * again after a failure: what a failed write has left on disk is known then.
 */
export class Keyring {
  readonly #options: KeyringOptions;
  #file: Promise<KeyringFile> | undefined;
  /** The last one that was open; what it knows is durable, whatever became of it. */
  #opened: KeyringFile | undefined;
  #failure: { readonly error: JiminiError; readonly atMs: number } | undefined;
  #isClosed = false;

  constructor(options: KeyringOptions) {
    this.#options = options;
  }

  /**
   * Makes the directory when it is not there, and opens what is in it. Rejects with `JIMINI_KEYRING_UNAVAILABLE`, or with
   * `JIMINI_CONFIG_INVALID` when others may write to it.
   */
  async open(): Promise<void> {
    await this.#current();
  }

  /** Ids of all keys. */
  ids(): Iterable<string> {
    return this.#opened?.ids() ?? [];
  }

  /** The key, if it is there and durable. */
  get(id: string): Uint8Array | undefined {
    return this.#opened?.get(id);
  }

  /** The key, made when it is not there; resolves after it is on disk. Rejects as `open` does. */
  async obtain(id: string): Promise<Uint8Array> {
    const current = this.#current();
    const file = await current;
    try {
      return await file.obtain(id);
    } catch (error) {
      // Several may have waited for the same failing write.
      if (this.#file === current && JiminiError.from(error).code === 'JIMINI_KEYRING_UNAVAILABLE') {
        this.#file = undefined;
        this.#failed(error);
        await file.close().catch(() => undefined);
      }
      throw error;
    }
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const file = await this.#file?.catch(() => undefined);
    this.#file = undefined;
    await file?.close();
  }

  #current(): Promise<KeyringFile> {
    if (this.#file) return this.#file;
    const opening = this.#open();
    this.#file = opening;
    opening.catch(() => {
      if (this.#file === opening) this.#file = undefined;
    });
    return opening;
  }

  async #open(): Promise<KeyringFile> {
    if (this.#isClosed) throw new JiminiError('JIMINI_KEYRING_UNAVAILABLE', 'the keyring is closed');
    if (this.#failure && performance.now() - this.#failure.atMs < LIMITS.keyringReopenMs) throw this.#failure.error;
    const { directory, logId, setting, isBegun } = this.#options;
    try {
      this.#opened = await KeyringFile.open(await prepareDirectory(directory, setting, logId), isBegun);
      return this.#opened;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(reason: unknown): JiminiError {
    const error = JiminiError.from(reason);
    this.#failure = { error, atMs: performance.now() };
    this.#options.onFailure?.(error);
    return error;
  }
}
