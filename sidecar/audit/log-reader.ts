import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { leafHash, NO_PREV } from './leaf-hash.js';
import { membersOf } from './leaf-members.js';
import type { LeafRow, LogPages, LogRows } from './log-store.js';

/**
 * Leaves from `from` to `to` (both included), each checked: its bytes against its hash, its `prev` against the leaf
 * before it, where the log begins before that (`firstSeq`). Throws `JIMINI_STORE_CORRUPT` at the first that does not hold or is not there. The store itself checks
 * nothing, and leaves out what it cannot read.
 */
export async function* readLeaves(
  rows: Pick<LogRows, 'rowsFrom'>,
  { from, to, firstSeq }: { readonly from: number; readonly to: number; readonly firstSeq: number },
): AsyncGenerator<LeafRow> {
  let next = Math.max(firstSeq, from - 1);
  let prev = next === 0 ? NO_PREV : undefined;
  for await (const row of rows.rowsFrom(next)) {
    if (next > to) return;
    if (!holds(row, next, prev)) break;
    if (next >= from) yield row;
    prev = row.hash;
    next += 1;
  }
  if (next > to) return;
  throw new JiminiError('JIMINI_STORE_CORRUPT', `the leaf at ${next} is damaged or missing: run \`jimini log verify\``);
}

/** Rows of a log in use, read page by page: between two pages others have their turn, and nothing is held open. */
export function pagedRows(log: LogPages): Pick<LogRows, 'rowsFrom'> {
  return {
    async *rowsFrom(seq) {
      for (let next = seq; ; ) {
        const rows = await log.page(next, LIMITS.leavesPerFetch);
        yield* rows;
        const last = rows.at(-1);
        if (!last) return;
        next = last.seq + 1;
      }
    },
  };
}

/** Whether the row stands where it should, is what its hash says, and follows the leaf with the hash `prev`, if that is known. */
export function holds(row: LeafRow, seq: number, prev: string | undefined): boolean {
  const isWhole = row.seq === seq && leafHash(row.bytes) === row.hash;
  return isWhole && (prev === undefined || membersOf(row.bytes)['prev'] === prev);
}
