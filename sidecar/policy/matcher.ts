import { RE2JS } from 're2js';
import { LIMITS } from '../kernel/limits.js';
import { createAutomaton } from './automaton.js';
import type { BoundedPattern } from './boundary.js';
import { WORK } from './budget.js';
import { printRe2, printV8 } from './regex-print.js';
import { createStateCounter } from './state-count.js';

/** Told of one match: its span, and the span of the group `value` (the match itself when there is none). False stops. */
type Visit = (start: number, end: number, valueStart: number, valueEnd: number) => boolean;

/** Told of work before or right after it is done, in units of WORK (see budget.ts). May throw to end the search. */
type Spend = (units: number) => void;

/** Visits the non-overlapping matches of a pattern that begin in [from, to), leftmost first. UTF-16 indexes. */
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
 * Steps that JavaScript's engine may take at most for one stretch of text: some tens of milliseconds for the worst text and the
 * worst pattern, and far more than an ordinary one ever takes.
 */
const BACKTRACKING_STEPS_MAX = 20_000_000;

/**
 * A matcher that runs on RE2, or, where `steps` bounds what a backtracking engine can take from one start position
 * (`Infinity`: no bound), on JavaScript's engine for stretches that are short enough.
 */
export function createMatcher(pattern: BoundedPattern, hasValue: boolean, steps: number): Matcher {
  if (steps * 64 > BACKTRACKING_STEPS_MAX) return { engineFor: () => 're2', each: re2Search(pattern, hasValue) };
  const fast = v8Search(pattern, hasValue);
  let linear: Search | undefined;
  const engineFor = (length: number) => (length * steps <= BACKTRACKING_STEPS_MAX ? 'v8' : 're2');
  return {
    engineFor,
    each(text, from, to, visit, spend) {
      if (engineFor(to - from) === 'v8') return fast(text, from, to, visit, spend);
      linear ??= re2Search(pattern, hasValue); // costs a millisecond, and is rarely needed
      return linear(text, from, to, visit, spend);
    },
  };
}

/** Characters beyond a stretch that are shown to the engine, so that edges and boundaries are judged on what is there. */
const MARGIN = 4;

function v8Search(pattern: BoundedPattern, hasValue: boolean): Search {
  const expression = new RegExp(printV8(pattern), hasValue ? 'dgu' : 'gu');
  return (text, from, to, visit, spend = noBudget) => {
    spend((to - from) * WORK.v8);
    const sliceStart = Math.max(0, from - MARGIN);
    // Without a slice a search without a hit would run on to the end of the text.
    const slice = sliceStart === 0 && to === text.length ? text : text.slice(sliceStart, to + MARGIN);
    expression.lastIndex = from - sliceStart;
    for (let found = expression.exec(slice); found; found = expression.exec(slice)) {
      const start = sliceStart + found.index;
      if (start >= to && !(start === to && to === text.length)) return;
      if (splitsPair(slice, found.index)) {
        expression.lastIndex = found.index + 1; // V8 tries empty matches inside of a surrogate pair too
        continue;
      }
      const end = start + found[0].length;
      const value = found.indices?.groups?.['value'];
      const [vs, ve] = value ? [sliceStart + value[0], sliceStart + value[1]] : [start, end];
      if (!visit(start, end, vs, ve)) return;
      if (end === start) expression.lastIndex = stepOver(slice, end - sliceStart);
    }
  };
}

function noBudget(): void {}

/**
 * Automata of so few states are not followed on every text only to know what they cost: their worst is near what they are taken
 * to cost, one state a character.
 */
const FEW_STATES = 32;

/** Throws PatternFault, or RE2JS's exceptions, for a program that would be too large. */
function re2Search(pattern: BoundedPattern, hasValue: boolean): Search {
  const automaton = createAutomaton(pattern.core, LIMITS.patternStatesMax);
  const counter = createStateCounter(automaton);
  const isSmall = automaton.states.length <= FEW_STATES;
  const first = RE2JS.compile(printRe2(pattern));
  const inner = pattern.before?.edge ? RE2JS.compile(printRe2(pattern, 'inner')) : first;
  const core = pattern.before || pattern.after ? 'core' : 0;
  return (text, from, to, visit, spend = noBudget) => {
    const spendStates = (states: number) => spend(states * WORK.re2State);
    spend((to - from) * (WORK.re2 + (isSmall ? WORK.re2State : 0)));
    if (!isSmall) counter.search(text, from, to, spendStates);
    const sliceStart = Math.max(0, from - MARGIN);
    const slice = text.slice(sliceStart, to + MARGIN);
    if (!first.test(slice)) return;
    // The character before a match is part of what is searched for.
    const searchStart = (at: number) => (pattern.before ? stepBack(slice, at) : at);
    let matcher = (from === 0 ? first : inner).matcher(slice);
    for (let at = searchStart(from - sliceStart); at <= slice.length && matcher.find(at); ) {
      const start = matcher.start(core);
      const end = matcher.end(core);
      if (sliceStart + start >= to && !(sliceStart + start === to && to === text.length)) return;
      const valueStart = hasValue ? matcher.start('value') : -1;
      const [vs, ve] = valueStart >= 0 ? [valueStart, matcher.end('value')] : [start, end];
      if (!visit(sliceStart + start, sliceStart + end, sliceStart + vs, sliceStart + ve)) return;
      counter.afterMatch(slice, { since: at, start, to: slice.length }, spendStates);
      at = searchStart(end === start ? stepOver(slice, end) : end);
      if (inner !== first && matcher.pattern() === first) matcher = inner.matcher(slice);
    }
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
