import type { Segment } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { WORK, type WorkBudget } from './budget.js';
import { standsAlone } from './context.js';
import { foldText } from './fold.js';
import { createLiteralScanner, type LiteralGroups, type LiteralScanner } from './literal-scan.js';
import type { RulePattern } from './pack.js';
import { appliesToRole, type PreparedRule } from './prepared-rule.js';
import { mayMatch, stretchesFor } from './windows.js';

/** One confirmed match. Offsets are UTF-16 indexes into the segment's text. */
export interface Span {
  /** Index of the segment. */
  readonly segment: number;
  readonly start: number;
  readonly end: number;
  readonly score: number;
  /** The text stands in another segment too (`Segment.derived`): it matches, but is not counted. */
  readonly derived: boolean;
}

/** What one rule has found so far. Spans do not overlap and ascend by segment and start. */
export interface RuleMatches {
  readonly prepared: PreparedRule;
  spans: Span[];
  /** The condition `max_chars` holds; it has no place in the text. */
  byLength: boolean;
}

/** The matches of one evaluation, and how much text was judged. */
interface EngineResult {
  /** Rules with at least one span or `byLength`, in file order. Whether `min_count` is reached is not judged yet. */
  readonly matches: RuleMatches[];
  /** Code points over all segments. */
  readonly textLength: number;
}

/** The rules of one scope, in the order in which they are tried. */
export interface RulePlan {
  readonly rules: readonly PreparedRule[];
  /** Those with a pattern, by the length of their shortest match: a short segment needs only the first few. */
  readonly byLength: readonly PreparedRule[];
  readonly minLengths: Uint32Array;
}

/** Plans how these rules are tried. */
export function planOf(rules: readonly PreparedRule[]): RulePlan {
  const minLength = ({ rule }: PreparedRule) => rule.pattern?.compiled.facts.minLength ?? 0;
  const byLength = rules.filter(({ rule }) => rule.pattern).sort((a, b) => minLength(a) - minLength(b));
  return { rules, byLength, minLengths: Uint32Array.from(byLength, minLength) };
}

/** Finds all matches of many rules at once. Not reentrant: one evaluation at a time, which synchronous code guarantees. */
export interface Engine {
  match(segments: readonly Segment[], plan: RulePlan, budget: WorkBudget): EngineResult;
}

/** An engine over the given groups of literals; the rules given to `match` name these groups. */
export function createEngine(groups: LiteralGroups): Engine {
  const scanner = createLiteralScanner(groups);
  const names = createLiteralScanner(groups);
  return {
    match(segments, plan, budget) {
      const found = new Map<PreparedRule, RuleMatches>();
      const lengths = { all: 0, withoutInstructions: 0 };
      for (let i = 0; i < segments.length; i++) {
        const segment = segments[i] as Segment;
        budget.spend(segment.text.length * WORK.scanUnit + plan.byLength.length * WORK.ruleCheck);
        scanner.scan(segment.text);
        names.scan(segment.pointer);
        matchSegment({ segment, index: i, scanner, names, budget, found, bareChars: bareChars(segment.text) }, plan);
        const codePoints = scanner.lowSurrogates === 0 ? segment.text.length : countCodePoints(segment.text);
        if (segment.derived) continue;
        lengths.all += codePoints;
        if (segment.role !== 'system' && segment.role !== 'developer') lengths.withoutInstructions += codePoints;
      }
      for (const prepared of plan.rules) {
        const length = prepared.isInjection ? lengths.withoutInstructions : lengths.all;
        const { maxChars } = prepared.rule;
        if (maxChars !== undefined && length > maxChars) matchesOf(found, prepared).byLength = true;
      }
      const matches = [...found.values()].sort((a, b) => a.prepared.index - b.prepared.index);
      return { matches, textLength: lengths.all };
    },
  };
}

interface SegmentScan {
  readonly segment: Segment;
  readonly index: number;
  /** Has scanned the text. */
  readonly scanner: LiteralScanner;
  /** Has scanned the names that lead to it. */
  readonly names: LiteralScanner;
  /** Length of the text without the blanks around it, when it is short enough to be one match; else Infinity. */
  readonly bareChars: number;
  readonly budget: WorkBudget;
  readonly found: Map<PreparedRule, RuleMatches>;
}

