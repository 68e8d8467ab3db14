import type { ContentOptions } from '../content/read-content.js';
import { readContent } from '../content/read-content.js';
import type { Evaluation, Judgement } from '../kernel/evaluation.js';
import type { Gap, GapKind } from '../kernel/gap.js';
import type { PackSource } from '../policy/load-pack.js';
import type { Policy, VerdictSettings } from '../policy/policy.js';

/** A compiled policy with what it was compiled from, so that a worker can build the same one. */
export interface PolicySnapshot {
  readonly policy: Policy;
  readonly sources: readonly PackSource[];
  readonly settings: VerdictSettings;
  readonly contentOptions: ContentOptions;
}

/** Reads and judges one evaluation. Pure, and the same on every door and thread. Never throws: a failure is a gap. */
export function inspect(
  snapshot: Pick<PolicySnapshot, 'policy' | 'contentOptions'>,
  evaluation: Evaluation,
): Judgement {
  try {
    const reading = readContent(evaluation.content, snapshot.contentOptions);
    return snapshot.policy.judge(
      { segments: reading.segments, gaps: [...evaluation.gaps, ...reading.gaps] },
      evaluation,
    );
  } catch {
    return judgeUnread(snapshot.policy, evaluation, 'engine:error');
  }
}

/** The judgement of content that could not be judged: the door's own gaps and the named one decide. */
export function judgeUnread(policy: Policy, evaluation: Evaluation, kind: GapKind): Judgement {
  const gaps: Gap[] = [...evaluation.gaps, { kind }];
  return policy.judge({ segments: [], gaps }, evaluation);
}
