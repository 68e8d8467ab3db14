import { setImmediate as nextTurn } from 'node:timers/promises';
import { assertNever } from '../kernel/assert-never.js';
import { JiminiError } from '../kernel/errors.js';
import type { AdminFields, CloseReason, ConfigFields, DecisionFields, PruneFields } from '../kernel/leaf.js';
import { LIMITS } from '../kernel/limits.js';
import type { BatchEntry } from './batch.js';
import { type AnswerEarly, ChainWriter, type ChainWriterOptions } from './chain-writer.js';
import { healed, type LogHealth } from './healing.js';
import type { KeptKeyLeaves, LeafRow, LogPages, PayloadPage, PayloadPages } from './log-store.js';
import { createRemoval, type Removal } from './prune/removal.js';
import type { SignedState } from './signing/log-signing.js';
import type { TileReader } from './tree/tiles.js';
import { createTurns } from './turns.js';

/** One record to be appended. */
interface AppendEntry extends BatchEntry {
  readonly leafFields: DecisionFields | ConfigFields | AdminFields | PruneFields;
  /** In relaxed durability `append` may resolve before the sync. */
  readonly mayPrecedeSync?: boolean;
}

/** A record that is on disk, or, in relaxed durability, is being written. */
interface Appended {
  readonly seq: number;
  /** `log_id:seq`. */
  readonly decisionId: string;
}

/** `starting` = records wait for the `open` leaf; `open` = takes records; `healing` = refuses them until the store works again; `closing`, `closed` = ended by its owner. */
type AuditLogState = 'starting' | 'open' | 'healing' | 'closing' | 'closed';

/** What an audit log needs from outside. */
export interface AuditLogOptions extends ChainWriterOptions {
  readonly onHealth?: (health: LogHealth) => void;
  /** Whether there is too little room for more records. What is needed to end in order is written all the same. Default: never. */
  readonly isDiskLow?: () => boolean;
  /** Waits between attempts to heal; rejects when the signal aborts. Default: a timer. */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<unknown>;
}

/** The tamper-evident log: one writer per data directory. */
export interface AuditLog extends LogPages, PayloadPages, TileReader, KeptKeyLeaves {
  readonly logId: string;
  /** What is signed of the log. */
  readonly signed: SignedState;
  /** Leaves in the log, each of them on disk. */
  readonly size: number;
  /** Where the log begins, and what moves that. */
  readonly removal: Removal;
  readonly state: AuditLogState;
  /** Records that wait for the disk. */
  readonly waiting: number;
  /** Records whose callers are answered although nobody knows yet whether they are on disk, and for how many seconds the oldest has been. */
  readonly atRisk: { readonly records: number; readonly forS: number };
  /**
   * Resolves after the fsync that covers the record. In relaxed durability an entry that may precede it resolves once it has its
   * place: for at most `LIMITS.earlyRecordsMax` records at one time, and not while the disk is slow. A crash then may lose the record;
   * no other ever gets its number. Rejects at once, and never hangs, with
   * `JIMINI_STORE_UNAVAILABLE` when it cannot be made durable (the answer is counted and stated by a later `gap`
   * leaf), with `JIMINI_INVALID_ARGUMENT` when the fields cannot be a leaf.
   */
  append(entry: AppendEntry): Promise<Appended>;
  /** Counts a record that is answered as not recorded before it came here. The next leaf that is written has a `gap` leaf before it. */
  miss(): void;
  /**
   * Takes no more records, writes those that wait, then a `close` leaf, and closes the store. During an outage it tries
   * to heal once. A log that has not begun is closed as it was found, and those that wait are refused. Rejects when the `close` leaf could not be written; the store is closed in any case.
   */
  close(reason: CloseReason): Promise<void>;
}

/** A log that is found to be whole, but has not begun: nothing is written yet. */
export interface RecoveredLog extends AuditLog {
  /**
   * Writes the `open` leaf, which names the policy that the run begins with, and takes records, those that came before first. Rejects with a `JIMINI_STORE_*` error, after
   * which only `close` is left.
   */
  begin(policyRevision: string): Promise<void>;
}

/**
 * Opens the store and reads the end of the log. A program that then cannot start leaves no leaf behind. Rejects with a
 * `JIMINI_STORE_*` error.
 */
export async function recoverAuditLog(options: AuditLogOptions): Promise<RecoveredLog> {
  return new GroupCommitLog(await ChainWriter.recover(options), options);
}

interface Waiting {
  readonly entry: AppendEntry;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: JiminiError) => void;
}

const mayPrecede = ({ entry }: Waiting): boolean => entry.mayPrecedeSync === true;

