import { ClassicLevel } from 'classic-level';
import type { JiminiError } from '../kernel/errors.js';
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

/** Pairs fetched at once: enough to make crossing into native code cheap. */
const ROWS_PER_FETCH = 1_000;
const FETCH_BYTES_MAX = 1024 * 1024;

/** One open LevelDB that holds one log. */
export class LevelLog {
  readonly #db: ClassicLevel<Uint8Array, Uint8Array>;

  private constructor(db: ClassicLevel<Uint8Array, Uint8Array>) {
    this.#db = db;
  }

  /** Opens the LevelDB in `directory`, which only one handle can have open. Rejects with a `JIMINI_STORE_*` error. */
  static async open(directory: string, options: { create: boolean }): Promise<LevelLog> {
    const db = new ClassicLevel<Uint8Array, Uint8Array>(directory, { keyEncoding: 'view', valueEncoding: 'view' });
    try {
      await db.open({ createIfMissing: options.create });
    } catch (error) {
      throw storeError(error, directory);
    }
    return new LevelLog(db);
  }

  /** Writes all rows or none, and resolves after they are synced. After a rejection only `close` may be called. */
  async write(rows: readonly Row[]): Promise<void> {
    const puts = rows.map(({ seq, hash, bytes }) => ({ type: 'put' as const, key: leafKey(seq, hash), value: bytes }));
    await this.#db.batch(puts, { sync: true }).catch((error: unknown) => this.#fail(error));
  }

  /** The last `count` leaves, ascending. */
  async lastRows(count: number): Promise<Row[]> {
    const options = { ...LEAF_KEYS, reverse: true, limit: count };
    const pairs = await this.#db
      .iterator(options)
      .all()
      .catch((error: unknown) => this.#fail(error));
    return pairs.map(([key, value]) => rowOf(key, value)).reverse();
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
    await this.#db.close().catch((error: unknown) => this.#fail(error));
  }

  async *#pairs(gte: Uint8Array): AsyncGenerator<RawRow> {
    const range = { gte, lt: LEAF_KEYS.lt, fillCache: false, highWaterMarkBytes: FETCH_BYTES_MAX };
    const iterator = this.#db.iterator(range);
    try {
      for (;;) {
        const pairs = await iterator.nextv(ROWS_PER_FETCH).catch((error: unknown) => this.#fail(error));
        if (pairs.length === 0) return;
        for (const [key, value] of pairs) yield { key, value };
      }
    } finally {
      await iterator.close();
    }
  }

  #fail(error: unknown): never {
    throw storeError(error, this.#db.location) satisfies JiminiError;
  }
}

function rowOf(key: Uint8Array, bytes: Uint8Array): Row {
  const parts = parseLeafKey(key);
  if (!parts) throw damagedKey();
  return { ...parts, bytes };
}
