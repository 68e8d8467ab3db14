import type { LeafRow, LogStore, LogStoreHandle } from '../../sidecar/audit/log-store.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { EMPTY, type MemoryContent, readsOf, withMore, withoutBehind, withoutBelow } from './memory-content.js';

/** What happens to one batch: written; failed and gone; failed, but there after the next opening. */
export type BatchFate = 'written' | 'lost' | 'phantom';

export interface FaultyStoreOptions {
  /** Fate of the nth batch since the store was made, from 0. */
  readonly batchFate?: (batch: number) => BatchFate;
  /** Whether the nth opening fails, from 0. */
  readonly openFails?: (opening: number) => boolean;
  /** Whether the nth removal of rows fails half-way, from 0. */
  readonly removalFails?: (removal: number) => boolean;
  /** Runs before a batch is done, as slow disks do. */
  readonly beforeDone?: (batch: number) => Promise<void>;
}

/** A store in memory whose disk is what has been synced, and which misbehaves as LevelDB was seen to. */
export interface FaultyStore extends LogStore {
  /** What is on disk. */
  readonly disk: readonly LeafRow[];
  /** All of it. */
  readonly content: MemoryContent;
  /** Batches that were asked for, written or not. */
  readonly batches: number;
  /** Sizes of the batches, in order. */
  readonly batchSizes: readonly number[];
  /** No faults any more from now on. */
  repair(): void;
}

/**
 * After a failed batch its handle goes on acknowledging, but what it acknowledges is not on disk after the next
 * opening, as LevelDB does after a failed append. So whoever goes on with such a handle loses records.
 */
export function createFaultyStore(options: FaultyStoreOptions = {}): FaultyStore {
  const batchSizes: number[] = [];
  let disk = EMPTY;
  let removals = 0;
  let openings = 0;
  let isOpen = false;
  let isRepaired = false;

  const open = async (): Promise<LogStoreHandle> => {
    if (isOpen) throw new JiminiError('JIMINI_STORE_LOCKED', 'already open');
    const opening = openings++;
    if (!isRepaired && options.openFails?.(opening))
      throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the disk is away');
    isOpen = true;
    return handle();
  };

  const handle = (): LogStoreHandle => {
    let view = disk;
    let isPoisoned = false;
    let isClosed = false;
    const inUse = () => {
      if (isClosed) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'not open');
    };
    const write = async (more: Partial<MemoryContent>, size: number, removeBehind?: number): Promise<void> => {
      inUse();
      const batch = batchSizes.push(size) - 1;
      await (options.beforeDone?.(batch) ?? Promise.resolve());
      const fate = isPoisoned ? 'lost' : ((isRepaired ? undefined : options.batchFate?.(batch)) ?? 'written');
      if (fate !== 'lost') disk = withMore(withoutBehind(disk, removeBehind), more);
      view = withMore(withoutBehind(view, removeBehind), more);
      if (isPoisoned) return;
      if (fate !== 'written') {
        isPoisoned = true;
        throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the disk failed');
      }
    };
    return {
      write: (rows, nodes, removeBehind) => write({ rows, nodes }, rows.length, removeBehind),
      writeBoundary: (boundary, kept) => write({ boundaries: [boundary], kept }, 0),
      async removeBelow(minSeq, count) {
        inUse();
        const after = withoutBelow(view, minSeq, count);
        view = after.content;
        if (isPoisoned) return after.removed;
        const isFailing = !isRepaired && options.removalFails?.(removals++) === true;
        disk = withoutBelow(disk, minSeq, isFailing ? Math.floor(count / 2) : count).content;
        isPoisoned = isFailing;
        if (isFailing) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the disk failed');
        return after.removed;
      },
      async compact() {
        inUse();
      },
      ...readsOf(async () => {
        inUse();
        return view;
      }),
      async close() {
        if (!isClosed) isOpen = false;
        isClosed = true;
      },
    };
  };

  return {
    open,
    batchSizes,
    repair() {
      isRepaired = true;
    },
    get disk() {
      return disk.rows;
    },
    get content() {
      return disk;
    },
    get batches() {
      return batchSizes.length;
    },
  };
}
