import type { LeafRow, LogStore, LogStoreHandle } from '../../../sidecar/audit/log-store.js';
import { JiminiError } from '../../../sidecar/kernel/errors.js';
import {
  EMPTY,
  type MemoryContent,
  readsOf,
  withMore,
  withoutBehind,
  withoutBelow,
} from '../../storage/memory-content.js';
import type { Choices } from './random.js';

/** A disk on which every write waits until it is told to end, and ends as it is told to. */
export interface SimulatedDisk extends LogStore {
  readonly rows: readonly LeafRow[];
  /** All that is on it. */
  readonly content: MemoryContent;
  /** Whether somebody waits for a write. */
  readonly isBusy: boolean;
  /** Ends the write that is under way: written, failed and gone, or failed and there after all. */
  endWrite(): void;
  /** The process dies. What was under way is on the disk, or not; nobody is told. */
  crash(): void;
  /** Replaces the row at this place from its end. */
  damage(fromEnd: number, change: (row: LeafRow) => LeafRow): void;
  /** No faults any more from now on. */
  repair(): void;
}

type Change = (content: MemoryContent) => MemoryContent;

interface Write {
  readonly apply: Change;
  /** Whether what is written to this handle can reach the disk any more. */
  readonly reaches: boolean;
  end(fate: 'written' | 'lost' | 'phantom'): void;
}

/** After a failed write its handle goes on acknowledging, but what it acknowledges does not reach the disk, as LevelDB does. */
export function createSimulatedDisk(choices: Choices): SimulatedDisk {
  let disk = EMPTY;
  /** Removals that are not synced yet, in their order. */
  let removals: Change[] = [];
  let underWay: Write | undefined;
  /** Counts processes: handles of an earlier one are dead. */
  let life = 0;
  let owner: object | undefined;
  let isRepaired = false;

  /** What is synced takes everything that was written before it to the disk. */
  const store = (apply: Change): MemoryContent => apply(synced(removals.length));

  const synced = (count: number): MemoryContent => {
    const done = removals.slice(0, count).reduce((content, remove) => remove(content), disk);
    removals = [];
    return done;
  };

  const open = async (): Promise<LogStoreHandle> => {
    if (owner) throw new JiminiError('JIMINI_STORE_LOCKED', 'already open');
    if (!isRepaired && choices.percent(15)) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the disk is away');
    const handle = handleOf(life);
    owner = handle;
    return handle;
  };

  const handleOf = (own: number): LogStoreHandle => {
    let view = disk;
    let isPoisoned = false;
    const alive = () => (own === life ? undefined : new Promise<never>(() => {}));
    const write = async (apply: Change): Promise<void> => {
      await alive();
      const fate = await new Promise<'written' | 'lost' | 'phantom'>((resolve) => {
        underWay = { apply, reaches: !isPoisoned, end: resolve };
      });
      view = apply(view);
      if (isPoisoned) return;
      if (fate !== 'lost') disk = store(apply);
      if (fate === 'written') return;
      isPoisoned = true;
      throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the disk failed');
    };
    const handle: LogStoreHandle = {
      write: (rows, nodes, removeBehind) =>
        write((content) => withMore(withoutBehind(content, removeBehind), { rows, nodes })),
      writeBoundary: (boundary, kept) => write((content) => withMore(content, { boundaries: [boundary], kept })),
      async removeBelow(minSeq, count) {
        await alive();
        const { content, removed } = withoutBelow(view, minSeq, count);
        view = content;
        if (isPoisoned) return removed;
        removals.push((before) => withoutBelow(before, minSeq, count).content);
        isPoisoned = !isRepaired && choices.percent(5);
        if (isPoisoned) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the disk failed');
        return removed;
      },
      async compact() {
        await alive();
      },
      ...readsOf(async () => {
        await alive();
        return view;
      }),
      async close() {
        await alive();
        if (owner === handle) owner = undefined;
        disk = synced(removals.length);
      },
    };
    return handle;
  };

  return {
    open,
    get rows() {
      return disk.rows;
    },
    get content() {
      return disk;
    },
    get isBusy() {
      return underWay !== undefined;
    },
    endWrite() {
      const write = underWay;
      underWay = undefined;
      const isGood = isRepaired || choices.percent(80);
      write?.end(isGood ? 'written' : choices.percent(50) ? 'lost' : 'phantom');
    },
    crash() {
      life += 1;
      owner = undefined;
      if (underWay?.reaches && choices.percent(50)) disk = store(underWay.apply);
      else disk = synced(choices.below(removals.length + 1));
      underWay = undefined;
    },
    damage(fromEnd, change) {
      const at = disk.rows.length - 1 - fromEnd;
      disk = { ...disk, rows: disk.rows.map((row, i) => (i === at ? change(row) : row)) };
    },
    repair() {
      isRepaired = true;
    },
  };
}
