import { RE2JS } from 're2js';
import { LIMITS } from '../kernel/limits.js';
import { createAutomaton } from './automaton.js';
import type { BoundedPattern } from './boundary.js';
import { WORK } from './budget.js';
import { printRe2, printV8 } from './regex-print.js';
import { createStateCounter, type StateCounter } from './state-count.js';

/** Told of one match: its span, and the span of the group `value` (the match itself when there is none). False stops. */
type Visit = (start: number, end: number, valueStart: number, valueEnd: number) => boolean;

/** Told of work before or right after it is done, in units of WORK (see budget.ts). May throw to end the search. */
export type Spend = (units: number) => void;

/**
 * Visits the non-overlapping matches of a pattern that begin in [from, to), leftmost first. UTF-16 indexes. Without
 * `spend` the work is not counted.
 */
type Search = (text: string, from: number, to: number, visit: Visit, spend?: Spend) => void;

/** One compiled pattern. */
export interface Matcher {
  /**
   * The engine for a stretch of so many characters: `re2` is linear whatever the pattern; `v8` backtracks, and is
   * chosen only where the product of the stretch and the proven bound of steps is small.
   */
  engineFor(length: number): EngineName;
  readonly each: Search;
}

type EngineName = 're2' | 'v8';

/**
 * Steps that JavaScript's engine may take at most for one stretch of as much text as is judged on the answering thread:
 * some tenths of a second for the worst text and the worst pattern, which the bound overstates, and far more than an
 * ordinary one ever takes. Longer texts are judged in a worker, whose time is bounded by a clock.
 */
const BACKTRACKING_STEPS_MAX = 100_000_000;

/** Stretches up to so many characters are tried place by place: a call for each costs less than searching behind them. */
const FEW_PLACES = 8;
/** Longer stretches are tried so only when a search behind them could take too many steps. */
const PLACES_MAX = 64;

/** What is known of a pattern beside its tree. */
export interface PatternBounds {
  readonly hasValue: boolean;
  /** Longest match; `Infinity`: no bound. */
  readonly reach: number;
  /** Steps that a backtracking engine can take from one start position; `Infinity`: no bound. */
  readonly steps: number;
}

/**
 * A matcher that runs on RE2, or, where the steps of a backtracking engine are bounded, on JavaScript's engine for
 * stretches that are short enough. The pattern is not kept, because it takes a hundred times the memory of its text;
 * `parse` gives it again should it be needed.
 */
export function createMatcher(
  pattern: BoundedPattern,
  { hasValue, reach, steps }: PatternBounds,
  parse: () => BoundedPattern,
): Matcher {
  if (steps > BACKTRACKING_STEPS_MAX)
    return { engineFor: () => 're2', each: re2Search(pattern, { hasValue, reach }, parse) };
  const search = v8Search(pattern, hasValue, reach);
  const places = v8Places(pattern, hasValue, reach);
  let linear: Search | undefined;
  // A search goes on behind its stretch, as far as a match that begins in it could reach.
  const behind = reach === Number.POSITIVE_INFINITY ? 0 : reach;
  const canTake = (starts: number) => Math.min(starts, LIMITS.inlineBodyBytesMax) * steps <= BACKTRACKING_STEPS_MAX;
  const wayFor = (length: number) => {
    if (length <= FEW_PLACES && canTake(length)) return 'places';
    if (canTake(length + behind)) return 'search';
    return length <= PLACES_MAX && canTake(length) ? 'places' : 're2';
  };
  return {
    engineFor: (length) => (wayFor(length) === 're2' ? 're2' : 'v8'),
    each(text, from, to, visit, spend) {
      const way = wayFor(to - from);
      if (way === 're2') {
        linear ??= re2Search(parse(), { hasValue, reach }, parse); // costs a millisecond, and is rarely needed
        // What a vetted pattern costs there is known well enough without counting its states on every text.
        spend?.((to - from) * WORK.re2Vetted + WORK.stretch);
        return linear(text, from, to, spend ? countingMatches(visit, spend) : visit);
      }
      spend?.((to - from) * WORK.v8 + WORK.stretch);
      return (way === 'places' ? places : search)(text, from, to, visit);
    },
  };
}

/** RE2 finds where a match is, and then goes over it again for its parts. */
function countingMatches(visit: Visit, spend: Spend): Visit {
  return (...place) => {
    spend(WORK.re2Match);
    return visit(...place);
  };
}

/** Characters beyond a stretch that are shown to the engine, so that edges and boundaries are judged on what is there. */
const MARGIN = 4;

/** The part of a text that a search needs for matches that begin in [from, to), and where that part starts. */
function sliceFor(text: string, from: number, to: number, reach: number): readonly [slice: string, start: number] {
  const start = Math.max(0, from - MARGIN);
  const end = Math.min(text.length, to + reach + MARGIN);
  return start === 0 && end === text.length ? [text, 0] : [text.slice(start, end), start];
}

