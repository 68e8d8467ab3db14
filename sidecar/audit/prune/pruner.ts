import { type Clock, monotonicMs } from '../../kernel/clock.js';
import { JiminiError } from '../../kernel/errors.js';
import { LIMITS } from '../../kernel/limits.js';
import type { AuditLog } from '../audit-log.js';
import type { Boundary, LeafRow } from '../log-store.js';
import { oldEnd } from './old-end.js';
import { type PrunableLog, pruneOf } from './prune-leaf.js';

/** What a pruner needs from outside. */
export interface PrunerOptions {
  readonly log: Pick<AuditLog, 'append' | 'removal'> & PrunableLog;
  /** Leaves that are signed, and cosigned by every witness that there is: what is not may not be removed. */
  readonly coveredSize: () => number;
  /** So long each leaf is kept. */
  readonly retentionMs: number;
  readonly clock: Clock;
  /** The log begins with another leaf from now on. */
  onBoundary(firstSeq: number): void;
  /** Told once of each problem, until it is another one. */
  onProblem(problem: string): void;
  /** Runs something every so many milliseconds, one at a time, and gives what calls it off. */
  every(ms: number, run: () => Promise<void>): () => void;
}

/** Removes leaves that are older than the retention, in the background. */
export interface Pruner {
  /** Why leaves that are old are not removed; absent = nothing keeps them. */
  readonly problem: string | undefined;
  close(): void;
}

/** A boundary whose `prune` leaf is in the log. */
interface Stated {
  readonly boundary: Boundary;
  readonly keyLeaves: readonly LeafRow[];
  /** When its leaf was first seen to be covered; absent = it was not yet. */
  coveredMs: number | undefined;
}

/**
 * What it does at each step follows from where it is: it looks for old leaves, states a boundary, waits until that is signed, and only then
 * moves the beginning of the log and removes rows. A step that fails is taken again. What a killed process has not removed, the next one does:
 * the boundary in the store says so.
 */
export function createPruner(options: PrunerOptions): Pruner {
  const { log, coveredSize, retentionMs, clock, onBoundary, onProblem } = options;
  const { removal } = log;
  const nowMs = () => monotonicMs(clock);
  let isRemoving = removal.boundary.minSeq > 0;
  let removed = 0;
  /** What was removed in this round begins here; of a round before this process nobody knows. */
  let removedFrom = 0;
  /** Where space is to be given back next; absent = there is none. */
  let compactAt: number | undefined;
  let stated: Stated | undefined;
  let lookedTo = removal.boundary.minSeq;
  let lookAtMs = nowMs();
  /** The leaf that keeps what stands behind it, because it does not hold. */
  let heldUpAt: number | undefined;
  /** Why the last step failed. */
  let failure: string | undefined;
  let told: string | undefined;

  const step = async (): Promise<void> => {
    if (isRemoving) await remove();
    else if (compactAt !== undefined) await compact(compactAt);
    else if (stated) await moveTo(stated);
    else if (nowMs() >= lookAtMs) await look();
  };

  const remove = async (): Promise<void> => {
    for (let pieces = 0; pieces < LIMITS.prunePiecesMax; pieces += 1) {
      const rows = await removal.removeBelow(LIMITS.pruneRowsMax);
      removed += rows;
      if (rows === LIMITS.pruneRowsMax) continue;
      isRemoving = false;
      compactAt = removed > 0 ? removedFrom : undefined;
      return;
    }
  };

  const compact = async (first: number): Promise<void> => {
    const { minSeq } = removal.boundary;
    const end = Math.min(first + LIMITS.pruneCompactLeaves, minSeq);
    await removal.compact(first, end);
    compactAt = end < minSeq ? end : undefined;
  };

  /** Goes on from where it looked last; what is still too young, or not covered, is looked at again a while later. */
  const look = async (): Promise<void> => {
    const end = Math.min(coveredSize(), log.size - 1);
    const cutoffMs = clock.nowMs() - retentionMs;
    const found = await oldEnd(log, { from: lookedTo, end, cutoffMs, tilesMax: LIMITS.pruneTilesMax });
    lookedTo = found.end;
    if (found.mayGoOn) return;
    heldUpAt = Number.isFinite(retentionMs) ? found.damagedAt : undefined;
    if (lookedTo > removal.boundary.minSeq) await state();
    lookAtMs = nowMs() + LIMITS.pruneRoundMs;
  };

  const state = async (): Promise<void> => {
    const { leafFields, keyLeaves } = await pruneOf(log, lookedTo);
    const { seq } = await log.append({ leafFields });
    stated = { boundary: { minSeq: lookedTo, pruneSeq: seq }, keyLeaves, coveredMs: undefined };
  };

  /** Whoever has begun to copy the log before its checkpoint had the `prune` leaf gets to the end with what he has read. */
  const moveTo = async (next: Stated): Promise<void> => {
    if (coveredSize() <= next.boundary.pruneSeq) return;
    next.coveredMs ??= nowMs();
    if (nowMs() - next.coveredMs < LIMITS.pruneGraceMs) return;
    removedFrom = removal.boundary.minSeq;
    removed = 0;
    await removal.beginAt(next.boundary, next.keyLeaves);
    stated = undefined;
    isRemoving = true;
    onBoundary(next.boundary.minSeq);
  };

  const problem = (): string | undefined => {
    if (failure !== undefined || heldUpAt === undefined) return failure;
    return `the leaf ${heldUpAt} is damaged or missing, and keeps what stands behind it: run \`jimini log verify\``;
  };

  /** What could not be done now is done later: that the log takes nothing at the moment, it tells itself. */
  const callOff = options.every(LIMITS.pruneTickMs, async () => {
    try {
      await step();
      failure = undefined;
    } catch (error) {
      const { code, message } = JiminiError.from(error);
      if (code !== 'JIMINI_STORE_UNAVAILABLE') failure = message;
    }
    const found = problem();
    if (found !== undefined && found !== told) onProblem(found);
    told = found;
  });
  return {
    get problem() {
      return problem();
    },
    close: callOff,
  };
}
