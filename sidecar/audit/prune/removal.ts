import { JiminiError } from '../../kernel/errors.js';
import type { Boundary, KeptLeaves, LeafRow } from '../log-store.js';

/** What removes leaves from the front of a log in use. */
export interface Removal extends KeptLeaves {
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
interface RemovingWriter extends KeptLeaves {
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
    keptKeyLeaves: () => writer.keptKeyLeaves(),
    beginAt: (boundary, keyLeaves) => turns.take(() => writer.writeBoundary(boundary, keyLeaves)),
    compact: (first, end) => writer.compact(first, end),
    removeBelow: (count) => turns.take(() => writer.removeBelow(count)),
  };
}

/** Work on the store that takes its turn between groups of records. */
export interface Turns {
  readonly areWanted: boolean;
  /** Resolves with what the work gave, once it had its turn. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** Gives one piece of work its turn. Rejects when it has failed: then all others are told the same. */
  give(): Promise<void>;
}

/** `canBegin` says whether there will be turns, `onWanted` is called when one is wanted. */
export function createTurns(canBegin: () => boolean, onWanted: () => void): Turns {
  const waiting: { run: () => Promise<void>; reject: (error: JiminiError) => void }[] = [];
  return {
    get areWanted() {
      return waiting.length > 0;
    },
    take(work) {
      return new Promise((resolve, reject) => {
        if (!canBegin()) {
          reject(new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the log cannot be written at the moment'));
          return;
        }
        waiting.push({ run: async () => resolve(await work()), reject });
        onWanted();
      });
    },
    async give() {
      const next = waiting.shift();
      try {
        await next?.run();
      } catch (reason) {
        const error = JiminiError.from(reason);
        for (const { reject } of [next, ...waiting.splice(0)].filter((one) => one !== undefined)) reject(error);
        throw error;
      }
    },
  };
}
