import { type CharSet, charSet, complement, withBothCases } from './char-set.js';
import { folds, foldUnit } from './fold.js';
import type { Dialect } from './regex-ast.js';
import { posixClass } from './regex-classes.js';
import type { Cursor } from './regex-cursor.js';
import { readEscape } from './regex-escapes.js';

/** Reads a bracket expression; the cursor is behind the opening bracket. */
export function readClass(cursor: Cursor, dialect: Dialect, ignoreCase: boolean): CharSet {
  const at = cursor.offset - 1;
  const negative = cursor.take('^');
  const ranges: number[] = [];
  for (let first = true; first || !cursor.sees(']'); first = false) {
    if (cursor.done) return cursor.fail('this bracket expression has no end', at);
    ranges.push(...readItem(cursor, dialect));
  }
  cursor.take(']');
  const set = comparable(charSet(ranges), ignoreCase);
  return negative ? complement(set) : set;
}

/** Sets of so many ranges are those of all scripts' letters: few differ, and each takes milliseconds. */
const LARGE_SET = 100;
const LARGE_KEPT = 64;
const largeSets = new Map<string, CharSet>();

/** The set as it meets folded text: with the folded form of every member, and with both cases where case is ignored. */
export function comparable(set: CharSet, ignoreCase: boolean): CharSet {
  if (set.length < 2 * LARGE_SET) return makeComparable(set, ignoreCase);
  const key = `${ignoreCase} ${set}`;
  const known = largeSets.get(key);
  if (known) return known;
  const made = makeComparable(set, ignoreCase);
  if (largeSets.size >= LARGE_KEPT) largeSets.clear();
  largeSets.set(key, made);
  return made;
}

function makeComparable(set: CharSet, ignoreCase: boolean): CharSet {
  const extra: number[] = [];
  for (let i = 0; i < set.length; i += 2) {
    const [low, high] = [set[i] as number, set[i + 1] as number];
    if (high < 0x80) continue;
    if (low === high) {
      const folded = foldUnit(low);
      if (folded !== low) extra.push(folded, folded);
      continue;
    }
    for (const [unit, folded] of folds()) if (unit >= low && unit <= high) extra.push(folded, folded);
  }
  const folded = extra.length === 0 ? set : charSet([...set, ...extra]);
  return ignoreCase ? withBothCases(folded) : folded;
}

function readItem(cursor: Cursor, dialect: Dialect): CharSet {
  const at = cursor.offset;
  const named = cursor.match(/\[:(\^?)([a-z]{1,10}):\]/y);
  if (named) {
    const set = posixClass(named[2] as string);
    if (!set) return cursor.fail(`there is no class called ${named[2]}`, at);
    return named[1] === '^' ? complement(set) : set;
  }
  const low = readMember(cursor, dialect);
  if (!cursor.sees('-') || cursor.pattern[cursor.offset + 1] === ']' || cursor.offset + 1 >= cursor.pattern.length) {
    return low;
  }
  if (!isSingle(low)) return low; // `\w-` is the class and a dash
  cursor.take('-');
  const high = readMember(cursor, dialect);
  if (!isSingle(high) || (high[0] as number) < (low[0] as number)) return cursor.fail('this range is empty', at);
  return [low[0] as number, high[0] as number];
}

function readMember(cursor: Cursor, dialect: Dialect): CharSet {
  const at = cursor.offset;
  const char = cursor.next();
  if (char === '\\') {
    if (cursor.take('b')) return [0x08, 0x08];
    return readEscape(cursor, dialect);
  }
  if (char === '') return cursor.fail('this bracket expression has no end', at);
  const point = char.codePointAt(0) as number;
  return [point, point];
}

function isSingle(set: CharSet): boolean {
  return set.length === 2 && set[0] === set[1];
}
