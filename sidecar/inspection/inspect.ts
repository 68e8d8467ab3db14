import type { ContentOptions } from '../content/read-content.js';
import { readContent } from '../content/read-content.js';
import type { Content, Evaluation, Mark, Segment } from '../kernel/evaluation.js';
import { type Fault, faultOf } from '../kernel/fault.js';
import type { Gap } from '../kernel/gap.js';
import type { OpenJudgement } from '../policy/classifier.js';
import type { LoadOptions, PackSource } from '../policy/pack.js';
import type { Policy } from '../policy/policy.js';
import type { Scope } from '../policy/scope.js';
import type { VerdictSettings } from '../policy/verdict.js';
import { type CapturedContent, type CaptureOrder, captureContent } from '../privacy/capture.js';
import { maskedTextOf } from './mask.js';

/** A compiled policy with what it was compiled from, so that a worker can build the same one. */
export interface PolicySnapshot {
  readonly policy: Policy;
  readonly sources: readonly (PackSource & LoadOptions)[];
  readonly settings: VerdictSettings;
  readonly contentOptions: ContentOptions;
}

/** One evaluation and the moment at which it is judged, which only exceptions that expire depend on. */
export interface Question {
  readonly evaluation: Evaluation;
  /** Wall-clock time, ms. */
  readonly nowMs: number;
  /** Work that judging may take; absent: the whole budget. */
  readonly workMax?: number | undefined;
  /** What a coded body may unpack to; absent: as much as a body may have. */
  readonly decodedBytesMax?: number | undefined;
  /** What is to be committed to and kept of the content; absent = nothing. */
  readonly order?: CaptureOrder | undefined;
}

/** A judgement with what was captured of the content; the latter is absent where no text was read, or none was asked for. */
export interface Inspected extends OpenJudgement {
  readonly captured?: CapturedContent;
}

/** Reads and judges one evaluation, as far as that goes without classifiers. Pure, and the same on every door and thread. Never throws: a failure is a gap. */
export function inspect(
  snapshot: Pick<PolicySnapshot, 'policy' | 'contentOptions'> & { readonly settings: UnmaskedSettings },
  question: Question,
): Inspected {
  const { evaluation, decodedBytesMax, order } = question;
  try {
    const { segments, gaps } = readContent(evaluation.content, snapshot.contentOptions, decodedBytesMax);
    const all = evaluation.gaps.length === 0 ? gaps : [...evaluation.gaps, ...gaps];
    const judgement = snapshot.policy.judge({ segments, gaps: all }, scopeOf(question));
    const inspected = order ? captured(judgement, segments, order) : judgement;
    if (inspected.effective !== 'MASK') return inspected;
    if (evaluation.door === 'ext_authz') return unmasked(inspected, snapshot.settings);
    const maskedText = maskedTextOf(snapshot, question);
    return maskedText === undefined ? inspected : { ...inspected, maskedText };
  } catch (error) {
    return judgeUnread(snapshot.policy, question, { kind: 'engine:error', fault: faultOf(error) });
  }
}

/** What was read is committed to as it stood, whatever became of it: judged in part, masked, refused. */
function captured(judgement: OpenJudgement, segments: readonly Segment[], order: CaptureOrder): Inspected {
  const texts = segments.map(({ text }) => text);
  const content = captureContent({ texts, marks: judgement.marks ?? NO_MARKS, findings: judgement.findings }, order);
  if (!content) return judgement;
  if (!judgement.marks) return { ...judgement, captured: content };
  const { marks: _, ...rest } = judgement;
  return { ...rest, captured: content };
}

const NO_MARKS: readonly Mark[] = [];

type UnmaskedSettings = Pick<VerdictSettings, 'maskInExtAuthz'>;

/** ext_authz can let a body pass or not; it cannot change it. What should be masked never passes without a word. */
function unmasked(judgement: Inspected, { maskInExtAuthz }: UnmaskedSettings): Inspected {
  return { ...judgement, effective: maskInExtAuthz === 'flag' ? 'FLAG' : 'BLOCK', cannotMask: true };
}

/** Why content was not judged. */
export interface Unjudged {
  readonly kind: 'engine:error' | 'engine:budget';
  readonly fault: Fault;
}

/** The judgement of content that could not be judged: the door's own gaps and the named one decide. */
export function judgeUnread(policy: Policy, question: Question, { kind, fault }: Unjudged): OpenJudgement {
  const gaps: Gap[] = [...question.evaluation.gaps, { kind }];
  return { ...policy.judge({ segments: [], gaps }, scopeOf(question)), fault };
}

function scopeOf({ evaluation, nowMs, workMax, order }: Question): Scope {
  const { direction, endpoint, tenant, packs, heldBack, namedRoute: route } = evaluation;
  return { direction, endpoint, tenant, nowMs, packs, heldBack, route, workMax, wantsMarks: order !== undefined };
}

/** Size of what was sent to be read. A text counts its UTF-16 units, which is close enough to choose a thread. */
export function contentBytes(content: readonly Content[]): number {
  let bytes = 0;
  for (const part of content) {
    bytes += part.kind === 'body' ? part.bytes.byteLength : part.kind === 'text' ? part.text.length : part.raw.length;
  }
  return bytes;
}
