import { JiminiError } from '../kernel/errors.js';
import type { ChainHead } from './batch.js';
import { leafHash, NO_PREV } from './leaf-hash.js';
import type { Boundary, BoundaryReader, LeafRow, LogPages, LogRows } from './log-store.js';
import { NOTHING_REMOVED, newestBoundary } from './prune/boundary.js';
import { recoverEdge } from './tree/recover-edge.js';
import type { TileReader } from './tree/tiles.js';
import { createTreeEdge } from './tree/tree-edge.js';

/** What a start finds in the store. */
export interface Recovered {
  /** Absent when the log is empty. */
  readonly logId?: string;
  readonly head: ChainHead;
  readonly boundary: Boundary;
  readonly previousClose: 'none' | 'clean' | 'unclean';
  /** Digest of the policy that the last run ended with, as far as its last leaves tell; absent = they do not. */
  readonly policyRevision?: string;
}

/**
 * How far back a policy revision is looked for. Leaves of refused calls have none, and who may cause them makes at most 61 a
 * minute.
 */
const REVISION_LEAVES_MAX = 100_000;
const REVISION_LEAVES_STEP = 64;

/**
 * Reads the end of the log and of its tree. Rejects with `JIMINI_STORE_CORRUPT` when its last two leaves do not hold together, or
 * hashes of the tree are missing.
 */
export async function recoverTail(rows: LogRows & LogPages & TileReader & BoundaryReader): Promise<Recovered> {
  const tail = await rows.lastRows(2);
  const last = tail.at(-1);
  if (!last) {
    const head = { size: 0, hash: NO_PREV, epoch: 1, edge: createTreeEdge() };
    return { head, boundary: NOTHING_REMOVED, previousClose: 'none' };
  }
  // The last two are never removed: a boundary is below the leaf before its own `prune` leaf.
  const before = tail.length === 2 ? tail[0] : undefined;
  const leaf = checkedLeaf(last, before);
  const boundary = await newestBoundary(rows, last.seq + 1);
  return {
    logId: leaf.logId,
    head: { size: last.seq + 1, hash: last.hash, epoch: leaf.epoch, edge: await recoverEdge(rows, last.seq + 1) },
    boundary,
    previousClose: leaf.kind === 'close' ? 'clean' : 'unclean',
    ...(await lastRevision(rows, boundary.minSeq, last.seq + 1).catch(() => ({}))),
  };
}

/** What is damaged further back is the verifier's business: nothing is built on it but what this run says of the last one. */
async function lastRevision(
  rows: LogPages,
  firstSeq: number,
  size: number,
): Promise<Pick<Recovered, 'policyRevision'>> {
  const farthest = Math.max(firstSeq, size - REVISION_LEAVES_MAX);
  for (let end = size; end > farthest; end -= REVISION_LEAVES_STEP) {
    const first = Math.max(farthest, end - REVISION_LEAVES_STEP);
    for (const row of (await rows.page(first, end - first)).reverse()) {
      const leaf = parsed(row);
      const revision = leaf['new_policy_revision'] ?? leaf['policy_revision'];
      if (leafHash(row.bytes) === row.hash && typeof revision === 'string') return { policyRevision: revision };
    }
  }
  return {};
}

/**
 * After a failed write and a new opening: how many of the rows whose fate was unknown are in the log. Rejects with
 * `JIMINI_STORE_CORRUPT` when an acknowledged leaf is missing or a leaf is there that this writer did not write.
 */
export async function reconcile(rows: LogRows, head: ChainHead, unknown: readonly LeafRow[]): Promise<number> {
  let next = Math.max(0, head.size - 1);
  for await (const row of rows.rowsFrom(next)) {
    const expected = next < head.size ? head.hash : unknown[next - head.size]?.hash;
    if (row.seq !== next || row.hash !== expected || leafHash(row.bytes) !== expected) {
      throw damaged(`the leaf at ${row.seq} is not the one that was written there`);
    }
    next += 1;
  }
  if (next < head.size) throw damaged(`the leaf ${next} was acknowledged, and is gone`);
  return next - head.size;
}

interface CheckedLeaf {
  readonly logId: string;
  readonly epoch: number;
  readonly kind: unknown;
}

function checkedLeaf(row: LeafRow, before: LeafRow | undefined): CheckedLeaf {
  if (leafHash(row.bytes) !== row.hash) throw damaged(`the leaf ${row.seq} is not what its hash says`);
  const leaf = parsed(row);
  if (leaf['v'] === 0) throw preview();
  if (leaf['v'] !== 1) throw damaged(`the leaf ${row.seq} has a format version that this program does not write`);
  const epoch = leaf['epoch'];
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 1) {
    throw damaged(`the leaf ${row.seq} does not say which signing key was in force`);
  }
  if (leaf['seq'] !== row.seq || typeof leaf['log_id'] !== 'string' || !/^[a-z2-7]{26}$/.test(leaf['log_id'])) {
    throw damaged(`the leaf ${row.seq} does not belong where it stands`);
  }
  const prev = row.seq === 0 ? NO_PREV : before && before.seq === row.seq - 1 ? leafHash(before.bytes) : undefined;
  if (leaf['prev'] !== prev) throw damaged(`the leaf ${row.seq} does not follow the one before it`);
  return { logId: leaf['log_id'], epoch, kind: leaf['kind'] };
}

function parsed(row: LeafRow): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(row.bytes).toString('utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw damaged(`the leaf ${row.seq} is not JSON`, cause);
  }
}

/** Format v0 was never released. Nothing in it can be signed: it has no tree. */
function preview(): JiminiError {
  const what = 'the log was written in format v0, a preview, which this program neither continues nor converts';
  const advice = 'move the data directory aside, and start with a new one';
  return new JiminiError('JIMINI_STORE_CORRUPT', `${what}: ${advice}`);
}

function damaged(what: string, cause?: unknown): JiminiError {
  const advice = 'keep the data directory as evidence, run `jimini log verify`, and start with another data directory';
  return new JiminiError('JIMINI_STORE_CORRUPT', `the log is damaged: ${what}; ${advice}`, { cause });
}
