import type { LeafRow, LogStore, LogStoreHandle } from '../../../sidecar/audit/log-store.js';
import { TILE_WIDTH, type TreeNode } from '../../../sidecar/audit/tree/tiles.js';
import { JiminiError } from '../../../sidecar/kernel/errors.js';
import { withoutBehind } from '../../storage/faulty-store.js';
import type { Choices } from './random.js';

/** What lies on a disk after it was synced. */
interface Content {
  readonly rows: readonly LeafRow[];
  readonly nodes: readonly TreeNode[];
}

/** A disk on which every write waits until it is told to end, and ends as it is told to. */
export interface SimulatedDisk extends LogStore {
  readonly rows: readonly LeafRow[];
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

interface Write {
  readonly rows: readonly LeafRow[];
  readonly nodes: readonly TreeNode[];
  /** False for a handle whose writes do not reach the disk any more. */
  readonly reaches: boolean;
  end(fate: 'written' | 'lost' | 'phantom'): void;
}

/** After a failed write its handle goes on acknowledging, but what it acknowledges does not reach the disk, as LevelDB does. */
export function createSimulatedDisk(choices: Choices): SimulatedDisk {
  let disk: Content = { rows: [], nodes: [] };
  let underWay: Write | undefined;
  /** Counts processes: handles of an earlier one are dead. */
  let life = 0;
  let owner: object | undefined;
  let isRepaired = false;

  const store = (content: Content): Content => ({
    rows: [...disk.rows, ...content.rows].sort((a, b) => a.seq - b.seq || (a.hash < b.hash ? -1 : 1)),
    nodes: [...disk.nodes, ...content.nodes],
  });

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
    const handle: LogStoreHandle = {
      async write(rows, nodes) {
        await alive();
        const fate = await new Promise<'written' | 'lost' | 'phantom'>((resolve) => {
          underWay = { rows, nodes, reaches: !isPoisoned, end: resolve };
        });
        view = { rows: [...view.rows, ...rows], nodes: [...view.nodes, ...nodes] };
        if (isPoisoned) return;
        if (fate !== 'lost') disk = store({ rows, nodes });
        if (fate === 'written') return;
        isPoisoned = true;
        throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the disk failed');
      },
      async readTile(level, index, width) {
        await alive();
        const first = index * TILE_WIDTH;
        const at = (place: number) =>
          level === 0
            ? Buffer.from(view.rows.find(({ seq }) => seq === place)?.hash ?? '', 'hex')
            : (view.nodes.find((node) => node.level === level && node.index === place)?.hash ?? Buffer.of());
        return Buffer.concat(Array.from({ length: width }, (_, i) => at(first + i)));
      },
      async hasRowsBehind(size) {
        await alive();
        return withoutBehind(view.nodes, size).length < view.nodes.length;
      },
      async *rowsFrom(seq) {
        await alive();
        yield* view.rows.filter((row) => row.seq >= seq);
      },
      async page(seq, count) {
        await alive();
        return view.rows.filter((row) => row.seq >= seq).slice(0, count);
      },
      async lastRows(count) {
        await alive();
        return view.rows.slice(-count);
      },
      async close() {
        await alive();
        if (owner === handle) owner = undefined;
      },
    };
    return handle;
  };

  return {
    open,
    get rows() {
      return disk.rows;
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
      if (underWay?.reaches && choices.percent(50)) disk = store(underWay);
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
