import { ClassicLevel } from 'classic-level';
import { firstKeyOf, LEAF_KEYS, leafKey, parseLeafKey } from './leaf-key.js';
import { damagedKey, storeError } from './store-error.js';

/** A leaf as this store takes and gives it. Structurally the row of the log's store port. */
interface Row {
  readonly seq: number;
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** One stored pair, as raw as it lies there. */
export interface RawRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** How to open the database of a log. */
interface LevelLogOptions {
  /** Whether to make a new database where there is none. */
  readonly create: boolean;
  /** What messages call the directory, where it is a copy of another one. */
  readonly shownAs?: string;
  /** Tables kept open. LevelDB maps them, so reading a long log through many open ones fills memory with its pages. */
  readonly openFilesMax?: number;
}

/** LevelDB's own default. */
const OPEN_FILES_MAX = 1_000;
/** Pairs fetched at once: enough to make crossing into native code cheap. */
const ROWS_PER_FETCH = 1_000;
const FETCH_BYTES_MAX = 1024 * 1024;

/** One open LevelDB that holds one log. */
export class LevelLog {
  readonly #db: ClassicLevel<Uint8Array, Uint8Array>;
  readonly #shownAs: string;

  private constructor(db: ClassicLevel<Uint8Array, Uint8Array>, shownAs: string) {
    this.#db = db;
    this.#shownAs = shownAs;
  }

  /** Opens the LevelDB in `directory`, which only one handle can have open. Rejects with a `JIMINI_STORE_*` error. */
  static async open(directory: string, options: LevelLogOptions): Promise<LevelLog> {
    const db = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      createIfMissing: options.create,
      maxOpenFiles: options.openFilesMax ?? OPEN_FILES_MAX,
    });
    const log = new LevelLog(db, options.shownAs ?? directory);
    await log.#guarded(() => db.open());
    return log;
  }

  /** Writes all rows or none, and resolves after they are synced. After a rejection only `close` may be called. */
  async write(rows: readonly Row[]): Promise<void> {
    const puts = rows.map(({ seq, hash, bytes }) => ({ type: 'put' as const, key: leafKey(seq, hash), value: bytes }));
    await this.#guarded(() => this.#db.batch(puts, { sync: true }));
  }

  /** The last `count` leaves, ascending. */
  async lastRows(count: number): Promise<Row[]> {
    const options = { ...LEAF_KEYS, reverse: true, limit: count };
    const pairs = await this.#guarded(() => this.#db.iterator(options).all());
    return pairs.map(([key, value]) => rowOf(key, value)).reverse();
  }

  /**
   * At most `count` leaves from `seq` on, ascending. What keeps an iterator instead keeps every table alive that it began with,
   * however long it takes.
   */
  async page(seq: number, count: number): Promise<Row[]> {
    const gte: Uint8Array = firstKeyOf(seq);
    const options = { gte, lt: LEAF_KEYS.lt, limit: count, fillCache: false };
    const pairs = await this.#guarded(() => this.#db.iterator(options).all());
    return pairs.map(([key, value]) => rowOf(key, value));
  }

  /** Leaves from `seq` on, ascending. */
  async *rowsFrom(seq: number): AsyncGenerator<Row> {
    for await (const { key, value } of this.#pairs(firstKeyOf(seq))) yield rowOf(key, value);
  }

  /** Every pair whose key begins as those of leaves do, whether it is one or not. */
  rawRows(): AsyncGenerator<RawRow> {
    return this.#pairs(LEAF_KEYS.gte);
  }

  async close(): Promise<void> {
    await this.#guarded(() => this.#db.close());
  }

  async *#pairs(gte: Uint8Array): AsyncGenerator<RawRow> {
    const range = { gte, lt: LEAF_KEYS.lt, fillCache: false, highWaterMarkBytes: FETCH_BYTES_MAX };
    const iterator = await this.#guarded(async () => this.#db.iterator(range));
    try {
      for (;;) {
        const pairs = await this.#guarded(() => iterator.nextv(ROWS_PER_FETCH));
        if (pairs.length === 0) return;
        for (const [key, value] of pairs) yield { key, value };
      }
    } finally {
      await iterator.close();
    }
  }

  /** Runs one call of the database, whose errors are thrown or rejected as it pleases, and names what they mean. */
  async #guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw storeError(error, { location: this.#db.location, shownAs: this.#shownAs });
    }
  }
}

function rowOf(key: Uint8Array, bytes: Uint8Array): Row {
  const parts = parseLeafKey(key);
  if (!parts) throw damagedKey();
  return { ...parts, bytes };
}
