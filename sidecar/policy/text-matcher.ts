import type { Segment } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { WORK, type WorkBudget } from './budget.js';
import { standsAlone } from './context.js';
import { foldText } from './fold.js';
import type { LazyScan, NameScan } from './lazy-scan.js';
import type { LiteralScanner } from './literal-scan.js';
import { matchesOf, type RuleMatches } from './matches.js';
import type { RulePattern } from './pack.js';
import type { PlaceholderTest } from './placeholders.js';
import { ALL_MARKS, appliesToRole, type PreparedRule } from './prepared-rule.js';
import type { RulePlan } from './rule-plan.js';
import type { AllowedTexts } from './rule-set.js';
import { DIGITS_MIN, TOKEN_MIN } from './sweep.js';
import type { TriedRules } from './tried-rules.js';
import { originOf } from './views/mapped-text.js';
import type { View } from './views/views.js';
import { eachMatch, mayMatch, stretchesFor } from './windows.js';

/** One reading of a segment, just scanned, and where its matches go. All have the same members in the same order: hundreds of rules look at them. */
export interface TextScan {
  readonly segment: Segment;
  /** Index of the segment. */
  readonly index: number;
  /** The text of the segment, or of the view. */
  readonly text: string;
  /** How the text was made from that of the segment; undefined for the segment's own. */
  readonly view: View | undefined;
  readonly scanner: LiteralScanner;
  /** Looks at the text. */
  readonly words: LazyScan;
  /** Looks at the names that lead to the segment. */
  readonly names: NameScan;
  readonly budget: WorkBudget;
  readonly found: Map<PreparedRule, RuleMatches>;
  /** Of the rules that more than one word of a text could start. */
  readonly tried: TriedRules;
  readonly allowed: AllowedTexts;
  readonly isPlaceholder: PlaceholderTest | undefined;
  /** The text with every character folded, made when first needed. */
  folded: string | undefined;
  /** Length without the blanks around, counted when first needed. */
  bareChars: number | undefined;
}

/** Tries the rules of which the text or its names have a literal or word, and those without one as far as it has what they need. */
export function matchText(scan: TextScan, plan: RulePlan): void {
  const { scanner, words, names, tried } = scan;
  tried.begin();
  for (const group of scanner.groups) tryOnce(plan.byLiteral[group], scan);
  for (const prepared of plan.ofNumbers) {
    if (!scanner.numbers.has(prepared.digits)) break; // the rest need more digits still
    tryRule(prepared, scan);
  }
  if (scanner.tokens.has(TOKEN_MIN)) for (const prepared of plan.ofTokens) tryRule(prepared, scan);
  for (const prepared of plan.others) {
    if (prepared.minLength > scan.text.length) break; // the rest are longer still
    if (hasMarks(prepared, scanner)) tryRule(prepared, scan);
  }
  if (scanner.numbers.has(plan.wordDigits) || scanner.tokens.has(plan.wordTokenRun)) {
    for (const group of words.groups()) tryOnce(plan.byWord[group], scan);
  }
  if (plan.byName.length > 0) for (const group of names.groups()) tryOnce(plan.byName[group], scan);
  for (const prepared of plan.alone) {
    if (prepared.digits >= DIGITS_MIN && !scanner.numbers.has(prepared.digits)) break; // the rest need more digits still
    if (mayStandAlone(prepared, scan)) tryOnce(prepared, scan);
  }
}

/** Tries a rule that several words may start. */
function tryOnce(prepared: PreparedRule | undefined, scan: TextScan): void {
  if (!prepared) return;
  // A literal has one rule, and is told of once.
  if (prepared.literalGroup >= 0 || scan.tried.isFirst(prepared)) tryRule(prepared, scan);
}

/** Whether the text has a sign or digit that every match of the rule holds. An empty text has no marks at all. */
function hasMarks({ neededMarks }: PreparedRule, { marks }: LiteralScanner): boolean {
  return (neededMarks & (marks || ALL_MARKS)) !== 0;
}

function tryRule(prepared: PreparedRule, scan: TextScan): void {
  scan.budget.spend(WORK.ruleCheck);
  if (!isCandidate(prepared, scan)) return;
  scan.folded ??= scan.scanner.foldable ? foldText(scan.text) : scan.text;
  confirm(prepared, scan.folded, scan);
}

/** Whether the pattern can match at all, from what the one pass over the text and its names has seen. */
function isCandidate(prepared: PreparedRule, scan: TextScan): boolean {
  const { segment, text, view, scanner } = scan;
  const { compiled } = prepared.rule.pattern as RulePattern;
  if (!hasMarks(prepared, scanner) || !mayMatch(compiled, text, scanner)) return false;
  if ((view?.isGuess && !prepared.isInjection) || !appliesToRole(prepared, segment.role)) return false;
  if (prepared.commonGroup >= 0 && !scan.words.has(prepared.commonGroup)) return false;
  return hasKeyword(prepared, scan) && hasWord(prepared, scan);
}

