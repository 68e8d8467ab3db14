import { LIMITS } from '../kernel/limits.js';

/** What is known at one moment. */
interface Reading {
  /** Monotonic, ms. */
  readonly atMs: number;
  /** Free bytes of the file system of the log. */
  readonly freeBytes: number;
  /** Leaves in the log. */
  readonly leaves: number;
}

/** Says when a log should take no more records, so that it stops before the disk is full and not in the middle of a write. */
export interface FreeSpaceRule {
  /** Takes a reading; whether free space is low by now. */
  take(reading: Reading): boolean;
  /** Bytes that must be free, as of the last reading. */
  readonly floorBytes: number;
}

/**
 * Free space is low below `minFreeBytes`, or what the log takes in `LIMITS.freeSpaceSeconds` at its present rate when that is more; then
 * until there is a tenth more than that. `minFreeBytes` 0: never.
 */
export function createFreeSpaceRule(minFreeBytes: number): FreeSpaceRule {
  let last: Reading | undefined;
  let floorBytes = minFreeBytes;
  let isLow = false;
  return {
    take(reading) {
      const seconds = last ? (reading.atMs - last.atMs) / 1000 : 0;
      const perSecond = last && seconds > 0 ? (reading.leaves - last.leaves) / seconds : 0;
      last = reading;
      if (minFreeBytes === 0) return false;
      // While nothing is taken the rate is none, and the floor must not fall because of that.
      const needed = Math.max(minFreeBytes, perSecond * LIMITS.freeSpaceSeconds * LIMITS.leafSpaceBytes);
      floorBytes = isLow ? Math.max(floorBytes, needed) : needed;
      isLow = reading.freeBytes < (isLow ? floorBytes * 1.1 : floorBytes);
      return isLow;
    },
    get floorBytes() {
      return floorBytes;
    },
  };
}
