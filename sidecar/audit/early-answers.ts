import type { Clock } from '../kernel/clock.js';
import type { GapFields } from '../kernel/leaf.js';
import { LIMITS } from '../kernel/limits.js';

/** When a caller is answered: `strict` = after the sync of its record; `relaxed` = that of an ALLOW before it. */
export type Durability = 'strict' | 'relaxed';

/**
 * Says, to a later start, that numbers beyond the end of the log may have been given out. It outlives the process, and is on disk
 * before the first such answer.
 */
export interface EarlyMark {
  /** How many numbers beyond the end; 0 = there is no mark. */
  read(): Promise<number>;
  /** Resolves when it is on disk. */
  set(numbers: number): Promise<void>;
  /** May be called without a mark. */
  clear(): Promise<void>;
}

/** What early answers need from outside. */
export interface EarlyAnswersOptions {
  /** Default: strict. */
  readonly durability?: Durability;
  readonly earlyMark: EarlyMark;
  readonly clock: Clock;
}

/** Keeps count of callers that are answered before their records are on disk, for a writer that writes one group at a time. */
export class EarlyAnswers {
  readonly isRelaxed: boolean;
  readonly #mark: EarlyMark;
  readonly #clock: Clock;
  #records = 0;
  #sinceNs = 0n;
  /** The write before took longer than records may be at risk. */
  #isSlow = false;
  /** What the mark on disk says. */
  #marked = 0;

  constructor({ durability, earlyMark, clock }: EarlyAnswersOptions) {
    this.isRelaxed = durability === 'relaxed';
    this.#mark = earlyMark;
    this.#clock = clock;
  }

  /** Records whose callers are answered although nobody knows yet whether they are on disk, and for how many seconds. */
  get atRisk(): { readonly records: number; readonly forS: number } {
    return this.#records === 0 ? { records: 0, forS: 0 } : { records: this.#records, forS: this.#elapsedS() };
  }

  /** A write begins: how many of its first rows may be answered for now. */
  begin(): number {
    this.#sinceNs = this.#clock.monotonicNs();
    return this.isRelaxed && !this.#isSlow ? LIMITS.earlyRecordsMax : 0;
  }

  /** So many records of that write are answered for. */
  answered(records: number): void {
    this.#records = records;
  }

  /** The write is done. */
  written(): void {
    this.#isSlow = this.#elapsedS() * 1_000 > LIMITS.earlyAgeMsMax;
    this.#records = 0;
  }

  /**
   * Leaves that take the numbers which the first `taken` leaves of a run have left, when the run before may have given out numbers
   * beyond the `size` that it had reached: a number in the answer to a caller must never name another decision. A number is the index of a
   * leaf, so that none can be left out.
   */
  async retired(size: number, taken: number): Promise<readonly GapFields[]> {
    this.#marked = await this.#mark.read();
    const nowMs = this.#clock.nowMs();
    const leaf: GapFields = {
      kind: 'gap',
      reason: 'store_unavailable',
      records: 0,
      kept: [],
      retired: [size, size + this.#marked - 1],
      first_ms: nowMs,
      last_ms: nowMs,
    };
    return Array.from({ length: Math.max(0, this.#marked - taken) }, () => leaf);
  }

  /** To be called before the first early answer of a run, and at its end in order: leaves a mark, or none. */
  async mark(isOver = false): Promise<void> {
    const numbers = this.isRelaxed && !isOver ? LIMITS.earlyRecordsMax : 0;
    if (numbers === this.#marked) return;
    await (numbers > 0 ? this.#mark.set(numbers) : this.#mark.clear());
    this.#marked = numbers;
  }

  #elapsedS(): number {
    return Number(this.#clock.monotonicNs() - this.#sinceNs) / 1e9;
  }
}
