import { RE2JS } from 're2js';
import type { BoundedPattern } from './boundary.js';
import { printRe2, printV8 } from './regex-print.js';

/** Told of one match: its span, and the span of the group `value` (the match itself when there is none). False stops. */
export type Visit = (start: number, end: number, valueStart: number, valueEnd: number) => boolean;

/** One compiled pattern. Offsets are UTF-16 indexes into `text`. */
export interface Matcher {
  /** `re2` is linear whatever the pattern; `v8` backtracks, within a bound that was proven when it was chosen. */
  readonly engine: 're2' | 'v8';
  /** Visits the non-overlapping matches that begin in [from, to), leftmost first. */
  each(text: string, from: number, to: number, visit: Visit): void;
}

/** JavaScript's own engine, for patterns with a proven bound of backtracking steps. */
export function createV8Matcher(pattern: BoundedPattern, hasValue: boolean): Matcher {
  const expression = new RegExp(printV8(pattern), hasValue ? 'dgu' : 'gu');
  return {
    engine: 'v8',
    each(text, from, to, visit) {
      expression.lastIndex = from;
      for (let found = expression.exec(text); found; found = expression.exec(text)) {
        const start = found.index;
        if (start >= to && !(start === to && to === text.length)) return;
        const end = start + found[0].length;
        const value = found.indices?.groups?.['value'];
        if (!visit(start, end, value?.[0] ?? start, value?.[1] ?? end)) return;
        if (end === start) expression.lastIndex = stepOver(text, end);
      }
    },
  };
}

/** RE2: linear in the text for every pattern. Throws RE2JS's exceptions for a program that would be too large. */
export function createRe2Matcher(pattern: BoundedPattern, hasValue: boolean): Matcher {
  const expression = RE2JS.compile(printRe2(pattern));
  const hasCore = pattern.before !== undefined || pattern.after !== undefined;
  return {
    engine: 're2',
    each(text, from, to, visit) {
      // A few characters more on both sides, so that edges and word boundaries are judged on what really stands there.
      const sliceStart = Math.max(0, from - 4);
      const slice = text.slice(sliceStart, Math.min(text.length, to + 4));
      if (!expression.test(slice)) return;
      const matcher = expression.matcher(slice);
      let at = pattern.before ? stepBack(slice, from - sliceStart) : from - sliceStart;
      while (at <= slice.length && matcher.find(at)) {
        const start = matcher.start(hasCore ? 'core' : 0);
        const end = matcher.end(hasCore ? 'core' : 0);
        if (sliceStart + start >= to && !(sliceStart + start === to && to === text.length)) return;
        const valueStart = hasValue ? matcher.start('value') : -1;
        const [vs, ve] = valueStart >= 0 ? [valueStart, matcher.end('value')] : [start, end];
        if (!visit(sliceStart + start, sliceStart + end, sliceStart + vs, sliceStart + ve)) return;
        const next = end === start ? stepOver(slice, end) : end;
        at = pattern.before && next > 0 ? Math.max(stepBack(slice, next), at + 1) : next;
      }
    },
  };
}

function stepOver(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

/** The start of the code point before `at`. */
function stepBack(text: string, at: number): number {
  if (at <= 0) return 0;
  return at >= 2 && (text.codePointAt(at - 2) ?? 0) > 0xffff ? at - 2 : at - 1;
}
