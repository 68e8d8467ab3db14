import type { Judgement, MatchedRule, Segment } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { stricter, verdictOfAction } from '../kernel/verdict.js';
import type { ClassifierQuestion } from './classifier.js';
import type { RuleMatches } from './matches.js';
import type { LlmPrompt, Problem } from './pack.js';
import { appliesToRole, type PreparedRule } from './prepared-rule.js';
import type { RuleExceptions } from './rule-set.js';
import { areGapsInShadow, isInScope, isPackInShadow, type Scope } from './scope.js';
import { gapActionOf, settingsOn, type VerdictSettings, verdictOfGap } from './verdict.js';

/** What the rules without classifiers gave. */
interface Judged {
  readonly judgement: Judgement;
  /** Of the rules that matched, in file order. */
  readonly matches: readonly RuleMatches[];
  readonly segments: readonly Segment[];
  readonly scope: Scope;
}

/** Finds what is left to ask of classifiers once the rules have been judged. */
export interface Questioner {
  /** Undefined = nothing. */
  questionsOf(judged: Judged): readonly ClassifierQuestion[] | undefined;
}

/** What the questions of a policy depend on. */
export interface QuestionerOptions {
  readonly exceptions: RuleExceptions;
  readonly settings: VerdictSettings;
  /** A rule as it is told when it matches. */
  matchedRuleOf(prepared: PreparedRule, scope: Scope): MatchedRule;
}

/** Whether this rule's `llm_prompt` is asked: it is switched on, and its classifier is configured. */
export function isAsked({ rule }: PreparedRule, settings: VerdictSettings): boolean {
  return rule.enabled && rule.llmPrompt !== undefined && settings.classifiers?.has(rule.llmPrompt.classifier) === true;
}

/** The questioner of a policy; undefined when none of its rules is asked, so that judging costs nothing more. */
export function createQuestioner(
  rules: readonly PreparedRule[],
  { exceptions, settings, matchedRuleOf }: QuestionerOptions,
): Questioner | undefined {
  const asking = rules.filter((prepared) => isAsked(prepared, settings));
  if (asking.length === 0) return undefined;
  const partial = (scope: Scope) =>
    verdictOfGap(
      gapActionOf('classifier:partial', settingsOn(scope.route, settings)),
      areGapsInShadow(scope, settings.shadow),
    );
  const failed = ({ rule, pack }: PreparedRule, { classifier }: LlmPrompt, scope: Scope) =>
    verdictOfGap(
      settings.classifiers?.get(classifier) ?? 'flag',
      isPackInShadow(pack.name, scope, settings.shadow) && !rule.enforce,
    );
  return {
    questionsOf({ judgement, matches, segments, scope }) {
      const isTaken = takenAway(exceptions, matches, scope);
      const readFor = rememberTexts(segments);
      const questions = asking.flatMap((prepared): ClassifierQuestion[] => {
        const { llmPrompt } = prepared.rule;
        if (!llmPrompt || !isInScope(prepared, scope) || isTaken(prepared)) return [];
        const rule = matchedRuleOf(prepared, scope);
        const { text, isCut } = readFor(prepared);
        if (!couldMatter(rule, judgement) || text.trim() === '') return [];
        return [
          {
            classifier: llmPrompt.classifier,
            prompt: llmPrompt.prompt,
            text,
            isCut,
            rule,
            before: matches.filter((match) => match.prepared.index < prepared.index).length,
            ifFailed: failed(prepared, llmPrompt, scope),
            ifCut: partial(scope),
          },
        ];
      });
      return questions.length > 0 ? questions : undefined;
    },
  };
}

/** Rules whose question is never put, and rules that promise what an answer cannot do. */
export function questionWarnings(rules: readonly PreparedRule[], settings: VerdictSettings): Problem[] {
  return rules.flatMap((prepared) => {
    const { rule, pack } = prepared;
    if (!rule.enabled || !rule.llmPrompt) return [];
    const { classifier, place } = rule.llmPrompt;
    const warning = (message: string): Problem => ({ severity: 'warning', file: pack.file, ...place, message });
    const isUnknown = !isAsked(prepared, settings);
    const takesAway = rule.suppresses.length + rule.exempts.length + rule.lowers.length > 0;
    return [
      ...(isUnknown ? [warning(`llm_prompt is not asked: moderators.${classifier} is not configured`)] : []),
      ...(takesAway ? [warning('a match by llm_prompt suppresses and exempts nothing')] : []),
    ];
  });
}

/** A block is as strict as it gets, and rules that would only be listed beside it are not worth the wait. */
function couldMatter(rule: MatchedRule, { raw, effective }: Judgement): boolean {
  const would = stricter(effective, verdictOfAction(rule.effectiveAction));
  return raw !== 'BLOCK' || would !== effective;
}

/** Whether a rule has matched already, or another one takes away all matches that it could have. */
function takenAway(exceptions: RuleExceptions, matches: readonly RuleMatches[], scope: Scope) {
  const byIndex = new Map(matches.map((match) => [match.prepared.index, match]));
  const everywhere = [...exceptions.exemptionsFor(scope), ...exceptions.suppressions].filter(
    ({ by, where, lowers }) =>
      !lowers && byIndex.has(by) && (where === 'anywhere' || byIndex.get(by)?.byLength === true),
  );
  return ({ index }: PreparedRule) => byIndex.has(index) || everywhere.some(({ target }) => target === index);
}

interface AskedText {
  readonly text: string;
  readonly isCut: boolean;
}

/** Rules that judge the same roles are asked about the same text. */
function rememberTexts(segments: readonly Segment[]): (prepared: PreparedRule) => AskedText {
  const texts = new Map<boolean, AskedText>();
  return (prepared) => {
    const known = texts.get(prepared.isInjection) ?? textFor(prepared, segments);
    texts.set(prepared.isInjection, known);
    return known;
  };
}

/**
 * The text of an evaluation, one segment a line, without member names and without what stands there twice. Of a text that is too
 * long the end is kept: a conversation grows at its end, and what came before was asked about when it was new.
 */
function textFor(prepared: PreparedRule, segments: readonly Segment[]): AskedText {
  const lines: string[] = [];
  let left: number = LIMITS.classifierTextCharsMax;
  let isCut = false;
  for (let i = segments.length - 1; i >= 0 && !isCut; i--) {
    const segment = segments[i] as Segment;
    if (segment.text === '' || segment.derived || isMemberName(segment) || !appliesToRole(prepared, segment.role)) {
      continue;
    }
    isCut = segment.text.length > left;
    if (left > 0) lines.push(isCut ? segment.text.slice(-left) : segment.text);
    left = Math.max(0, left - segment.text.length - 1);
  }
  return { text: lines.reverse().join('\n').toWellFormed(), isCut };
}

/** The pointer of a name is that of its value and `#`; a value whose own name ends in `#` is told from it by its text. */
function isMemberName({ text, pointer }: Segment): boolean {
  return pointer.endsWith('#') && pointer.endsWith(`/${text.replaceAll('~', '~0').replaceAll('/', '~1')}#`);
}
