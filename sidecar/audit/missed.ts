import type { GapFields } from '../kernel/leaf.js';

/** Records that were answered as not recorded, or before they were, until a `gap` leaf states them. */
export interface Missed {
  readonly records: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** First and last sequence number of those that turned out to be in the log. */
  readonly kept?: readonly [first: number, last: number];
  /** First and last sequence number of those that were answered before a write that failed. */
  readonly late?: readonly [first: number, last: number];
}

/** Both tallies as one. Only one of them can have `kept` or `late`: each outage is stated before records are accepted again. */
export function addMissed(a: Missed | undefined, b: Missed | undefined): Missed | undefined {
  if (!a || !b) return a ?? b;
  const kept = a.kept ?? b.kept;
  const late = a.late ?? b.late;
  return {
    records: a.records + b.records,
    firstMs: Math.min(a.firstMs, b.firstMs),
    lastMs: Math.max(a.lastMs, b.lastMs),
    ...(kept && { kept }),
    ...(late && { late }),
  };
}

/** The leaf that states them. */
export function gapFields(missed: Missed): GapFields {
  return {
    kind: 'gap',
    reason: 'store_unavailable',
    records: missed.records,
    kept: missed.kept ?? [],
    ...(missed.late && { late: missed.late }),
    first_ms: missed.firstMs,
    last_ms: missed.lastMs,
  };
}
