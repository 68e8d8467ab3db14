import type { Boundary } from './boundary.js';
import { createBoundaryCheck, type StartCheck } from './boundary-check.js';
import { type ChainStart, createChainCheck } from './chain-check.js';
import { type Claim, createClaimsCheck } from './claims.js';
import { createKeyEpochs, type KeyEpochs } from './key-epochs.js';
import { createRootStream, leafHash } from './merkle.js';
import { createPayloadRowsCheck, type ReadPayloadRows } from './payload-rows.js';
import { asFault, type Entry, type Finding, olderFormat, type VerifyFault, type VerifyReport } from './report.js';
import type { Segment } from './segment.js';
import { createSegmentCheck } from './segment-check.js';
import type { NoteKey } from './signed-note.js';
import { createTreeRowsCheck, type ReadTreeRows } from './tree-rows.js';

export type { Entry, VerifyReport } from './report.js';

/** What a whole log is held against, beside the rules for its leaves. */
export interface HeldAgainst {
  /** Signed statements about it. */
  readonly claims: readonly Claim[];
  /** Keys that may have signed them. */
  readonly keys: readonly NoteKey[];
  /** Where the log begins, when leaves were removed from its front. */
  readonly boundary?: Boundary;
  /** Which part of the log it is, when it is none but that. */
  readonly segment?: Segment;
  /** The hashes of the tree that are stored beside the leaves, where they are. */
  readonly treeRows?: ReadTreeRows;
  /** The payloads that are stored beside the leaves, where they are. */
  readonly payloadRows?: ReadPayloadRows;
}

const PROGRESS_EVERY = 65_536;

/** See `verifyGroups`. */
export function verifyEntries(
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  onProgress?: (entries: number) => void,
  against?: HeldAgainst,
): Promise<VerifyReport> {
  return verifyGroups(oneByOne(entries), onProgress, against);
}

async function* oneByOne(entries: AsyncIterable<Entry> | Iterable<Entry>): AsyncGenerator<readonly Entry[]> {
  for await (const entry of entries) yield [entry];
}

/**
 * Verifies a whole log, leaf by leaf, in constant memory: its chain alone, or also what is signed of it. The groups may have any
 * size. Rejects only when reading them or the rows of the tree does; an error whose code is one of the store's is a finding.
 */
export async function verifyGroups(
  groups: AsyncIterable<readonly Entry[]>,
  onProgress?: (entries: number) => void,
  against?: HeldAgainst,
): Promise<VerifyReport> {
  const verification = createVerification(undefined, against);
  let told = 0;
  try {
    for await (const group of groups) {
      if (!group.every(verification.add)) break;
      if (verification.hasMore() && !(await verification.settle())) break;
      if (verification.size() - told < PROGRESS_EVERY) continue;
      told = verification.size();
      onProgress?.(told);
    }
    await verification.end();
  } catch (error) {
    if (!verification.failed(error)) throw error;
  }
  return verification.report();
}

/** A verification that is given one leaf after the other. */
export interface Verification {
  /** Takes the next leaf; false = something is wrong, and nothing more is taken. */
  add(entry: Entry): boolean;
  /** Whether there is something to `settle`. */
  hasMore(): boolean;
  /** Compares with the rows that are stored beside the leaves; false = something is wrong. */
  settle(): Promise<boolean>;
  /** There are no more leaves: what was signed is held against them. Not to be called for a part of a log. */
  end(): Promise<void>;
  /** Takes what reading rejected with instead of a leaf. True = it is one of the store's errors, and so a finding. */
  failed(error: unknown): boolean;
  /** There are no more leaves, and there should be `size`. */
  endsBefore(size: number): void;
  /** How many leaves hold, those before the first one included. */
  size(): number;
  /** What was found. Its `entries` are the leaves that hold, from the first one on. */
  report(): VerifyReport;
}

/** What leaves follow: a leaf, which is only hashed, or so many that were removed. */
export type Before = { readonly seq: number; readonly bytes: Uint8Array } | { readonly removed: number };

