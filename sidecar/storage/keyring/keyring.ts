import { JiminiError } from '../../kernel/errors.js';
import { LIMITS } from '../../kernel/limits.js';
import { prepareDirectory } from '../data-directory.js';
import { KeyringFile } from './keyring-file.js';

/** The keyring of one log. Structurally the port of whoever seals. */
export interface OpenedKeyring {
  /** Makes the directory when it is not there, and opens what is in it. Rejects with `JIMINI_KEYRING_UNAVAILABLE`, or `JIMINI_CONFIG_INVALID` when others may write to it. */
  open(): Promise<void>;
  ids(): Iterable<string>;
  get(id: string): Uint8Array | undefined;
  /** Opens the keyring first when it is not open. After a failure it is opened again, at most every `LIMITS.keyringReopenMs`. */
  obtain(id: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * The keyring in `<directory>/<logId>`, so that logs which are given one directory do not write to one file. `key` is the
 * setting that named the directory, for messages. Nothing is touched before it is needed.
 */
export function createKeyring(directory: string, logId: string, key: string): OpenedKeyring {
  return new ReopeningKeyring(directory, logId, key);
}

/** What a failed write has left on disk is known again once the file has been opened anew. */
class ReopeningKeyring implements OpenedKeyring {
  readonly #directory: string;
  readonly #logId: string;
  readonly #key: string;
  #file: Promise<KeyringFile> | undefined;
  #opened: KeyringFile | undefined;
  #failedMs = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  #isClosed = false;

  constructor(directory: string, logId: string, key: string) {
    this.#directory = directory;
    this.#logId = logId;
    this.#key = key;
  }

  async open(): Promise<void> {
    await this.#current();
  }

  ids(): Iterable<string> {
    return this.#opened?.ids() ?? [];
  }

  get(id: string): Uint8Array | undefined {
    return this.#opened?.get(id);
  }

  async obtain(id: string): Promise<Uint8Array> {
    const file = await this.#current();
    try {
      return await file.obtain(id);
    } catch (error) {
      if (JiminiError.from(error).code === 'JIMINI_KEYRING_UNAVAILABLE') await this.#giveUp(file, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#file?.catch(() => undefined))?.close();
  }

  #current(): Promise<KeyringFile> {
    this.#file ??= this.#open();
    return this.#file;
  }

  async #open(): Promise<KeyringFile> {
    try {
      if (this.#isClosed) throw new JiminiError('JIMINI_KEYRING_UNAVAILABLE', 'the keyring is closed');
      if (performance.now() - this.#failedMs < LIMITS.keyringReopenMs) throw this.#failure;
      const path = await prepareDirectory(this.#directory, this.#key, this.#logId);
      this.#opened = await KeyringFile.open(path);
      return this.#opened;
    } catch (error) {
      if (error !== this.#failure) this.#failed(error);
      this.#file = undefined;
      throw error;
    }
  }

  /** Several may have waited for the same failing write. */
  async #giveUp(file: KeyringFile, error: unknown): Promise<void> {
    if (this.#opened !== file || !this.#file) return;
    this.#file = undefined;
    this.#failed(error);
    await file.close().catch(() => undefined);
  }

  #failed(error: unknown): void {
    this.#failure = error;
    this.#failedMs = performance.now();
  }
}
