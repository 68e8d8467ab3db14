import type { Segment } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { WORK, type WorkBudget } from './budget.js';
import { foldText } from './fold.js';
import type { LiteralScanner } from './literal-scan.js';
import { matchesOf, type RuleMatches } from './matches.js';
import type { RulePattern } from './pack.js';
import { appliesToRole, type PreparedRule } from './prepared-rule.js';
import type { RulePlan } from './rule-plan.js';
import type { AllowedTexts } from './rule-set.js';
import { DIGITS_MIN, TOKEN_MIN } from './sweep.js';
import { originOf } from './views/mapped-text.js';
import type { View } from './views/views.js';
import { mayMatch, stretchesFor } from './windows.js';

/** One reading of a segment, just scanned, and where its matches go. */
export interface TextScan {
  readonly segment: Segment;
  /** Index of the segment. */
  readonly index: number;
  /** The text of the segment, or of the view. */
  readonly text: string;
  /** How the text was made from that of the segment; absent for the segment's own. */
  readonly view?: View;
  readonly scanner: LiteralScanner;
  readonly budget: WorkBudget;
  readonly found: Map<PreparedRule, RuleMatches>;
  readonly allowed: AllowedTexts;
  /** The text with every character folded, made when first needed. */
  folded?: string;
}

/** Tries the rules of which a literal was seen, and those without one as far as the text has what they need. */
export function matchText(scan: TextScan, plan: RulePlan): void {
  const { scanner } = scan;
  for (const group of scanner.groups) {
    const prepared = plan.byLiteral[group];
    if (prepared) tryRule(prepared, scan);
  }
  if (scanner.numbers.has(DIGITS_MIN)) for (const prepared of plan.ofNumbers) tryRule(prepared, scan);
  if (scanner.tokens.has(TOKEN_MIN)) for (const prepared of plan.ofTokens) tryRule(prepared, scan);
  for (const prepared of plan.others) tryRule(prepared, scan);
}

function tryRule(prepared: PreparedRule, scan: TextScan): void {
  scan.budget.spend(WORK.ruleCheck);
  if (!isCandidate(prepared, scan)) return;
  scan.folded ??= scan.scanner.foldable ? foldText(scan.text) : scan.text;
  confirm(prepared, scan.folded, scan);
}

/** Whether the pattern can match at all, from what the one pass over the text has seen. */
function isCandidate(prepared: PreparedRule, { segment, text, view, scanner }: TextScan): boolean {
  const { compiled } = prepared.rule.pattern as RulePattern;
  if (text.length < compiled.facts.minLength || !mayMatch(compiled, scanner)) return false;
  if (prepared.signMarks !== 0 && (prepared.signMarks & scanner.marks) === 0) return false;
  if (prepared.keywordGroup >= 0 && !scanner.has(prepared.keywordGroup) && !prepared.hasKeyword(segment.pointer))
    return false;
  return (!view?.isGuess || prepared.isInjection) && appliesToRole(prepared, segment.role);
}

function confirm(prepared: PreparedRule, text: string, scan: TextScan): void {
  const { segment, scanner, budget, found, allowed } = scan;
  const pattern = prepared.rule.pattern as RulePattern;
  const { matcher } = pattern.compiled;
  const others = (prepared.context ? 1 : 0) + (allowed.has(prepared) ? 1 : 0);
  const checks = pattern.validators.reduce((sum, { work }) => sum + work, others * WORK.check);
  const workOfMatch = WORK.match + checks;
  const most = prepared.keepAll ? Number.POSITIVE_INFINITY : Math.max(LIMITS.findingsMax, pattern.minCount);
  const known = found.get(prepared);
  if (known && countOf(known) >= most) return;
  const isAllowed = allowed.get(prepared);
  let isFull = false;
  const spend = (units: number) => budget.spend(units);
  const visit = (start: number, end: number, valueStart: number, valueEnd: number): boolean => {
    budget.spend(workOfMatch);
    const score = scoreOf(prepared, pattern, { text, start, end, valueStart, valueEnd, pointer: segment.pointer });
    if (score === undefined || isAllowed?.(text.slice(valueStart, valueEnd))) return true;
    const matches = matchesOf(found, prepared);
    keep(matches, scan, { valueStart, valueEnd, score });
    isFull = countOf(matches) >= most;
    return !isFull;
  };
  for (const [from, to] of stretchesFor(pattern.compiled, prepared.literalGroup, { text, scanner })) {
    matcher.each(text, from, to, visit, spend);
    if (isFull) return;
  }
}

function countOf({ spans, viewSpans }: RuleMatches): number {
  return spans.length + viewSpans.length;
}

/** Keeps a match at its place in the segment's own text. */
function keep(
  { spans, viewSpans }: RuleMatches,
  { segment, index, view }: TextScan,
  { valueStart, valueEnd, score }: { valueStart: number; valueEnd: number; score: number },
): void {
  const [start, end] = view ? originOf(view.mapped, valueStart, valueEnd) : [valueStart, valueEnd];
  const span = { segment: index, start, end, score, inView: view !== undefined, derived: segment.derived === true };
  (view ? viewSpans : spans).push(span);
}

interface Candidate {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly pointer: string;
}

/** The score of a match that counts; undefined for one that a validator or a required context refuses. */
function scoreOf(prepared: PreparedRule, pattern: RulePattern, match: Candidate): number | undefined {
  if (pattern.validators.length > 0) {
    const value = match.text.slice(match.valueStart, match.valueEnd);
    for (const validator of pattern.validators) if (!validator.accepts(value)) return undefined;
  }
  if (!pattern.context || !prepared.context) return pattern.score;
  if (prepared.context.isNear(match.text, match.start, match.end, match.pointer)) {
    return Math.min(1, pattern.score + pattern.context.raise);
  }
  return pattern.context.required ? undefined : pattern.score;
}
