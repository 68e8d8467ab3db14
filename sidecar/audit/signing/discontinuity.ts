import type { Discontinuity } from '../../kernel/leaf.js';
import type { LogPages, RowsBehind } from '../log-store.js';
import { originOf } from '../notes/checkpoint.js';
import { refuseDamagedEdge } from '../tree/damaged-edge.js';
import { foldPeaks } from '../tree/node-hash.js';
import { recoverEdge } from '../tree/recover-edge.js';
import type { TileReader } from '../tree/tiles.js';
import type { LastSigned } from './last-signed.js';

/** What a start found in the store. */
export interface FoundLog {
  /** Absent when there are no leaves. */
  readonly logId: string | undefined;
  readonly size: number;
  /** First leaf that is there; 0 = nothing was removed. */
  readonly firstSeq: number;
  readonly rows: LogPages & TileReader & RowsBehind;
}

/**
 * Leaves that a log may have without a checkpoint: a first start writes its `open` leaf, signs it, and takes records only then. One that
 * was killed in between leaves this.
 */
const UNSIGNED_LEAVES_MAX = 1;

/**
 * Why the log does not go on from what was signed last; undefined = it does. A log must never sign two histories with one key
 * (C2SP tlog-checkpoint). Rejects with `JIMINI_STORE_CORRUPT` when hashes of the tree are missing, or are not those of the leaves.
 */
export async function findDiscontinuity(
  { logId, size, firstSeq, rows }: FoundLog,
  last: LastSigned | undefined,
): Promise<Discontinuity | undefined> {
  const isCut = await rows.hasRowsBehind(size);
  if (!last) {
    await refuseDamagedEdge(rows, size, firstSeq);
    const unsigned = { recovered_size: size, signed_size: 0, signed_root: foldPeaks([]).toString('hex') };
    if (size > UNSIGNED_LEAVES_MAX) return { reason: 'no_checkpoint', ...unsigned };
    return isCut ? { reason: 'leaves_gone', ...unsigned } : undefined;
  }
  const { origin, size: signedSize, root } = last.checkpoint;
  const signed = {
    recovered_size: size,
    signed_size: signedSize,
    signed_root: Buffer.from(root).toString('hex'),
  };
  const isOurs = logId === undefined || origin === originOf(logId);
  // What was removed was signed before: a checkpoint from before is that of an older copy, and nothing is left to compare it with.
  const isComparable = isOurs && signedSize >= firstSeq && signedSize <= size;
  const continues = isComparable && (await recoverEdge(rows, signedSize)).root().equals(root);
  // Where the tree is damaged, no root that could be signed would be that of the leaves; what leads to a signed root is not.
  if (isComparable && !continues) await refuseDamagedEdge(rows, signedSize, firstSeq);
  await refuseDamagedEdge(rows, size, continues ? Math.max(firstSeq, signedSize) : firstSeq);
  if (signedSize > size) return { reason: 'log_shorter', ...signed };
  if (!continues) return { reason: 'log_differs', ...signed };
  return isCut ? { reason: 'leaves_gone', ...signed } : undefined;
}

/** What a start found, as one line of JSON: what `acknowledge-gap` writes down. */
export function discontinuityText({ reason, recovered_size, signed_root, signed_size }: Discontinuity): string {
  return `${JSON.stringify({ reason, recovered_size, signed_root, signed_size })}\n`;
}