/** Group commit: everybody who arrives while one batch is being synced goes into the next one. */
class GroupCommitLog implements RecoveredLog {
  readonly #writer: ChainWriter;
  readonly #options: AuditLogOptions;
  readonly #stop = new AbortController();
  readonly #turns = createTurns(
    () => this.#state === 'open',
    () => this.#start(),
  );
  readonly removal: Removal;
  #state: AuditLogState = 'starting';
  #queue: Waiting[] = [];
  /** Work under way in the background: writing batches or healing. At most one at a time. */
  #busy: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(writer: ChainWriter, options: AuditLogOptions) {
    this.#writer = writer;
    this.#options = options;
    this.removal = createRemoval(writer, this.#turns);
  }

  get logId(): string {
    return this.#writer.logId;
  }

  get size(): number {
    return this.#writer.size;
  }

  get signed(): SignedState {
    return this.#writer.signed;
  }

  get atRisk(): AuditLog['atRisk'] {
    return this.#writer.early.atRisk;
  }

  get state(): AuditLogState {
    return this.#state;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Only what counts as written: after a failed write there may be more. */
  async page(seq: number, count: number): Promise<LeafRow[]> {
    const end = this.size;
    return (await this.#writer.readable().page(seq, count)).filter((row) => row.seq < end);
  }

  async payloadPage(seq: number, end: number, bytesMax: number): Promise<PayloadPage> {
    return this.#writer.readable().payloadPage(seq, end, bytesMax);
  }

  async readTile(level: number, index: number, width: number): Promise<Uint8Array> {
    return this.#writer.readable().readTile(level, index, width);
  }

  async keptKeyLeaves(): Promise<LeafRow[]> {
    return this.#writer.readable().keptKeyLeaves();
  }

  async begin(policyRevision: string): Promise<void> {
    await this.#writer.begin(policyRevision);
    if (this.#state !== 'starting') return;
    this.#state = 'open';
    if (this.#queue.length > 0 || this.#writer.hasMissed) this.#start();
  }

  append(entry: AppendEntry): Promise<Appended> {
    const refusal = this.#refusal(entry);
    if (refusal) {
      this.#writer.miss(1);
      return Promise.reject(new JiminiError('JIMINI_STORE_UNAVAILABLE', refusal));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ entry, resolve, reject });
      if (this.#state === 'open') this.#start();
    });
  }

  miss(): void {
    this.#writer.miss(1);
  }

  close(reason: CloseReason): Promise<void> {
    this.#closed ??= this.#close(reason);
    return this.#closed;
  }

  #refusal({ leafFields }: AppendEntry): string | undefined {
    switch (this.#state) {
      case 'starting':
      case 'open':
        // Without a `prune` leaf nothing could be removed to make room.
        if (this.#options.isDiskLow?.() && leafFields.kind !== 'prune') return 'the disk has too little free space';
        return this.#queue.length < LIMITS.appendQueueMax ? undefined : 'too many records wait for the disk';
      case 'healing':
        return 'the log cannot be written at the moment';
      case 'closing':
      case 'closed':
        return 'the log is closed';
      default:
        return assertNever(this.#state);
    }
  }

  #start(): void {
    this.#busy ??= this.#run();
  }

  /** Begins after this turn of the event loop, so that all that arrived in it forms one group. */
  async #run(): Promise<void> {
    await nextTurn();
    try {
      await this.#drain();
    } catch (error) {
      await this.#heal(JiminiError.from(error));
    }
    this.#busy = undefined;
    if (this.#queue.length > 0 || this.#turns.areWanted || (this.#state === 'open' && this.#isToState())) this.#start();
  }

  /** Refusals are stated at once, but not while each of them would take of the room that there is too little of. */
  #isToState(): boolean {
    return this.#writer.hasMissed && !this.#options.isDiskLow?.();
  }

  /** Writes until nobody waits. Rejects when a write fails. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0 || this.#turns.areWanted || this.#isToState()) {
      let group: Waiting[] = [];
      let places: readonly (number | JiminiError)[];
      let answered = 0;
      try {
        // Something else that fails leaves the store as unusable as a write that fails does.
        await this.#turns.give();
        group = this.#queue.splice(0, LIMITS.appendBatchMax);
        const { isRelaxed } = this.#writer.early;
        // The first numbers are those that may be given out early, so that all of them lie together.
        if (isRelaxed) group.sort((a, b) => Number(mayPrecede(b)) - Number(mayPrecede(a)));
        const answerEarly: AnswerEarly = (early, most) => {
          answered = Math.min(most, group.filter(mayPrecede).length);
          this.#acknowledge(group.slice(0, answered), early);
          return answered;
        };
        const entries = group.map(({ entry }) => entry);
        places = await this.#writer.write(entries, isRelaxed ? answerEarly : undefined);
      } catch (error) {
        if (this.#state === 'open') this.#state = 'healing';
        const late = group.slice(answered);
        this.#refuse(late.concat(this.#queue.splice(0)), late.length);
        throw error;
      }
      this.#acknowledge(group.slice(answered), places.slice(answered));
    }
  }

  #acknowledge(group: readonly Waiting[], places: readonly (number | JiminiError)[]): void {
    for (const [index, { resolve, reject }] of group.entries()) {
      const place = places[index] as number | JiminiError;
      if (typeof place === 'number') resolve({ seq: place, decisionId: `${this.#writer.logId}:${place}` });
      else reject(place);
    }
  }

  /** Answers everybody who waits; the first `counted` of them are counted as missed already. */
  #refuse(waiting: readonly Waiting[], counted: number): void {
    this.#writer.miss(waiting.length - counted);
    for (const { reject } of waiting) {
      reject(new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the log could not make the record durable'));
    }
  }

  async #heal(first: JiminiError): Promise<void> {
    const { onHealth, wait } = this.#options;
    if (!(await healed(() => this.#writer.heal(), { first, stop: this.#stop.signal, onHealth, wait }))) return;
    if (this.#state === 'healing') this.#state = 'open';
    onHealth?.({ state: 'open' });
  }

  async #close(reason: CloseReason): Promise<void> {
    const hasBegun = this.#state !== 'starting';
    this.#state = 'closing';
    if (!hasBegun) {
      this.#refuse(this.#queue.splice(0), 0);
      this.#state = 'closed';
      return this.#writer.close();
    }
    this.#stop.abort();
    while (this.#busy) await this.#busy;
    try {
      await this.#writer.write([{ leafFields: { kind: 'close', reason } }]);
      // A mark that stays costs the next start nothing: it finds the `close` leaf.
      await this.#writer.early.mark(true).catch(() => undefined);
    } finally {
      this.#state = 'closed';
      await this.#writer.close();
    }
  }
}