/** Verifies leaves that follow `before`; without it, from the beginning of a log, or from the boundary that it is held against. */
export function createVerification(before?: Before, against?: HeldAgainst): Verification {
  const keys = createKeyEpochs(against?.keys ?? []);
  const begin = against && startCheckOf(against, keys);
  const chain = createChainCheck(keys, begin?.start ?? (before && startBehind(before)));
  const claims = against && createClaimsCheck(against.claims, against.keys, keys);
  const rows = against?.treeRows && createTreeRowsCheck(against.treeRows, against.boundary);
  const payloads = against?.payloadRows && createPayloadRowsCheck(against.payloadRows, chain.size);
  let hasMore = false;
  const tree = createRootStream(
    rows &&
      ((subtree) => {
        rows.add(subtree);
        hasMore = true;
      }),
    begin?.treeStart,
  );
  const first = chain.size;
  let status: VerifyReport['status'] | undefined;
  let fault: VerifyFault | undefined;
  let signedSize: number | undefined;

  const found = (finding: Finding | undefined, as: VerifyReport['status'] = 'tampered'): boolean => {
    if (!finding || fault) return fault !== undefined;
    status = as;
    fault = asFault(finding, as);
    return true;
  };
  const rowFault = (wrong: string | undefined) => (wrong === undefined ? undefined : chain.fault('tree', wrong));

  found(begin?.unusable, 'bad input');
  found(begin?.fault ?? claims?.at(first, '', tree.root));
  return {
    add(entry) {
      if (fault || found(chain.add(entry))) return false;
      if (!against) return true;
      tree.add(chain.lastHash);
      if (payloads?.add(chain.size - 1, chain.lastWord)) hasMore = true;
      const { size, lastHash, lastTimeMs, lastBreak } = chain;
      return !found(begin?.at(size, lastHash, lastTimeMs) ?? claims?.at(size, lastHash, tree.root, lastBreak));
    },
    hasMore: () => hasMore,
    async settle() {
      hasMore = false;
      return !(found(rowFault(await rows?.settle())) || found(await payloads?.settle()));
    },
    async end() {
      if (fault || !claims || found(rowFault(await rows?.end())) || found(await payloads?.settle())) return;
      if (found(begin?.beforeEnd(chain.size, tree.root(), chain.epoch))) return;
      const ending = claims.end(chain.size, chain.logId, begin?.isProven);
      if (ending.status !== 'signed') {
        found(ending.finding, ending.status);
        return;
      }
      if (found(begin?.end(ending.signedSize)) || found(await payloads?.end(chain.size))) return;
      signedSize = ending.signedSize;
      if (signedSize >= chain.size) return;
      const text = `${chain.size - signedSize} leaves come after the last checkpoint`;
      found({ seq: signedSize, rule: 'checkpoint', found: text }, 'unanchored');
    },
    failed(error) {
      if (!/^JIMINI_STORE_/.test(String((error as { code?: unknown }).code))) return false;
      found(chain.fault('store', 'the database cannot be read on from here'));
      return true;
    },
    endsBefore(size) {
      if (chain.size < size) found(chain.fault('seq', `the leaf ${chain.size} is missing`));
    },
    size: () => chain.size,
    report() {
      if (chain.isOlderFormat) return olderFormat();
      const { size, logId, lastHash, lastKind, opaque, gaps, epoch } = chain;
      return {
        status: status ?? (size === first ? 'bad input' : 'ok'),
        entries: size - first,
        ...(logId !== '' && { logId }),
        ...(logId !== '' && size > first && { last: { seq: size - 1, hash: lastHash, kind: lastKind } }),
        ...(fault && { fault }),
        opaque,
        gaps,
        epoch,
        ...(signedSize !== undefined && { signedSize }),
        ...(payloads && { payloads: payloads.counts }),
        ...begin?.told,
      };
    },
  };
}

/** A part of a log says itself how it begins, whatever was removed before it. */
function startCheckOf({ segment, boundary, claims }: HeldAgainst, keys: KeyEpochs): StartCheck | undefined {
  if (segment) return createSegmentCheck(segment, keys, claims);
  return boundary && createBoundaryCheck(boundary, keys, claims);
}

function startBehind(before: Before): ChainStart {
  if ('removed' in before) return { size: before.removed };
  return { size: before.seq + 1, hash: leafHash(before.bytes) };
}
