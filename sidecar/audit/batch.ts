import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import type { LeafFields } from '../kernel/leaf.js';
import { encodeLeaf } from './leaf-codec.js';
import { hashPrefixed } from './leaf-hash.js';
import type { LeafRow } from './log-store.js';

/** Where the chain ends: how many leaves there are, and the hash that the next one carries as `prev`. */
export interface ChainHead {
  readonly size: number;
  readonly hash: string;
}

/** A group of leaves, chained and ready to be written. */
export interface Batch {
  readonly rows: readonly LeafRow[];
  /** The head after these rows. */
  readonly head: ChainHead;
  /** Per entry: the sequence number it got, or why it cannot be a leaf (such an entry takes no place). */
  readonly places: readonly (number | JiminiError)[];
}

/** Gives every entry its place after `head`. All leaves of one batch carry the same time: that of forming it. */
export function formBatch(entries: readonly LeafFields[], head: ChainHead, log: { id: string; clock: Clock }): Batch {
  const timeMs = log.clock.nowMs();
  const monoNs = log.clock.monotonicNs().toString();
  const rows: LeafRow[] = [];
  const places: (number | JiminiError)[] = [];
  let { size, hash } = head;
  for (const fields of entries) {
    try {
      const place = {
        v: 0,
        log_id: log.id,
        epoch: 0,
        seq: size,
        time_ms: timeMs,
        mono_ns: monoNs,
        prev: hash,
      } as const;
      const prefixed = encodeLeaf(fields, place);
      hash = hashPrefixed(prefixed);
      rows.push({ seq: size, hash, bytes: prefixed.subarray(1) });
      places.push(size);
      size += 1;
    } catch (error) {
      places.push(JiminiError.from(error));
    }
  }
  return { rows, head: { size, hash }, places };
}
