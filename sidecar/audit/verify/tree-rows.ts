import type { Boundary } from './boundary.js';
import { rowsFromBoundary } from './boundary-rows.js';
import type { Subtree } from './merkle.js';
import { createTilesCheck } from './tile-rows.js';

/** One stored pair, as raw as it lies there. */
export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Reads the rows of a tree in the order of their keys: all of them, or those of one level. */
export type ReadTreeRows = (level?: number) => AsyncIterable<Row>;

/** Compares the hashes of the tree that are stored with those that the leaves have. */
export interface TreeRowsCheck {
  /** Takes the next whole subtree; its height is a multiple of 8. */
  add(subtree: Subtree): void;
  /** Compares what was added since. Returns what is wrong. */
  settle(): Promise<string | undefined>;
  /** There are no more leaves: returns what is wrong, rows that should not be there included. */
  end(): Promise<string | undefined>;
}

/** Levels of the tree from one stored hash to the next above it. */
const TILE_HEIGHT = 8;

/** Reads each level once, in step with the leaves, so that memory does not grow. Of a log that begins at `boundary`, what lies behind that. */
export function createTreeRowsCheck(readAll: ReadTreeRows, boundary?: Boundary): TreeRowsCheck {
  const behind = boundary && rowsFromBoundary(readAll, boundary);
  const read = behind?.read ?? readAll;
  const levels = new Map<number, AsyncIterator<Row>>();
  const tiles = createTilesCheck(read(0));
  let pending: Subtree[] = [];
  let compared = 0;

  const compare = async ({ height, index, hash }: Subtree): Promise<string | undefined> => {
    const level = height / TILE_HEIGHT;
    const rows = levels.get(level) ?? read(level)[Symbol.asyncIterator]();
    levels.set(level, rows);
    const { value: row, done } = await rows.next();
    compared += 1;
    const expected = Buffer.alloc(42, 't');
    expected.writeUInt8(level, 1);
    expected.writeBigUInt64BE(BigInt(index), 2);
    expected.set(hash, 10);
    const isThere = done !== true && expected.equals(row.key) && row.value.length === 0;
    return isThere ? undefined : `hash ${index} of level ${level} of the stored tree is missing or another one`;
  };

  const settle = async () => {
    const subtrees = pending;
    pending = [];
    for (const subtree of subtrees) {
      const wrong =
        (await compare(subtree)) ?? (subtree.height === TILE_HEIGHT ? await tiles.compare(subtree) : undefined);
      if (wrong) return wrong;
    }
    return undefined;
  };

  return {
    add(subtree) {
      pending.push(subtree);
    },
    settle,
    async end() {
      const wrong = (await settle()) ?? (await behind?.edgeFault());
      for (const rows of levels.values()) await rows.return?.();
      await tiles.close();
      if (wrong) return wrong;
      let stored = -tiles.compared;
      for await (const _ of read()) stored += 1;
      return stored === compared ? undefined : `the stored tree has ${stored} hashes, and the leaves give ${compared}`;
    },
  };
}
