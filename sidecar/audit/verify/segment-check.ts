import type { StartCheck } from './boundary-check.js';
import type { Claim } from './claims.js';
import type { KeyEpochs } from './key-epochs.js';
import { isConsistent } from './merkle.js';
import type { Finding } from './report.js';
import type { Segment } from './segment.js';

/** Holds what a segment says of itself against its leaves. `keys` has not followed any leaf yet. */
export function createSegmentCheck(segment: Segment, keys: KeyEpochs, claims: readonly Claim[]): StartCheck {
  const { first, end, peaks, logId, keyLeaves, consistency } = segment;
  const faultAt = (seq: number, found: string): Finding => ({ seq, rule: 'segment', found });
  const before = keyLeaves.filter(({ seq }) => seq < first);
  const behind = keyLeaves.filter(({ seq }) => seq >= end);
  const taken = (leaves: typeof keyLeaves) =>
    leaves.map(({ leaf }) => keys.take(leaf)).find((why) => why !== undefined);
  const wrongBefore = taken(before) ?? (epochsFrom(before, 2) ? undefined : 'is missing');
  const checkpoint = claims.find(({ source }) => source === 'checkpoint');

  /** It ends where it says, and the checkpoint's tree begins with its own. */
  const endFault = (size: number, root: Buffer, epoch: number): Finding | undefined => {
    if (size !== end) return faultAt(size, `the segment says that it ends before ${end}, and it ends before ${size}`);
    if (!checkpoint) return faultAt(end, 'there is no checkpoint that covers the segment');
    const wrong = taken(behind) ?? (epochsFrom(behind, epoch + 1) ? undefined : 'is missing');
    if (wrong !== undefined) return faultAt(end, `a key leaf from behind the segment ${wrong}`);
    if (isConsistent({ size, root }, checkpoint, consistency)) return undefined;
    return faultAt(end, 'its leaves do not lead to the root of the checkpoint');
  };

  return {
    start: first === 0 ? { size: 0, hash: '0'.repeat(64), logId } : { size: first, logId, epoch: 1 + before.length },
    treeStart: { size: first, peaks },
    told: { segment: { day: segment.day, first, end } },
    fault: wrongBefore === undefined ? undefined : faultAt(first, `a key leaf from before the segment ${wrongBefore}`),
    unusable: unusableClaim(claims, first, end),
    at(size, _leafHash, leafTimeMs) {
      const isEdge = size === first + 1 || size === end;
      if (isEdge && dayOf(leafTimeMs) !== segment.day)
        return faultAt(size - 1, `the leaf is not of the day ${segment.day}`);
      return size > end ? faultAt(end, `the segment ends before ${end}, and there are more leaves`) : undefined;
    },
    beforeEnd: endFault,
    end: () => undefined,
    isProven: (claim) => claim === checkpoint,
  };
}

function epochsFrom(leaves: Segment['keyLeaves'], first: number): boolean {
  return leaves.every(({ leaf }, at) => leaf.get('epoch') === first + at);
}

function dayOf(ms: number): string {
  return ms <= 8.64e15 ? new Date(ms).toISOString().slice(0, 10) : '';
}

/** The proof that a segment brings is to its own checkpoint. What else is said must be said of leaves that are in it. */
function unusableClaim(claims: readonly Claim[], first: number, end: number): Finding | undefined {
  const other = claims.find(({ source, size }) => source !== 'checkpoint' && (size < first || size > end));
  return (
    other && {
      seq: other.size,
      rule: other.source,
      found: `the ${other.source} is of ${other.size} leaves, and the segment has those from ${first} to before ${end}`,
    }
  );
}
