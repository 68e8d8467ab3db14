import { LIMITS } from '../kernel/limits.js';

/** What is known at one moment. */
interface Reading {
  /** Monotonic, ms. */
  readonly atMs: number;
  /** Free bytes of the file system of the log. */
  readonly freeBytes: number;
  /** Files that may still be made on it; absent where it has no fixed number. */
  readonly freeInodes?: number;
  /** Leaves in the log. */
  readonly leaves: number;
}

/** What there is too little of for more records. */
export type Shortage = 'space' | 'inodes';

/** Says when a log should take no more records, so that it stops before the disk is full and not in the middle of a write. */
export interface FreeSpaceRule {
  /** Takes a reading; what there is too little of by now. */
  take(reading: Reading): Shortage | undefined;
  /** Bytes that must be free, as of the last reading. */
  readonly floorBytes: number;
}

/** How much more than its floor must be there before something is no longer low. */
const ENOUGH = 1.1;

/**
 * Free space is low below `minFreeBytes`, or what the log takes in `LIMITS.freeSpaceSeconds` at its present rate when that is more; then
 * until there is a tenth more than that. The same with inodes below `LIMITS.freeInodesMin`. `minFreeBytes` 0: never.
 */
export function createFreeSpaceRule(minFreeBytes: number): FreeSpaceRule {
  let last: Reading | undefined;
  let floorBytes = minFreeBytes;
  let isLow = false;
  let isShortOfInodes = false;
  return {
    take(reading) {
      const seconds = last ? (reading.atMs - last.atMs) / 1000 : 0;
      const perSecond = last && seconds > 0 ? (reading.leaves - last.leaves) / seconds : 0;
      last = reading;
      if (minFreeBytes === 0) return undefined;
      // While nothing is taken the rate is none, and the floor must not fall because of that.
      const needed = Math.max(minFreeBytes, perSecond * LIMITS.freeSpaceSeconds * LIMITS.leafSpaceBytes);
      floorBytes = isLow ? Math.max(floorBytes, needed) : needed;
      isLow = reading.freeBytes < (isLow ? floorBytes * ENOUGH : floorBytes);
      const inodesMin = LIMITS.freeInodesMin * (isShortOfInodes ? ENOUGH : 1);
      isShortOfInodes = reading.freeInodes !== undefined && reading.freeInodes < inodesMin;
      return isLow ? 'space' : isShortOfInodes ? 'inodes' : undefined;
    },
    get floorBytes() {
      return floorBytes;
    },
  };
}
