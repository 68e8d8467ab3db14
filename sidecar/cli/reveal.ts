import { readContent } from '../content/read-content.js';
import { inspect, type PolicySnapshot, type Question } from '../inspection/inspect.js';
import type { Content, Finding, Judgement, Segment } from '../kernel/evaluation.js';

/** What of a judged text may be shown. */
export interface Shown {
  /** The text that a finding points at; undefined when it is not to be shown. */
  textOf(finding: Finding): string | undefined;
  /** The masked text; absent when there is none, or when it is not to be shown. */
  readonly maskedText?: string;
}

/** Shows nothing that any rule found: masked text only when judging it again finds nothing at all. */
export function showNothing(snapshot: PolicySnapshot, question: Question, { maskedText }: Judgement): Shown {
  const textOf = () => undefined;
  const [content] = question.evaluation.content;
  if (maskedText === undefined || !content) return { textOf };
  const evaluation = { ...question.evaluation, content: [withText(content, maskedText)] };
  const again = inspect(snapshot, { ...question, evaluation });
  return again.matched.length === 0 ? { textOf, maskedText } : { textOf };
}

/** Shows the text of every finding. */
export function showEverything(snapshot: PolicySnapshot, question: Question, { maskedText }: Judgement): Shown {
  const { segments } = readContent(question.evaluation.content, snapshot.contentOptions);
  const textOf = (finding: Finding) => {
    const candidates = segments.filter(
      (segment) => segment.pointer === finding.pointer && cut(segment, finding) !== '',
    );
    // Several texts can stand at one pointer: what is written there, and what it says decoded or joined.
    const owner = candidates.length > 1 ? candidates.find((one) => finds(one, finding)) : undefined;
    const segment = owner ?? candidates[0];
    return segment && cut(segment, finding);
  };
  const finds = (segment: Segment, finding: Finding) => {
    const { findings } = snapshot.policy.judge(
      { segments: [segment], gaps: [] },
      { ...question.evaluation, ...question },
    );
    return findings.some(
      ({ ruleId, pack, start, end }) =>
        ruleId === finding.ruleId && pack === finding.pack && start === finding.start && end === finding.end,
    );
  };
  return { textOf, ...(maskedText !== undefined && { maskedText }) };
}

function cut({ text }: Segment, { start, end }: Finding): string {
  return Buffer.from(text).toString('utf8', start, end);
}

function withText(content: Content, text: string): Content {
  return content.kind === 'body' ? { ...content, bytes: Buffer.from(text) } : { kind: 'text', text };
}
