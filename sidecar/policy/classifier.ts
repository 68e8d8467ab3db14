import type { ClassifierAnswer, Judgement, Mark, MatchedRule } from '../kernel/evaluation.js';
import type { Gap, GapKind } from '../kernel/gap.js';
import { stricter, type Verdict, verdictOfAction } from '../kernel/verdict.js';

/** A verdict before and after shadow. */
interface Verdicts {
  readonly raw: Verdict;
  readonly effective: Verdict;
}

/** What a rule asks of a classifier about one evaluation, and what each outcome would mean. Holds text: never to be logged. */
export interface ClassifierQuestion {
  /** Name of the classifier. */
  readonly classifier: string;
  readonly prompt: string;
  /** What is asked about, at most `LIMITS.classifierTextCharsMax` UTF-16 units, well-formed. */
  readonly text: string;
  /** The text is the end of a longer one. */
  readonly isCut: boolean;
  /** The rule as it matches when the answer is yes. */
  readonly rule: MatchedRule;
  /** How many of the rules that matched without classifiers stand before it in file order. */
  readonly before: number;
  readonly ifFailed: Verdicts;
  readonly ifCut: Verdicts;
}

/** A judgement, and the questions that could still make it stricter or longer. */
export interface OpenJudgement extends Judgement {
  /** In file order of their rules; absent = the judgement is final. */
  readonly questions?: readonly ClassifierQuestion[];
  /** Where rules matched, in no order, those that `findings` has no room for too; absent = nowhere, or the scope did not ask. */
  readonly marks?: readonly Mark[];
}

/** What came back of one question. */
export type Answer = Pick<ClassifierAnswer, 'said' | 'model'>;

/** Classifiers as the one use case sees them. */
export interface Classifiers {
  /** Answers within the classifier's time limit. Never rejects: no usable answer is `failed`. */
  ask(question: Pick<ClassifierQuestion, 'classifier' | 'prompt' | 'text'>): Promise<Answer>;
}

/** Puts all questions at once, and makes the judgement final. */
export async function settleJudgement(open: OpenJudgement, classifiers: Classifiers): Promise<Judgement> {
  const { questions = [] } = open;
  const answers = await Promise.all(questions.map((question) => classifiers.ask(question)));
  return withAnswers(open, answers);
}

/** The final judgement: rules whose answer is yes match, and what could not be asked is a gap. */
export function withAnswers(open: OpenJudgement, answers: readonly Answer[]): Judgement {
  const { questions = [], ...judgement } = open;
  let { raw, effective } = judgement;
  const raise = (by: Verdicts) => {
    raw = stricter(raw, by.raw);
    effective = stricter(effective, by.effective);
  };
  const matched = [...judgement.matched];
  const kinds = new Set<GapKind>(judgement.gaps.map(({ kind }) => kind));
  let added = 0;
  for (const [i, question] of questions.entries()) {
    const said = answers[i]?.said ?? 'failed';
    if (said === 'yes') {
      matched.splice(question.before + added++, 0, question.rule);
      raise({ raw: verdictOfAction(question.rule.action), effective: verdictOfAction(question.rule.effectiveAction) });
    }
    if (said === 'failed') {
      kinds.add('classifier:unavailable');
      raise(question.ifFailed);
    } else if (question.isCut) {
      kinds.add('classifier:partial');
      raise(question.ifCut);
    }
  }
  const gaps: Gap[] = Array.from(kinds, (kind) => ({ kind }));
  return { ...judgement, raw, effective, matched, gaps, answers: questions.map((q, i) => answerOf(q, answers[i])) };
}

function answerOf({ rule, classifier }: ClassifierQuestion, answer: Answer | undefined): ClassifierAnswer {
  return { ruleId: rule.id, classifier, model: answer?.model ?? '', said: answer?.said ?? 'failed' };
}
