import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { type Batch, type BatchEntry, type ChainHead, formBatch } from './batch.js';
import type { Boundary, LeafRow, LogStore, LogStoreHandle } from './log-store.js';
import { addMissed, gapFields, type Missed } from './missed.js';
import { type Recovered, reconcile, recoverTail } from './recover.js';
import { type LogSigning, type LogSigningOptions, openLogSigning, type SignedState } from './signing/log-signing.js';

/** What a chain writer needs from outside. */
export interface ChainWriterOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  /** Version of the program, for the `open` leaf. */
  readonly version: string;
  readonly signing: Omit<LogSigningOptions, 'clock'>;
}

/** Rows whose write failed: on disk or not, nobody knows before the store has been opened again. */
interface Unknown {
  readonly batch: Batch;
  /** Of a batch that began with a `gap` leaf: what that leaf states. */
  readonly stated: Missed | undefined;
}

/**
 * The only thing that writes to the chain, one batch at a time. A failed write poisons the handle: LevelDB may lose
 * records that it acknowledges after an error, so nothing is written before `heal` has opened the store again and has
 * found out which of the failed rows are there.
 */
export class ChainWriter {
  readonly logId: string;
  readonly #options: ChainWriterOptions;
  readonly #signing: LogSigning;
  readonly #previous: Pick<Recovered, 'previousClose' | 'policyRevision'>;
  #handle: LogStoreHandle | undefined;
  #head: ChainHead;
  #boundary: Boundary;
  #unknown: Unknown | undefined;
  #missed: Missed | undefined;

  private constructor(options: ChainWriterOptions, handle: LogStoreHandle, recovered: Recovered, signing: LogSigning) {
    this.#options = options;
    this.logId = signing.logId;
    this.#handle = handle;
    this.#head = recovered.head;
    this.#boundary = recovered.boundary;
    this.#signing = signing;
    this.#previous = recovered;
  }

  /**
   * Opens the store, reads the end of the log and compares it with what was signed last; writes nothing to it. Rejects with a
   * `JIMINI_STORE_*` error, or as `openLogSigning` does.
   */
  static async recover(options: ChainWriterOptions): Promise<ChainWriter> {
    const handle = await options.store.open();
    try {
      const recovered = await recoverTail(handle);
      const { logId, head, boundary } = recovered;
      const { signing, clock } = options;
      const { size, epoch } = head;
      const log = { logId, size, epoch, firstSeq: boundary.minSeq, rows: handle };
      return new ChainWriter(options, handle, recovered, await openLogSigning(log, { ...signing, clock }));
    } catch (error) {
      await closeQuietly(handle);
      throw error;
    }
  }