/** Whether the text or the names that lead to it hold a keyword of the rule, if it has any. */
function hasKeyword({ keywordGroup, sweptKeywords }: PreparedRule, { scanner, words, names }: TextScan): boolean {
  if (keywordGroup < 0) return true;
  return (sweptKeywords >= 0 ? scanner.has(sweptKeywords) : words.has(keywordGroup)) || names.has(keywordGroup);
}

/** Whether a word of the required context may be there, or none is needed. */
function hasWord(prepared: PreparedRule, scan: TextScan): boolean {
  const { wordGroup, sweptWords } = prepared;
  if (wordGroup < 0) return true;
  const isInText = sweptWords >= 0 ? scan.scanner.has(sweptWords) : scan.words.has(wordGroup);
  return isInText || scan.names.has(wordGroup) || mayStandAlone(prepared, scan);
}

/** Whether the text is short enough to be a match and nothing else, which needs no word beside it. */
function mayStandAlone({ aloneCharsMax }: PreparedRule, scan: TextScan): boolean {
  if (aloneCharsMax < 0) return false;
  scan.bareChars ??= scan.text.trim().length;
  return scan.bareChars <= aloneCharsMax;
}

function confirm(prepared: PreparedRule, text: string, scan: TextScan): void {
  const { segment, scanner, budget, found, allowed, isPlaceholder } = scan;
  const pattern = prepared.rule.pattern as RulePattern;
  const most = prepared.keepAll ? Number.POSITIVE_INFINITY : Math.max(LIMITS.findingsMax, pattern.minCount);
  const isLowered = scan.view?.flagsOnly === true || segment.flagsOnly === true;
  const known = found.get(prepared);
  if (known && countOf(known, isLowered) >= most) {
    budget.matchesTried += 1; // nobody knows
    return;
  }
  const isAllowed = allowed.get(prepared);
  const stretches = stretchesFor(pattern.compiled, prepared, { text, scanner, words: scan.words });
  const visit = (start: number, end: number, valueStart: number, valueEnd: number): boolean => {
    budget.matchesTried += 1;
    const match = { text, start, end, valueStart, valueEnd, pointer: segment.pointer };
    const score = scoreOf({ prepared, pattern, budget }, match);
    if (score === undefined || isAllowed?.(text.slice(valueStart, valueEnd))) return true;
    if (isPlaceholder?.(text, valueStart, valueEnd)) return true;
    const matches = matchesOf(found, prepared);
    budget.keepMatch();
    keep(matches, scan, { valueStart, valueEnd, score, isLowered });
    return countOf(matches, isLowered) < most;
  };
  eachMatch(pattern.compiled, { text, stretches }, visit, budget.spender);
}

/** Matches found so far: those that flag at most from the start, or all others. */
function countOf({ spans, viewSpans, loweredCount }: RuleMatches, isLowered: boolean): number {
  return isLowered ? loweredCount : spans.length + viewSpans.length - loweredCount;
}

/** Keeps a match at its place in the segment's own text. */
function keep(
  matches: RuleMatches,
  { segment, index, view }: TextScan,
  found: { valueStart: number; valueEnd: number; score: number; isLowered: boolean },
): void {
  const { valueStart, valueEnd, score, isLowered } = found;
  const [start, end] = view ? originOf(view.mapped, valueStart, valueEnd) : [valueStart, valueEnd];
  const place = { segment: index, start, end, score, inView: view !== undefined, derived: segment.derived === true };
  (view ? matches.viewSpans : matches.spans).push(isLowered ? { ...place, isLowered } : place);
  if (isLowered) matches.loweredCount += 1;
}

interface Candidate {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly pointer: string;
}

interface Scoring {
  readonly prepared: PreparedRule;
  readonly pattern: RulePattern;
  readonly budget: WorkBudget;
}

/**
 * The score of a match that counts; undefined for one that a required context or a validator refuses. The context is
 * looked at first: it costs less than most validators, and most matches of a weak pattern have none.
 */
function scoreOf({ prepared, pattern, budget }: Scoring, match: Candidate): number | undefined {
  const { context, validators, score } = pattern;
  budget.spend(WORK.match + (prepared.context ? WORK.check : 0));
  const isNear = prepared.context?.isNear(match.text, match.start, match.end, match.pointer) ?? false;
  const isAlone = context?.alone === true && standsAlone(match.text, match.start, match.end);
  if (context?.required && !isNear && !isAlone) return undefined;
  const value = validators.length > 0 ? match.text.slice(match.valueStart, match.valueEnd) : '';
  for (const validator of validators) {
    budget.spend(validator.work);
    if (!validator.accepts(value)) return undefined;
  }
  return context && isNear ? Math.min(1, score + context.raise) : score;
}
