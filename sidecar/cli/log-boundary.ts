import type { LogCopy } from '../storage/log-copy.js';

/** A copy as it is needed here. */
type Log = Pick<LogCopy['log'], 'boundaries' | 'keptKeyLeaves' | 'page'>;

/** Where the log in a copy begins, and what shows that it rightly does. Nothing is verified. */
export interface CopyStart {
  /** First leaf that belongs to the log; those below it are leftovers. */
  readonly firstSeq: number;
  /** The `prune` leaf, and then the `key` leaves below it; absent = nothing was removed. */
  readonly boundary?: readonly Uint8Array[];
}

/**
 * Reads where the log in a copy begins. Where its `prune` leaf is gone, an empty one stands for it, which holds for nobody. Of a database that
 * cannot be read, whoever reads the leaves tells.
 */
export function startOfCopy(log: Log): Promise<CopyStart> {
  return newestStart(log).catch(() => ({ firstSeq: 0 }));
}

async function newestStart(log: Log): Promise<CopyStart> {
  const newest = (await log.boundaries()).at(-1);
  if (!newest) return { firstSeq: 0 };
  const { minSeq, pruneSeq } = newest;
  const [prune] = await log.page(pruneSeq, 1);
  const kept = (await log.keptKeyLeaves()).filter(({ seq }) => seq < minSeq);
  const pruneBytes = prune?.seq === pruneSeq ? prune.bytes : new Uint8Array(0);
  return { firstSeq: minSeq, boundary: [pruneBytes, ...kept.map(({ bytes }) => bytes)] };
}