function matchSegment(scan: SegmentScan, { byLength, minLengths }: RulePlan): void {
  let folded: string | undefined;
  const { length } = scan.segment.text;
  for (let i = 0; i < minLengths.length && (minLengths[i] as number) <= length; i++) {
    const prepared = byLength[i] as PreparedRule;
    if (!isCandidate(prepared, scan)) continue;
    folded ??= scan.scanner.foldable ? foldText(scan.segment.text) : scan.segment.text;
    confirm(prepared, folded, scan);
  }
}

/** Whether the pattern can match at all, from what the one pass over the text and its names has seen. */
function isCandidate(prepared: PreparedRule, scan: SegmentScan): boolean {
  const { segment, scanner, names, bareChars } = scan;
  const { literalGroup, keywordGroup, wordGroup, signs } = prepared;
  if (literalGroup >= 0 && !scanner.has(literalGroup)) return false;
  if (wordGroup >= 0 && bareChars > prepared.aloneCharsMax && !scanner.has(wordGroup) && !names.has(wordGroup))
    return false;
  if (!mayMatch((prepared.rule.pattern as RulePattern).compiled, scanner)) return false;
  if (signs.length > 0 && !scanner.foldable && !signs.some((sign) => segment.text.includes(sign))) return false;
  if (keywordGroup >= 0 && !scanner.has(keywordGroup) && !names.has(keywordGroup)) return false;
  return appliesToRole(prepared, segment.role);
}

/** Texts longer than this are not one match and blanks: no pattern of a value standing alone is so long. */
const BARE_CHARS_MAX = 256;

function bareChars(text: string): number {
  return text.length > BARE_CHARS_MAX ? Infinity : text.trim().length;
}

function confirm(prepared: PreparedRule, text: string, { segment, index, scanner, budget, found }: SegmentScan): void {
  const pattern = prepared.rule.pattern as RulePattern;
  const { matcher } = pattern.compiled;
  const checks = pattern.validators.reduce((sum, { work }) => sum + work, prepared.context ? WORK.check : 0);
  const workOfMatch = WORK.match + checks;
  let isFull = false;
  const visit = (start: number, end: number, valueStart: number, valueEnd: number): boolean => {
    budget.spend(workOfMatch);
    const score = scoreOf(prepared, pattern, { text, start, end, valueStart, valueEnd, pointer: segment.pointer });
    if (score === undefined) return true;
    const { spans } = matchesOf(found, prepared);
    spans.push({ segment: index, start: valueStart, end: valueEnd, score, derived: segment.derived === true });
    isFull = !prepared.keepAll && spans.length >= Math.max(LIMITS.findingsMax, pattern.minCount);
    return !isFull;
  };
  const known = found.get(prepared);
  if (known && !prepared.keepAll && known.spans.length >= Math.max(LIMITS.findingsMax, pattern.minCount)) return;
  for (const [from, to] of stretchesFor(pattern.compiled, prepared.literalGroup, { text, scanner })) {
    budget.spend((to - from) * WORK[matcher.engineFor(to - from)]);
    matcher.each(text, from, to, visit);
    if (isFull) return;
  }
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
  const { required, alone } = pattern.context;
  return !required || (alone && standsAlone(match.text, match.start, match.end)) ? pattern.score : undefined;
}

function matchesOf(found: Map<PreparedRule, RuleMatches>, prepared: PreparedRule): RuleMatches {
  let matches = found.get(prepared);
  if (!matches) {
    matches = { prepared, spans: [], byLength: false };
    found.set(prepared, matches);
  }
  return matches;
}

/** Code points, a lone surrogate counting as one. */
function countCodePoints(text: string): number {
  let count = text.length;
  for (let i = 1; i < text.length; i++) {
    const isLow = (text.charCodeAt(i) & 0xfc00) === 0xdc00;
    if (isLow && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--;
  }
  return count;
}
