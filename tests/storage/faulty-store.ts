import type { LeafRow, LogStore, LogStoreHandle } from '../../sidecar/audit/log-store.js';
import { TILE_WIDTH, type TreeNode } from '../../sidecar/audit/tree/tiles.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';

/** What happens to one batch: written; failed and gone; failed, but there after the next opening. */
export type BatchFate = 'written' | 'lost' | 'phantom';

export interface FaultyStoreOptions {
  /** Fate of the nth batch since the store was made, from 0. */
  readonly batchFate?: (batch: number) => BatchFate;
  /** Whether the nth opening fails, from 0. */
  readonly openFails?: (opening: number) => boolean;
  /** Runs before a batch is done, as slow disks do. */
  readonly beforeDone?: (batch: number) => Promise<void>;
}

/** A store in memory whose disk is what has been synced, and which misbehaves as LevelDB was seen to. */
export interface FaultyStore extends LogStore {
  /** What is on disk. */
  readonly disk: readonly LeafRow[];
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
  let disk: LeafRow[] = [];
  let nodesOnDisk: readonly TreeNode[] = [];
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
    let view = [...disk];
    let nodesInView = nodesOnDisk;
    let isPoisoned = false;
    let isClosed = false;
    const inUse = () => {
      if (isClosed) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'not open');
    };
    return {
      async write(rows, nodes, removeBehind) {
        inUse();
        const batch = batchSizes.push(rows.length) - 1;
        await (options.beforeDone?.(batch) ?? Promise.resolve());
        const fate = isPoisoned ? 'lost' : ((isRepaired ? undefined : options.batchFate?.(batch)) ?? 'written');
        if (fate !== 'lost') {
          disk = sorted([...disk, ...rows]);
          nodesOnDisk = [...withoutBehind(nodesOnDisk, removeBehind), ...nodes];
        }
        view = sorted([...view, ...rows]);
        nodesInView = [...withoutBehind(nodesInView, removeBehind), ...nodes];
        if (isPoisoned) return;
        if (fate !== 'written') {
          isPoisoned = true;
          throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the disk failed');
        }
      },
      async readTile(level, index, width) {
        inUse();
        const first = index * TILE_WIDTH;
        const hashes = Array.from({ length: width }, (_, at) =>
          level === 0
            ? Buffer.from(view.find(({ seq }) => seq === first + at)?.hash ?? '', 'hex')
            : (nodesInView.find((node) => node.level === level && node.index === first + at)?.hash ?? Buffer.of()),
        );
        return Buffer.concat(hashes);
      },
      async hasRowsBehind(size) {
        inUse();
        return withoutBehind(nodesInView, size).length < nodesInView.length;
      },
      async *rowsFrom(seq) {
        inUse();
        yield* view.filter((row) => row.seq >= seq);
      },
      async page(seq, count) {
        inUse();
        return view.filter((row) => row.seq >= seq).slice(0, count);
      },
      async lastRows(count) {
        inUse();
        return view.slice(-count);
      },
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
      return disk;
    },
    get batches() {
      return batchSizes.length;
    },
  };
}

/** Without the hashes that a tree of so many leaves has not. */
export function withoutBehind(nodes: readonly TreeNode[], size = Infinity): readonly TreeNode[] {
  return nodes.filter(({ level, index }) => index < Math.floor(size / TILE_WIDTH ** level));
}

function sorted(rows: LeafRow[]): LeafRow[] {
  return rows.sort((a, b) => a.seq - b.seq || (a.hash < b.hash ? -1 : 1));
}
