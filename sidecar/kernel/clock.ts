/** Time as it enters the program: created once at the root and passed in, so that tests need no sleeping. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970-01-01T00:00:00Z. May jump. */
  nowMs(): number;
  /** Monotonic time, nanoseconds since an arbitrary start. Never goes back. */
  monotonicNs(): bigint;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicNs: () => process.hrtime.bigint(),
};

/** Monotonic time in whole milliseconds. */
export function monotonicMs(clock: Pick<Clock, 'monotonicNs'>): number {
  return Number(clock.monotonicNs() / 1_000_000n);
}
