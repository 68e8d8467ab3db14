import type { Boundary } from './boundary.js';
import type { ChainStart } from './chain-check.js';
import type { Claim } from './claims.js';
import type { KeyEpochs } from './key-epochs.js';
import type { TreeStart } from './merkle.js';
import type { Finding, VerifyReport } from './report.js';

/** Holds what stands for the leaves that are not there against those that are, as they come. */
export interface StartCheck {
  /** What the chain of what is left begins with. */
  readonly start: ChainStart;
  /** What the tree of what is left begins with. */
  readonly treeStart: TreeStart;
  /** What is to be reported of it. */
  readonly told: Pick<VerifyReport, 'pruned' | 'segment'>;
  /** What is wrong before any leaf is looked at. */
  readonly fault: Finding | undefined;
  /** Why what somebody gave cannot be held against what is left. */
  readonly unusable: Finding | undefined;
  /** To be called after each leaf, with what it says of its time. */
  at(size: number, leafHash: string, timeMs: number): Finding | undefined;
  /** There are no more leaves, and nothing is signed yet. */
  beforeEnd(size: number, root: Buffer, epoch: number): Finding | undefined;
  /** Whether it is shown otherwise that a larger tree goes on from these leaves. */
  isProven(claim: Claim): boolean;
  /** There are no more leaves, and so many of them are signed. */
  end(signedSize: number): Finding | undefined;
}

/** `keys` has not followed any leaf yet, and is told of the `key` leaves below the boundary. */
export function createBoundaryCheck(boundary: Boundary, keys: KeyEpochs, claims: readonly Claim[]): StartCheck {
  const { minSeq, peaks, logId, prune, keyLeaves } = boundary;
  const faultAt = (seq: number, found: string): Finding => ({ seq, rule: 'boundary', found });
  const refused = keyLeaves.map(({ leaf }) => keys.take(leaf)).find((why) => why !== undefined);
  return {
    start: { size: minSeq, logId, epoch: 1 + keyLeaves.length },
    treeStart: { size: minSeq, peaks },
    told: { pruned: { entries: minSeq, atMs: prune.timeMs } },
    fault: refused === undefined ? undefined : faultAt(minSeq, `a key leaf from below the boundary ${refused}`),
    unusable: unusableClaim(minSeq, claims),
    at(size, leafHash) {
      const isOther = size === prune.seq + 1 && leafHash !== prune.hash;
      return isOther ? faultAt(prune.seq, 'the leaf here is not the prune leaf that the log begins by') : undefined;
    },
    beforeEnd: () => undefined,
    isProven: () => false,
    end(signedSize) {
      if (signedSize > prune.seq) return undefined;
      return faultAt(minSeq, `no checkpoint covers the leaf ${prune.seq}, which says that leaves were removed`);
    },
  };
}

/** What is said of leaves that are gone cannot be compared with anything. */
function unusableClaim(minSeq: number, claims: readonly Claim[]): Finding | undefined {
  const anchor = claims.find(({ source, size }) => source === 'anchor' && size < minSeq);
  if (anchor) {
    const found = `the anchor is of ${anchor.size} leaves, and those below ${minSeq} were removed`;
    return { seq: anchor.size, rule: 'anchor', found };
  }
  const proof = claims.find((claim) => claim.proof && claim.proof.index < minSeq)?.proof;
  const found = `a proof is of the leaf ${proof?.index}, which was removed`;
  return proof && { seq: proof.index, rule: 'proof', found };
}
