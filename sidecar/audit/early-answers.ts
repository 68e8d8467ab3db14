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

/** Where the numbers lie that nobody may get any more, and from where on leaves are written. */
interface Retired {
  /** Leaves that were found: the first number that may have been given out. */
  readonly recoveredSize: number;
  /** How many of them. */
  readonly numbers: number;
  readonly nowMs: number;
}

/**
 * Leaves that take the numbers which the first `taken` leaves of the run have left: a number in the answer to a caller must never name
 * another decision. A number is the index of a leaf, so that none can be left out.
 */
export function retiredLeaves({ recoveredSize, numbers, nowMs }: Retired, taken: number): readonly GapFields[] {
  const leaf: GapFields = {
    kind: 'gap',
    reason: 'store_unavailable',
    records: 0,
    kept: [],
    retired: [recoveredSize, recoveredSize + numbers - 1],
    first_ms: nowMs,
    last_ms: nowMs,
  };
  return Array.from({ length: Math.max(0, Math.min(numbers, LIMITS.appendBatchMax) - taken) }, () => leaf);
}
