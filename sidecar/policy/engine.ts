import type { Segment } from '../kernel/evaluation.js';
import type { Steps } from '../kernel/steps.js';
import { WORK, type WorkBudget } from './budget.js';
import { LOW_SURROGATE_MARK } from './character-table.js';
import { createLazyScan, createNameScan } from './lazy-scan.js';
import { createLiteralScannerSteps, type LiteralScanner } from './literal-scan.js';
import { matchesOf, mergeViewSpans, type RuleMatches } from './matches.js';
import type { PlaceholderTest } from './placeholders.js';
import { createPlainTexts } from './plain-texts.js';
import type { PreparedRule } from './prepared-rule.js';
import type { RulePlan } from './rule-plan.js';
import type { AllowedTexts, RuleGroups } from './rule-set.js';
import { TOKEN_MIN } from './sweep.js';
import { matchText, type TextScan } from './text-matcher.js';
import { createTriedRules } from './tried-rules.js';
import { brokenNumbers } from './views/broken-numbers.js';
import { textsInNumbers } from './views/numbered-text.js';
import { BACKWARDS_WORDS, ROTATED_WORDS } from './views/turned-text.js';
import { createViewQueue, type ViewQueue } from './views/view-queue.js';
import { addDecodedViews, addViews, mayHaveViews, type Turns, turnedViews } from './views/views.js';
import type { Stretch } from './windows.js';

/** The matches of one evaluation, and how much text was judged. */
interface EngineResult {
  /** Rules with at least one span or `byLength`, in file order. Whether `min_count` is reached is not judged yet. */
  readonly matches: RuleMatches[];
  /** Code points over all segments. */
  readonly textLength: number;
}

/** Finds all matches of many rules at once. Not reentrant: one evaluation at a time, which synchronous code guarantees. */
export interface Engine {
  /** `allowed`: texts that rules may find without matching; absent: none. */
  match(segments: readonly Segment[], plan: RulePlan, budget: WorkBudget, allowed?: AllowedTexts): EngineResult;
}

/** Which words of turned texts the text scanned last has. */
type TurnsOf = (scanner: LiteralScanner) => Turns;

const NOTHING: AllowedTexts = new Map();

/**
 * Makes an engine over the given groups of literals; the rules given to `match` name these groups. What `isPlaceholder` takes for one
 * matches no rule.
 */
export function* createEngine(groups: RuleGroups, isPlaceholder?: PlaceholderTest): Steps<Engine> {
  const turned = { backwards: groups.literals.length, rotated: groups.literals.length + 1 };
  const scanner = yield* createLiteralScannerSteps({
    literals: [...groups.literals, BACKWARDS_WORDS, ROTATED_WORDS],
    wholeWords: new Set([turned.backwards, turned.rotated]),
  });
  const wordScanner = yield* createLiteralScannerSteps(groups.words);
  const turnsOf: TurnsOf = (scanned) => ({
    backwards: scanned.has(turned.backwards),
    rotated: scanned.has(turned.rotated),
  });
  const words = createLazyScan(wordScanner);
  const names = createNameScan(wordScanner.twin());
  const plainTexts = createPlainTexts();
  const tried = createTriedRules();
  return {
    match(segments, plan, budget, allowed = NOTHING) {
      const found: Map<PreparedRule, RuleMatches> = new Map();
      const lengths = { all: 0, withoutInstructions: 0 };
      plainTexts.begin(plan, budget);
      try {
        for (let i = 0; i < segments.length; i++) {
          const segment = segments[i] as Segment;
          budget.spend(segment.text.length * WORK.scanUnit + WORK.segment);
          const { text } = segment;
          names.look(segment.pointer);
          let codePoints = text.length;
          if (!plainTexts.has(segment, names.names)) {
            scanner.scan(text);
            words.look(text);
            const hasPairs = (scanner.marks & LOW_SURROGATE_MARK) !== 0;
            if (hasPairs) codePoints = countCodePoints(text);
            const scan: TextScan = {
              segment,
              index: i,
              text,
              view: undefined,
              scanner,
              words,
              names,
              budget,
              found,
              tried,
              allowed,
              isPlaceholder,
              folded: undefined,
              bareChars: undefined,
            };
            const [triedBefore, spent] = [budget.matchesTried, budget.spent];
            matchSegment(scan, plan, turnsOf);
            const isPlain = !hasPairs && budget.matchesTried === triedBefore;
            if (isPlain) plainTexts.keep(segment, names.wasAsked ? names.names() : undefined, budget.spent - spent);
          }
          if (segment.derived) continue;
          lengths.all += codePoints;
          if (segment.role !== 'system' && segment.role !== 'developer') lengths.withoutInstructions += codePoints;
        }
      } finally {
        plainTexts.end();
        words.look('');
      }
      for (const prepared of plan.ofLength) {
        const length = prepared.isInjection ? lengths.withoutInstructions : lengths.all;
        if (length > (prepared.rule.maxChars as number)) matchesOf(found, prepared).byLength = true;
      }
      const matches = [...found.values()].sort((a, b) => a.prepared.index - b.prepared.index);
      return { matches, textLength: lengths.all };
    },
  };
}

/** Matches a segment that was just scanned as it stands, and then in every other way it can be read. */
function matchSegment(scan: TextScan, plan: RulePlan, turnsOf: TurnsOf): void {
  const { segment, scanner, budget } = scan;
  const { marks, hasSingleLetters, numbers } = scanner;
  const seen = {
    marks,
    hasSingleLetters,
    tokens: tokensOf(scanner),
    turns: turnsOf(scanner),
    spelled: textsInNumbers(segment.text, numbers),
    broken: brokenNumbers(segment.text, numbers),
  };
  matchText(scan, plan);
  if (!mayHaveViews(seen)) return;
  budget.spend(segment.text.length * WORK.viewUnit);
  const readsGuesses = plan.hasInjection && segment.role !== 'system' && segment.role !== 'developer';
  const views = createViewQueue(() => budget.spend(WORK.view));
  addViews(segment.text, seen, readsGuesses, views.add);
  matchViews(scan, plan, views, turnsOf);
}

/** Views may have further texts encoded in them, which join the queue. */
function matchViews(own: TextScan, plan: RulePlan, views: ViewQueue, turnsOf: TurnsOf): void {
  if (!views.isUsed()) return;
  const turned = turnsOf(own.scanner);
  const { scanner, words, budget } = own;
  for (let view = views.take(); view; view = views.take()) {
    const { text } = view.mapped;
    budget.spend(text.length * WORK.scanUnit + WORK.segment);
    scanner.scan(text);
    words.look(text);
    const tokens = tokensOf(scanner);
    const turns = turnsOf(scanner);
    matchText({ ...own, text, view, folded: undefined, bareChars: undefined }, plan);
    if (view.depth === 0 && !view.isGuess) {
      const isNew = { backwards: turns.backwards && !turned.backwards, rotated: turns.rotated && !turned.rotated };
      for (const other of turnedViews({ text, mapped: view.mapped }, isNew)) views.add(other);
    }
    addDecodedViews({ text, view }, tokens, views.add);
  }
  for (const matches of own.found.values()) mergeViewSpans(matches, own.index);
}

const NONE: readonly Stretch[] = [];

function tokensOf({ tokens }: LiteralScanner): readonly Stretch[] | undefined {
  return tokens.has(TOKEN_MIN) ? tokens.atLeast(TOKEN_MIN) : NONE;
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