function v8Search(pattern: BoundedPattern, hasValue: boolean, reach: number): Search {
  const expression = new RegExp(printV8(pattern), hasValue ? 'dgu' : 'gu');
  return (text, from, to, visit) => {
    // Without a slice a search without a hit would run on to the end of the text.
    const [slice, sliceStart] = sliceFor(text, from, to, reach);
    expression.lastIndex = from - sliceStart;
    for (let found = expression.exec(slice); found; found = expression.exec(slice)) {
      const start = sliceStart + found.index;
      if (start >= to && !(start === to && to === text.length)) return;
      if (splitsPair(slice, found.index)) {
        expression.lastIndex = found.index + 1; // V8 tries empty matches inside of a surrogate pair too
        continue;
      }
      const end = start + found[0].length;
      if (!visitFound(visit, found, sliceStart)) return;
      if (end === start) expression.lastIndex = stepOver(slice, end - sliceStart);
    }
  };
}

/** As `v8Search`, trying one place after the other. */
function v8Places(pattern: BoundedPattern, hasValue: boolean, reach: number): Search {
  const expression = new RegExp(printV8(pattern), hasValue ? 'dyu' : 'yu');
  return (text, from, to, visit) => {
    const [slice, sliceStart] = sliceFor(text, from, to, reach);
    const last = to === text.length ? to : to - 1;
    for (let at = from; at <= last; ) {
      expression.lastIndex = at - sliceStart;
      const found = splitsPair(slice, at - sliceStart) ? null : expression.exec(slice);
      if (!found) {
        at++;
        continue;
      }
      if (!visitFound(visit, found, sliceStart)) return;
      const { length } = found[0];
      at = length > 0 ? at + length : sliceStart + stepOver(slice, at - sliceStart);
    }
  };
}

function visitFound(visit: Visit, found: RegExpExecArray, sliceStart: number): boolean {
  const start = sliceStart + found.index;
  const end = start + found[0].length;
  const value = found.indices?.groups?.['value'];
  return value ? visit(start, end, sliceStart + value[0], sliceStart + value[1]) : visit(start, end, start, end);
}

/**
 * Automata of so few states are not followed on every text only to know what they cost: their worst is near what they are taken
 * to cost, one state a character.
 */
const FEW_STATES = 32;

/** Throws PatternFault, or RE2JS's exceptions, for a program that would be too large. */
function re2Search(
  pattern: BoundedPattern,
  { hasValue, reach }: Omit<PatternBounds, 'steps'>,
  parse: () => BoundedPattern,
): Search {
  const meterFor = meterOf(pattern, parse); // first, because it refuses what would take RE2JS long to compile
  const first = RE2JS.compile(printRe2(pattern));
  const inner = pattern.before?.edge ? RE2JS.compile(printRe2(pattern, 'inner')) : first;
  const core = pattern.before || pattern.after ? 'core' : 0;
  const hasBefore = pattern.before !== undefined;
  return (text, from, to, visit, spend) => {
    const [slice, sliceStart] = sliceFor(text, from, to, reach);
    const meter = spend && meterFor(spend);
    meter?.search(slice);
    if (!first.test(slice)) return;
    // The character before a match is part of what is searched for.
    const searchStart = (at: number) => (hasBefore ? stepBack(slice, at) : at);
    let matcher = (from === 0 ? first : inner).matcher(slice);
    for (let at = searchStart(from - sliceStart); at <= slice.length && matcher.find(at); ) {
      const start = matcher.start(core);
      const end = matcher.end(core);
      if (sliceStart + start >= to && !(sliceStart + start === to && to === text.length)) return;
      const valueStart = hasValue ? matcher.start('value') : -1;
      const [vs, ve] = valueStart >= 0 ? [valueStart, matcher.end('value')] : [start, end];
      if (!visit(sliceStart + start, sliceStart + end, sliceStart + vs, sliceStart + ve)) return;
      meter?.afterMatch(slice, at, start);
      at = searchStart(end === start ? stepOver(slice, end) : end);
      if (inner !== first && matcher.pattern() === first) matcher = inner.matcher(slice);
    }
  };
}

/** Spends what RE2 takes for a text: what is known beforehand before it searches, the rest behind each match. */
interface Meter {
  search(text: string): void;
  afterMatch(text: string, since: number, start: number): void;
}

/** The automaton is made when it is first asked, and not from the tree that would have to be kept. Throws PatternFault. */
function meterOf(pattern: BoundedPattern, parse: () => BoundedPattern): (spend: Spend) => Meter {
  const { length: stateCount } = createAutomaton(pattern.core, LIMITS.patternStatesMax).states;
  const isSmall = stateCount <= FEW_STATES;
  let made: StateCounter | undefined;
  const counter = () => {
    made ??= createStateCounter(createAutomaton(parse().core, LIMITS.patternStatesMax));
    return made;
  };
  return (spend) => {
    const spendStates = (states: number) => spend(states * WORK.re2State);
    return {
      search(text) {
        spend(text.length * (WORK.re2 + (isSmall ? WORK.re2State : 0)) + WORK.stretch);
        if (!isSmall) counter().search(text, 0, text.length, spendStates);
      },
      afterMatch: (text, since, start) => counter().afterMatch(text, { since, start, to: text.length }, spendStates),
    };
  };
}

function splitsPair(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

function stepOver(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

/** The start of the code point before `at`. */
function stepBack(text: string, at: number): number {
  if (at <= 0) return 0;
  return at >= 2 && (text.codePointAt(at - 2) ?? 0) > 0xffff ? at - 2 : at - 1;
}
