import type { RunList } from '../run-list.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Digits of payment cards (ISO/IEC 7812), the only numbers that are told by themselves. */
const DIGITS_MIN = 13;
const DIGITS_MAX = 19;
/** Groups of one number. A longer column is a table. */
const GROUPS_MIN = 3;
const GROUPS_MAX = 4;
const GROUP = /^ {0,2}\d{4,6} {0,2}$/;
const NONE: readonly MappedText[] = [];
const BETWEEN = /^[\t\r\n\v\f]{1,3}$/;
/** Three letters that touch a number, one of them no hexadecimal digit: within a hash stand long numbers, and single letters mark some. */
const WORD = /^(?=.{0,2}[g-zG-Z])[A-Za-z]{3}$/;

/**
 * Numbers that could be those of cards, but for line ends or tabs between their groups, or letters that touch them: each as
 * it would be written by itself. A guess: cells of a table and names of things look so by chance.
 */
export function brokenNumbers(text: string, numbers: RunList): readonly MappedText[] {
  if (numbers.count < GROUPS_MIN && !numbers.has(DIGITS_MIN)) return NONE;
  return [...inLines(text, numbers), ...besideLetters(text, numbers)];
}

function inLines(text: string, numbers: RunList): MappedText[] {
  const found: MappedText[] = [];
  for (let first = 0, next = 1; first < numbers.count; first = next++) {
    while (next < numbers.count && isBroken(text, numbers.endOf(next - 1), numbers.startOf(next))) next++;
    const groups = next - first;
    if (groups < GROUPS_MIN || groups > GROUPS_MAX) continue;
    const made = joinedGroups(text, numbers, first, next);
    if (made) found.push(made);
  }
  return found;
}

function isBroken(text: string, end: number, start: number): boolean {
  return start > end && start - end <= 3 && BETWEEN.test(text.slice(end, start));
}

function joinedGroups(text: string, numbers: RunList, first: number, behind: number): MappedText | undefined {
  const out = new MappedTextWriter(2 * DIGITS_MAX);
  let digits = 0;
  for (let group = first; group < behind; group++) {
    const start = numbers.startOf(group);
    const written = text.slice(start, numbers.endOf(group));
    if (!GROUP.test(written)) return undefined;
    const at = start + written.search(/\d/);
    const { length } = written.trim();
    if (digits > 0) out.write(' ', at, at);
    out.copy(text, at, at + length);
    digits += length;
  }
  return digits >= DIGITS_MIN && digits <= DIGITS_MAX ? out.finish() : undefined;
}

function besideLetters(text: string, numbers: RunList): MappedText[] {
  const found: MappedText[] = [];
  for (let run = 0; numbers.has(DIGITS_MIN) && run < numbers.count; run++) {
    const [from, to] = [numbers.startOf(run), numbers.endOf(run)];
    if (to - from < DIGITS_MIN || to - from > DIGITS_MAX) continue;
    const touches = WORD.test(text.slice(Math.max(0, from - 3), from)) || WORD.test(text.slice(to, to + 3));
    if (!touches || !/^\d+$/.test(text.slice(from, to))) continue;
    const out = new MappedTextWriter(DIGITS_MAX);
    out.copy(text, from, to);
    found.push(out.finish());
  }
  return found;
}
