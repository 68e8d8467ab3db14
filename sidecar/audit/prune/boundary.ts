import { leafHash } from '../leaf-hash.js';
import { membersOf } from '../leaf-members.js';
import type { Boundary, BoundaryReader, KeptKeyLeaves, LeafRow, LogPages } from '../log-store.js';

/** A log of which nothing was removed. */
export const NOTHING_REMOVED: Boundary = { minSeq: 0, pruneSeq: 0 };

/**
 * Where a log of `size` leaves begins: the last boundary that a `prune` leaf of this log states. What stands in the store alone is not
 * believed, because what lies below a boundary is removed for good.
 */
export async function newestBoundary(rows: LogPages & BoundaryReader, size: number): Promise<Boundary> {
  for (const boundary of (await rows.boundaries()).reverse()) {
    const { minSeq, pruneSeq } = boundary;
    const [row] = pruneSeq < size ? await rows.page(pruneSeq, 1) : [];
    if (row?.seq === pruneSeq && states(row, minSeq)) return boundary;
  }
  return NOTHING_REMOVED;
}

/** What shows that a log rightly begins at a boundary: its `prune` leaf, and then the `key` leaves below it. None where nothing was removed. */
export async function boundaryLeaves(
  rows: LogPages & KeptKeyLeaves,
  { minSeq, pruneSeq }: Boundary,
): Promise<Uint8Array[]> {
  if (minSeq === 0) return [];
  const prune = await rows.page(pruneSeq, 1);
  return [...prune, ...(await keptBelow(rows, minSeq))].map(({ bytes }) => bytes);
}

/** The `key` leaves below a boundary. */
export async function keptBelow(rows: KeptKeyLeaves, minSeq: number): Promise<LeafRow[]> {
  return (await rows.keptKeyLeaves()).filter(({ seq }) => seq < minSeq);
}

function states(row: LeafRow, minSeq: number): boolean {
  if (leafHash(row.bytes) !== row.hash) return false;
  const { kind, seq, min_seq } = membersOf(row.bytes);
  return kind === 'prune' && seq === row.seq && min_seq === minSeq && minSeq < row.seq;
}
