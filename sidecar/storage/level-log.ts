import { ClassicLevel } from 'classic-level';
import { type Boundary, boundaryKey, boundaryKeys, parseBoundaryKey } from './boundary-key.js';
import { envelopeKey, payloadKeysOf } from './envelope-key.js';
import { firstKeyOf, KEPT_LEAF_KEYS, keptLeafKey, LEAF_KEYS, leafKey, parseLeafKey } from './leaf-key.js';
import { createLeafTiles, hashesOfRows } from './leaf-tiles.js';
import { pageOfEnvelopes, placeOf } from './payload-page.js';
import { type KeyRange, removableRanges } from './removable.js';
import { hasRowsBehind, removeRowsBehind } from './rows-behind.js';
import { damagedKey, damagedTile, storeError } from './store-error.js';
import { firstTileKeyOf, firstTreeKeyOf, parseTreeKey, TILE_WIDTH, treeKey, treeKeysOf } from './tree-key.js';
import { countUnknownRows } from './unknown-rows.js';

/** A leaf as this store takes and gives it. Structurally the row of the log's store port. */
interface Row {
  readonly seq: number;
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** A leaf that is to be written, with the sealed payload beside it. */
interface NewRow extends Row {
  readonly envelope?: Uint8Array;
}

/** A hash of the tree over the leaves, of level 1 or above (docs/log-tree.md). */
interface TreeHash {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
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
  /** Told once, when it is closed. */
  readonly onClosed?: () => void;
}

/**
 * Written to a table at one time; LevelDB's default is 4 MiB. Leaves, envelopes and hashes of the tree have three ranges of keys, so that
 * every table overlaps all others and is merged with them: a third of that work with tables four times as large.
 */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
/**
 * Tables kept open, 10 fewer. LevelDB maps them, so that whoever reads a long log fills memory with its pages: with LevelDB's own 1,000 the daily
 * reading took up to 2 GB of it. It takes no smaller number than this.
 */
const OPEN_FILES_MAX = 74;
/** Pairs fetched at once: enough to make crossing into native code cheap. */
const ROWS_PER_FETCH = 1_000;
const FETCH_BYTES_MAX = 1024 * 1024;

/** One open LevelDB that holds one log. */
export class LevelLog {
  readonly #db: ClassicLevel<Uint8Array, Uint8Array>;
  readonly #shownAs: string;
  #onClosed: (() => void) | undefined;
  /** Last key that was removed, by range. LevelDB would pass over all that was removed before it, each time. */
  readonly #removedTo = new Map<KeyRange['name'], Uint8Array>();
  readonly #leafTiles = createLeafTiles();

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
      maxOpenFiles: OPEN_FILES_MAX,
      writeBufferSize: WRITE_BUFFER_BYTES,
    });
    const log = new LevelLog(db, options.shownAs ?? directory);
    await log.#guarded(() => db.open());
    log.#onClosed = options.onClosed;
    return log;
  }

  /**
   * Writes all rows or none, with their envelopes, the tree hashes and the tiles that they complete, and resolves after they are synced. With
   * `removeBehind`, what lies behind a log of so many leaves is removed: the last of it together with the rows. After a rejection only `close` may
   * be called.
   */
  async write(rows: readonly NewRow[], hashes: readonly TreeHash[] = [], removeBehind?: number): Promise<void> {
    const pairs: Change[] =
      removeBehind === undefined ? [] : (await this.#guarded(() => removeRowsBehind(this.#db, removeBehind))).map(del);
    for (const { seq, hash, bytes } of rows) pairs.push(put(leafKey(seq, hash), bytes));
    for (const { seq, envelope } of rows) if (envelope) pairs.push(put(envelopeKey(seq), envelope));
    for (const { level, index, hash } of hashes) pairs.push(put(treeKey(level, index, hash), NOTHING));
    for (const { key, value } of this.#leafTiles.rowsOf(rows, hashes)) pairs.push(put(key, value));
    await this.#guarded(() => this.#db.batch(pairs, { sync: true }));
  }

  /**
   * The first `width` hashes of a tile, 32 bytes each. Those of a full tile of level 0 are one row, if there is one; else they come from
   * the keys of the leaves. Rejects with `JIMINI_STORE_CORRUPT` when they are not all there, or one of them is there twice.
   */
  async readTile(level: number, index: number, width: number): Promise<Buffer> {
    const stored = level === 0 && width === TILE_WIDTH ? await this.#leafTile(index) : undefined;
    if (stored) return stored;
    const first = index * TILE_WIDTH;
    const keyOf = (at: number) => (level === 0 ? firstKeyOf(at) : firstTreeKeyOf(level, at));
    const range = { gte: keyOf(first), lt: keyOf(first + width) };
    const keys = await this.#guarded(() => this.#db.keys({ ...range, limit: width + 1 }).all());
    const hashes = keys.map((key, at) => hashAt(key, level, first + at));
    if (hashes.length !== width) throw damagedTile(level, index);
    return Buffer.concat(hashes);
  }

  /** Whether envelopes, tombstones, hashes of the tree or boundaries are there that a log of `size` leaves has not. */
  hasRowsBehind(size: number): Promise<boolean> {
    return this.#guarded(() => hasRowsBehind(this.#db, size));
  }

  /** The envelope beside a leaf, as it is stored; undefined when there is none. */
  async envelope(seq: number): Promise<Uint8Array | undefined> {
    return this.#guarded(() => this.#db.get(envelopeKey(seq)));
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

  /**
   * Envelopes and tombstones beside leaves from `seq` on to before `end`, or to before an earlier leaf, once the envelopes have `bytesMax` bytes.
   * Envelopes are read first: where one is replaced by its tombstone meanwhile both are told, never neither.
   */
  async payloadPage(seq: number, end: number, bytesMax: number) {
    const page = await pageOfEnvelopes(this.#pairs(envelopeKey(seq), envelopeKey(end)), end, bytesMax);
    const range = { gte: envelopeKey(seq, 'tombstone'), lt: envelopeKey(page.end, 'tombstone'), fillCache: false };
    const keys = await this.#guarded(() => this.#db.keys({ ...range, limit: page.end - seq }).all());
    return { ...page, erased: new Set(keys.map(placeOf)) };
  }

  /** Leaves from `seq` on, ascending. */
  async *rowsFrom(seq: number): AsyncGenerator<Row> {
    for await (const { key, value } of this.#pairs(firstKeyOf(seq))) yield rowOf(key, value);
  }

  /** Notes that leaves below `minSeq` are removed from here on, with the `key` leaves among them, and resolves after that is synced. */
  async writeBoundary(boundary: Boundary, keyLeaves: readonly Row[]): Promise<void> {
    const pairs = keyLeaves.map(({ seq, hash, bytes }) => put(keptLeafKey(seq, hash), bytes));
    pairs.push(put(boundaryKey(boundary), NOTHING));
    await this.#guarded(() => this.#db.batch(pairs, { sync: true }));
  }

  /** What was noted so, ascending. A key that is none is not told. */
  async boundaries(): Promise<Boundary[]> {
    const keys = await this.#guarded(() => this.#db.keys(boundaryKeys()).all());
    return keys.flatMap((key) => parseBoundaryKey(key) ?? []);
  }

  /** `key` leaves from below boundaries, ascending. */
  async keptKeyLeaves(): Promise<Row[]> {
    const pairs = await this.#guarded(() => this.#db.iterator(KEPT_LEAF_KEYS).all());
    return pairs.map(([key, value]) => rowOf(key, value));
  }

  /**
   * Removes what belongs to leaves below `minSeq` and is not needed for what is left, the first `count` rows of it, and resolves
   * with their number; nothing is synced. What one handle has removed it does not look for again. After a rejection only `close` may
   * be called.
   */
  async removeBelow(minSeq: number, count: number): Promise<number> {
    let removed = 0;
    for (const { name, gte, lt } of removableRanges(minSeq)) {
      if (removed === count) break;
      const range = { gte: this.#removedTo.get(name) ?? gte, lt, limit: count - removed, fillCache: false };
      const keys = await this.#guarded(() => this.#db.keys(range).all());
      const last = keys.at(-1);
      if (!last) continue;
      await this.#guarded(() => this.#db.batch(keys.map(del)));
      this.#removedTo.set(name, last);
      removed += keys.length;
    }
    return removed;
  }

  /**
   * Gives the space back of what was removed from leaf `first` to before `end`; LevelDB does not by itself before much else is written
   * there, and passes over what was removed each time it looks for what comes first. It works in its own thread, and closing waits for it.
   */
  async compact(first: number, end: number): Promise<void> {
    await this.#guarded(() => this.#db.compactRange(firstKeyOf(first), firstKeyOf(end)));
    await this.#guarded(() => this.#db.compactRange(envelopeKey(first), envelopeKey(end)));
    await this.#guarded(() => this.#db.compactRange(firstTileKeyOf(first), firstTileKeyOf(end)));
  }

  /** Every pair whose key begins as those of leaves do, whether it is one or not; those from a number on, if that is not 0. */
  rawRows(first = 0): AsyncGenerator<RawRow> {
    return this.#pairs(first === 0 ? LEAF_KEYS.gte : firstKeyOf(first));
  }

  /** Every pair whose key begins as those of tree hashes do, or as those of one level. */
  rawTreeRows(level?: number): AsyncGenerator<RawRow> {
    const { gte, lt } = treeKeysOf(level);
    return this.#pairs(gte, lt);
  }

  /** Every pair whose key begins as those of envelopes do, or as those of tombstones. */
  rawPayloadRows(kind: 'envelope' | 'tombstone'): AsyncGenerator<RawRow> {
    const { gte, lt } = payloadKeysOf(kind);
    return this.#pairs(gte, lt);
  }

  /** Rows whose keys begin as none of a log do. */
  countUnknownRows(): Promise<number> {
    return this.#guarded(() => countUnknownRows(this.#db));
  }

  async close(): Promise<void> {
    await this.#guarded(() => this.#db.close());
    this.#onClosed?.();
    this.#onClosed = undefined;
  }

  async #leafTile(index: number): Promise<Buffer | undefined> {
    const range = { gte: firstTreeKeyOf(0, index), lt: firstTreeKeyOf(0, index + 1), limit: 2 };
    return hashesOfRows(await this.#guarded(() => this.#db.values(range).all()));
  }

  async *#pairs(gte: Uint8Array, lt: Uint8Array = LEAF_KEYS.lt): AsyncGenerator<RawRow> {
    const range = { gte, lt, fillCache: false, highWaterMarkBytes: FETCH_BYTES_MAX };
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

const NOTHING = new Uint8Array(0);

type Change =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

function put(key: Uint8Array, value: Uint8Array): Change {
  return { type: 'put', key, value };
}

function del(key: Uint8Array): Change {
  return { type: 'del', key };
}

/** The hash in a key, which must be that of this place. */
function hashAt(key: Uint8Array, level: number, index: number): Buffer {
  const leaf = level === 0 ? parseLeafKey(key) : undefined;
  const node = level === 0 ? undefined : parseTreeKey(key);
  if (leaf?.seq === index) return Buffer.from(leaf.hash, 'hex');
  if (node?.level === level && node.index === index) return node.hash;
  throw damagedTile(level, Math.floor(index / TILE_WIDTH));
}

function rowOf(key: Uint8Array, bytes: Uint8Array): Row {
  const parts = parseLeafKey(key);
  if (!parts) throw damagedKey();
  return { ...parts, bytes };
}
