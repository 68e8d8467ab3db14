import { JiminiError } from '../kernel/errors.js';
import { type Batch, type BatchEntry, type ChainHead, formBatch } from './batch.js';
import { EarlyAnswers, type EarlyAnswersOptions } from './early-answers.js';
import type { Boundary, LeafRow, LogStore, LogStoreHandle } from './log-store.js';
import { addMissed, gapFields, type Missed } from './missed.js';
import { type Recovered, reconcile, recoverTail } from './recover.js';
import { type LogSigning, type LogSigningOptions, openLogSigning, type SignedState } from './signing/log-signing.js';

/** What a chain writer needs from outside. */
export interface ChainWriterOptions extends EarlyAnswersOptions {
  readonly store: LogStore;
  /** Version of the program, for the `open` leaf. */
  readonly version: string;
  readonly signing: Omit<LogSigningOptions, 'clock'>;
}

/** Rows whose write failed: on disk or not, nobody knows before the store has been opened again. */
interface Unknown {
  readonly batch: Batch;
  /** Of a batch that began with a `gap` leaf: what that leaf states. */
  readonly stated: Missed | undefined;
  /** How many of its first rows, behind that leaf, belong to callers that are answered already. */
  readonly early: number;
}

/** Called once the entries of a group have their places, before they are written: how many of the first ones are answered now, and for good. */
export type AnswerEarly = (places: readonly (number | JiminiError)[], most: number) => number;

interface WriteOptions {
  readonly answerEarly?: AnswerEarly | undefined;
  readonly removeBehind?: number | undefined;
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
  readonly early: EarlyAnswers;
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
    this.early = new EarlyAnswers(options);
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
    const opening = [open, ...config, ...this.#signing.opening];
    const retired = await this.early.retired(this.#head.size, opening.length);
    // A run begins with its `open` leaf, also when answers are missed already: from here to the write nothing is waited for.
    const missed = this.#missed;
    this.#missed = undefined;
    const leaves = previousClose === 'unclean' ? [...opening, ...retired] : opening;
    const removeBehind = this.#signing.discontinuity?.recovered_size;
    await this.#write(
      leaves.map((leafFields) => ({ leafFields })),
      { removeBehind },
    );
    await this.early.mark();
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
   * that was not answered early is counted as missed, and only `heal` helps.
   */
  write(entries: readonly BatchEntry[], answerEarly?: AnswerEarly): Promise<readonly (number | JiminiError)[]> {
    return this.#write(entries, { answerEarly });
  }

  /** What lies behind a log of `removeBehind` leaves is removed with it: else their places would be written twice. */
  async #write(
    entries: readonly BatchEntry[],
    { answerEarly, removeBehind }: WriteOptions,
  ): Promise<readonly (number | JiminiError)[]> {
    const handle = this.#writable();
    const stated = this.#missed;
    const batch = this.#form(stated ? [{ leafFields: gapFields(stated) }, ...entries] : entries);
    this.#missed = undefined;
    const places = stated ? batch.places.slice(1) : batch.places;
    const most = Math.max(0, this.early.begin() - (stated ? 1 : 0));
    const answered = answerEarly?.(places, most) ?? 0;
    const early = places.slice(0, answered).filter((place) => typeof place === 'number').length;
    this.early.answered(early);
    try {
      if (batch.rows.length > 0) await handle.write(batch.rows, batch.nodes, removeBehind);
    } catch (cause) {
      this.#unknown = { batch, stated, early };
      this.miss(entries.length - answered);
      throw unavailable('a write to the log failed', cause);
    }
    this.early.written();
    this.#adopt(batch.head);
    return places;
  }

  /** What reads the log, until the next outage ends. Throws `JIMINI_STORE_UNAVAILABLE` while the store is closed. */
  readable(): Pick<LogStoreHandle, 'page' | 'payloadPage' | 'keptKeyLeaves' | 'readTile' | 'compact'> {
    if (this.#handle) return this.#handle;
    throw unavailable('the log is not open at the moment');
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
    await this.readable().compact(first, end);
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
      const { batch, early } = this.#unknown;
      const kept = await reconcile(handle, this.#head, batch.rows);
      // Callers have these numbers: the same leaves get them, or nobody does.
      const rest = early > 0 ? batch.rows.slice(kept) : [];
      if (rest.length > 0) await handle.write(rest, batch.nodes);
      this.#settle(this.#unknown, kept + rest.length);
    }
    if (this.#missed) await this.write([]);
  }

  /** Signs what is not signed yet and closes the store. Nothing can be written afterwards. */
  async close(): Promise<void> {
    await this.#signing.close();
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
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
  #settle({ batch, stated, early }: Unknown, kept: number): void {
    const last = batch.rows[kept - 1];
    if (last) {
      const edge = this.#head.edge.copy();
      for (const { hash } of batch.rows.slice(0, kept)) edge.append(Buffer.from(hash, 'hex'));
      this.#adopt({ ...this.#head, size: last.seq + 1, hash: last.hash, edge });
    }
    const begin = stated ? 1 : 0;
    const first: LeafRow | undefined = batch.rows[begin + early];
    if (stated && kept === 0) this.#missed = addMissed(stated, this.#missed);
    if (early > 0) this.#stateLate(batch.rows.slice(begin, begin + early));
    this.early.written();
    if (this.#missed && first && last && first.seq <= last.seq) {
      this.#missed = { ...this.#missed, kept: [first.seq, last.seq] };
    }
    this.#unknown = undefined;
  }

  #stateLate(rows: readonly LeafRow[]): void {
    const nowMs = this.#options.clock.nowMs();
    const late = [rows[0]?.seq ?? 0, rows.at(-1)?.seq ?? 0] as const;
    this.#missed = addMissed(this.#missed, { records: 0, firstMs: nowMs, lastMs: nowMs, late });
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
