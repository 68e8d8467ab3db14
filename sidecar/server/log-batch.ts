import type { Entry } from '../../proto/gen/jimini/v1/audit.js';
import { membersOf } from '../audit/leaf-members.js';
import { pagedRows, readLeaves } from '../audit/log-reader.js';
import type { Boundary, LogPages } from '../audit/log-store.js';
import { JiminiError } from '../kernel/errors.js';
import { LEAF_KINDS } from '../kernel/leaf.js';

/** A log in use. */
export interface ReadableLog extends LogPages {
  readonly logId: string;
  /** Leaves in it, each of them on disk. */
  readonly size: number;
  /** Where it begins: leaves below `minSeq` were removed. */
  readonly removal: { readonly boundary: Pick<Boundary, 'minSeq'> };
}

/** First leaf of a log in use. */
export function firstSeqOf({ removal }: Pick<ReadableLog, 'removal'>): number {
  return removal.boundary.minSeq;
}

/** Kinds of leaves that are wanted; undefined = all. */
export type KindFilter = ReadonlySet<string> | undefined;

/** How much one batch may hold, and how much may be read for it. */
export interface BatchBounds {
  readonly entriesMax: number;
  readonly bytesMax: number;
  readonly examinedMax: number;
}

/** Leaves that passed a filter. */
export interface Batch {
  readonly entries: Entry[];
  /** Every leaf before this one, from the first that was asked for, was looked at. */
  readonly next: number;
}

/** Reads what a caller says of kinds. Throws `JIMINI_INVALID_ARGUMENT` for one that no leaf has. */
export function readKinds(kinds: readonly string[]): KindFilter {
  const known: readonly string[] = LEAF_KINDS;
  if (!kinds.every((kind) => known.includes(kind))) {
    throw invalid(`kinds holds one that is none of ${known.join(', ')}`);
  }
  return kinds.length === 0 ? undefined : new Set(kinds);
}

/** First leaf of a range, not before that of the log. Throws `JIMINI_INVALID_ARGUMENT` beyond the end of the log. */
export function readSeq(value: bigint, log: Pick<ReadableLog, 'size' | 'removal'>): number {
  const { size } = log;
  if (value <= BigInt(size)) return Math.max(Number(value), firstSeqOf(log));
  throw invalid(`first_seq is beyond the end of the log, which has ${size} leaves`);
}

/** Throws `JIMINI_STORE_UNAVAILABLE` when the log begins behind a leaf by now that was being read: what is missing there is not lost. */
export function refuseRemoved(log: Pick<ReadableLog, 'removal'>, seq: number): void {
  if (seq >= firstSeqOf(log)) return;
  throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'leaves were removed while they were read: ask again');
}

/** What a caller says of a range. */
interface AskedRange {
  readonly firstSeq: bigint;
  readonly endSeq: bigint;
}

/**
 * End of a range that begins with `first`; 0 = that of the log. A range all of which was removed is empty. Throws
 * `JIMINI_INVALID_ARGUMENT` before the beginning that was asked for.
 */
export function readEnd({ firstSeq, endSeq }: AskedRange, first: number, size: number): number {
  if (endSeq === 0n || endSeq > BigInt(size)) return size;
  if (endSeq < firstSeq) throw invalid('end_seq is before first_seq');
  return Math.max(Number(endSeq), first);
}

/**
 * Leaves from `from` to before `end` that pass the filter, verbatim, until one of the bounds is reached. Each is checked
 * against its hash and the leaf before it. Rejects with a `JIMINI_STORE_*` error; where leaves were removed meanwhile, as `refuseRemoved`
 * does.
 */
export async function readBatch(
  log: LogPages & Pick<ReadableLog, 'removal'>,
  { from, end }: { readonly from: number; readonly end: number },
  kinds: KindFilter,
  bounds: BatchBounds,
): Promise<Batch> {
  const entries: Entry[] = [];
  let bytes = 0;
  let next = from;
  const last = Math.min(end, from + bounds.examinedMax) - 1;
  if (last < from) return { entries, next };
  try {
    for await (const row of readLeaves(pagedRows(log), { from, to: last, firstSeq: firstSeqOf(log) })) {
      const isWanted = !kinds || kinds.has(String(membersOf(row.bytes)['kind']));
      if (isWanted && entries.length > 0 && bytes + row.bytes.length > bounds.bytesMax) break;
      next = row.seq + 1;
      if (!isWanted) continue;
      bytes += row.bytes.length;
      entries.push({ seq: BigInt(row.seq), leaf: Buffer.from(row.bytes), leafHash: Buffer.from(row.hash, 'hex') });
      if (entries.length >= bounds.entriesMax) break;
    }
  } catch (error) {
    refuseRemoved(log, next);
    throw error;
  }
  return { entries, next };
}

function invalid(message: string): JiminiError {
  return new JiminiError('JIMINI_INVALID_ARGUMENT', message);
}
