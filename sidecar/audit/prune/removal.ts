import type { Boundary, LeafRow } from '../log-store.js';
import type { Turns } from '../turns.js';

/** What removes leaves from the front of a log in use. */
export interface Removal {
  /** Where the log begins: leaves below it are being removed, or are gone. */
  readonly boundary: Boundary;
  /**
   * The log begins here from now on: what lies below is not read any more, and may be removed. Resolves after the boundary is synced, with
   * the `key` leaves below it; its `prune` leaf must be signed before. Rejects, as `removeBelow` does, with
   * `JIMINI_STORE_UNAVAILABLE` when the log does not take records.
   */
  beginAt(boundary: Boundary, keyLeaves: readonly LeafRow[]): Promise<void>;
  /** Removes at most `count` rows that belong to leaves before the log begins, and resolves with how many they were. */
  removeBelow(count: number): Promise<number>;
  /** Gives the space back of what was removed from leaf `first` to before `end`. Nobody waits for it. */
  compact(first: number, end: number): Promise<void>;
}

/** The writer as it is needed here. What changes the store must not be called while it writes. */
interface RemovingWriter {
  readonly boundary: Boundary;
  writeBoundary(boundary: Boundary, keyLeaves: readonly LeafRow[]): Promise<void>;
  removeBelow(count: number): Promise<number>;
  compact(first: number, end: number): Promise<void>;
}

/** `turns` is told to run what changes the store. */
export function createRemoval(writer: RemovingWriter, turns: Pick<Turns, 'take'>): Removal {
  return {
    get boundary() {
      return writer.boundary;
    },
    beginAt: (boundary, keyLeaves) => turns.take(() => writer.writeBoundary(boundary, keyLeaves)),
    compact: (first, end) => writer.compact(first, end),
    removeBelow: (count) => turns.take(() => writer.removeBelow(count)),
  };
}