  /**
   * Writes the `open` leaf, a `config` leaf when the run before ended under another policy, and what signing has to state, and signs
   * them. Rejects with a `JIMINI_STORE_*` error, after which only `close` is left.
   */
  async begin(policyRevision: string): Promise<void> {
    const { version } = this.#options;
    const { previousClose, policyRevision: before } = this.#previous;
    const open = {
      kind: 'open',
      version,
      policy_revision: policyRevision,
      recovered_size: this.#head.size,
      previous_close: previousClose,
    } as const;
    const changed = before !== undefined && before !== policyRevision;
    const revisions = { old_policy_revision: before ?? '', new_policy_revision: policyRevision };
    const config = changed ? [{ kind: 'config', what: 'start', ...revisions } as const] : [];
    // A run begins with its `open` leaf, also when answers are missed already.
    const missed = this.#missed;
    this.#missed = undefined;
    await this.write([open, ...config, ...this.#signing.opening].map((leafFields) => ({ leafFields })));
    await this.#signing.begin(this.#head.edge);
    this.#missed = addMissed(missed, this.#missed);
  }

  /** What is signed of them. */
  get signed(): SignedState {
    return this.#signing;
  }

  /** Leaves in the log, each of them on disk. */
  get size(): number {
    return this.#head.size;
  }

  /** Where the log begins. */
  get boundary(): Boundary {
    return this.#boundary;
  }

  /** Whether there are answers that no `gap` leaf states yet. */
  get hasMissed(): boolean {
    return this.#missed !== undefined;
  }

  /** Counts records that are answered as not recorded. */
  miss(records: number): void {
    if (records === 0) return;
    const nowMs = this.#options.clock.nowMs();
    this.#missed = addMissed(this.#missed, { records, firstMs: nowMs, lastMs: nowMs });
  }

  /**
   * Writes the entries as one group, after a `gap` leaf when there is something to state, and resolves after the sync:
   * per entry its sequence number, or why it cannot be a leaf. When it rejects nothing counts as written, every entry
   * is counted as missed, and only `heal` helps.
   */
  async write(entries: readonly BatchEntry[]): Promise<readonly (number | JiminiError)[]> {
    const handle = this.#writable();
    const stated = this.#missed;
    const batch = this.#form(stated ? [{ leafFields: gapFields(stated) }, ...entries] : entries);
    this.#missed = undefined;
    try {
      if (batch.rows.length > 0) await handle.write(batch.rows, batch.nodes);
    } catch (cause) {
      this.#unknown = { batch, stated };
      this.miss(entries.length);
      throw unavailable('a write to the log failed', cause);
    }
    this.#adopt(batch.head);
    return stated ? batch.places.slice(1) : batch.places;
  }

  /** See `LogPages`. Rejects with a `JIMINI_STORE_*` error. */
  async page(seq: number, count: number): Promise<LeafRow[]> {
    return this.#readable().page(seq, count);
  }

  /** See `KeptLeaves`. Rejects with a `JIMINI_STORE_*` error. */
  async keptKeyLeaves(): Promise<LeafRow[]> {
    return this.#readable().keptKeyLeaves();
  }

  /**
   * The log begins here from now on; resolves after that is synced. When it or `removeBelow` rejects, only `heal` helps. Not to be called
   * while something is written.
   */
  async writeBoundary(boundary: Boundary, keyLeaves: readonly LeafRow[]): Promise<void> {
    await this.#writable().writeBoundary(boundary, keyLeaves);
    this.#boundary = boundary;
  }

  /** See `LogStoreHandle`. Rejects with a `JIMINI_STORE_*` error. */
  async compact(first: number, end: number): Promise<void> {
    await this.#readable().compact(first, end);
  }

  /** Removes what belongs to leaves before the log begins, some rows of it, and resolves with their number. */
  async removeBelow(count: number): Promise<number> {
    return this.#writable().removeBelow(this.#boundary.minSeq, count);
  }

  /**
   * One attempt to go on after a failed write: closes the handle, opens the store again, settles which rows are there,
   * and writes the `gap` leaf. Resolves when the log takes records again; may be called again after a rejection.
   */
  async heal(): Promise<void> {
    await this.#drop();
    const handle = await this.#options.store.open();
    this.#handle = handle;
    if (this.#unknown) {
      const kept = await reconcile(handle, this.#head, this.#unknown.batch.rows);
      this.#settle(this.#unknown, kept);
    }
    if (this.#missed) await this.write([]);
  }

  /** See `TileReader`. Rejects with a `JIMINI_STORE_*` error. */
  async readTile(level: number, index: number, width: number): Promise<Uint8Array> {
    return this.#readable().readTile(level, index, width);
  }

  /** Signs what is not signed yet and closes the store. Nothing can be written afterwards. */
  async close(): Promise<void> {
    await this.#signing.close();
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #readable(): LogStoreHandle {
    if (this.#handle) return this.#handle;
    throw unavailable('the log is not open at the moment');
  }

  #writable(): LogStoreHandle {
    if (this.#handle && !this.#unknown) return this.#handle;
    throw unavailable('the log waits to be opened again');
  }

  /** The leaves up to this head are on disk. */
  #adopt(head: ChainHead): void {
    this.#head = head;
    this.#signing.advance(head.edge);
  }

  #form(entries: readonly BatchEntry[]): Batch {
    return formBatch(entries, this.#head, { id: this.logId, clock: this.#options.clock });
  }

  /** Takes the rows that are there into the chain. A `gap` leaf that is not there has stated nothing. */
  #settle({ batch, stated }: Unknown, kept: number): void {
    const last = batch.rows[kept - 1];
    if (last) {
      const edge = this.#head.edge.copy();
      for (const { hash } of batch.rows.slice(0, kept)) edge.append(Buffer.from(hash, 'hex'));
      this.#adopt({ ...this.#head, size: last.seq + 1, hash: last.hash, edge });
    }
    const first: LeafRow | undefined = batch.rows[stated ? 1 : 0];
    if (stated && kept === 0) this.#missed = addMissed(stated, this.#missed);
    if (this.#missed && first && last && first.seq <= last.seq) {
      this.#missed = { ...this.#missed, kept: [first.seq, last.seq] };
    }
    this.#unknown = undefined;
  }

  async #drop(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle) await closeQuietly(handle);
  }
}

function unavailable(what: string, cause?: unknown): JiminiError {
  return new JiminiError('JIMINI_STORE_UNAVAILABLE', what, { cause });
}

/** The handle is given up because of an error that is reported already; one more from closing it adds nothing. */
async function closeQuietly(handle: LogStoreHandle): Promise<void> {
  await handle.close().catch(() => undefined);
}
