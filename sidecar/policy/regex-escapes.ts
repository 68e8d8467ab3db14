import type { CharSet } from './char-set.js';
import { complement } from './char-set.js';
import type { Dialect } from './regex-ast.js';
import { perlClass, unicodeProperty } from './regex-classes.js';
import type { Cursor } from './regex-cursor.js';

const CONTROL = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['t', 0x09],
  ['n', 0x0a],
  ['r', 0x0d],
  ['v', 0x0b],
]);

/**
 * Reads a backslash sequence that stands for a set of characters; the cursor is behind the backslash.
 * Letters that are no escape of RE2 or Python are refused, as both do.
 */
export function readEscape(cursor: Cursor, dialect: Dialect): CharSet {
  const at = cursor.offset - 1;
  const letter = cursor.next();
  if (letter === '') return cursor.fail('a backslash ends the pattern', at);
  const perl = perlClass(letter, dialect);
  if (perl) return perl;
  if (letter === 'p' || letter === 'P') return readProperty(cursor, letter === 'P', at);
  if (/[1-9]/.test(letter)) return cursor.fail('backreferences are not available: they cannot run in linear time', at);
  const point = CONTROL.get(letter) ?? readCode(cursor, letter, at);
  if (point !== undefined) return point > 0x10ffff ? cursor.fail('no such code point', at) : [point, point];
  if (/[A-Za-z]/.test(letter)) return cursor.fail(`\\${letter} is not an escape that this engine knows`, at);
  const literal = letter.codePointAt(0) as number;
  return [literal, literal];
}

function readCode(cursor: Cursor, letter: string, at: number): number | undefined {
  const hex = (expression: RegExp) => {
    const found = cursor.match(expression);
    return found
      ? Number.parseInt(found[1] ?? found[0], 16)
      : cursor.fail(`\\${letter} needs hexadecimal digits behind it`, at);
  };
  switch (letter) {
    case 'x':
      return cursor.sees('{') ? hex(/\{([0-9A-Fa-f]{1,6})\}/y) : hex(/[0-9A-Fa-f]{2}/y);
    case 'u':
      return hex(/[0-9A-Fa-f]{4}/y);
    case 'U':
      return hex(/[0-9A-Fa-f]{8}/y);
    case '0':
      return Number.parseInt(`0${cursor.match(/[0-7]{1,2}/y)?.[0] ?? ''}`, 8);
    default:
      return undefined;
  }
}

function readProperty(cursor: Cursor, negative: boolean, at: number): CharSet {
  const found = cursor.match(/\{(\^?)([A-Za-z_]{1,40})\}|([A-Z])/y);
  if (!found) return cursor.fail('\\p needs a category or script, such as \\p{L} or \\p{Greek}', at);
  const name = found[2] ?? found[3] ?? '';
  const set = unicodeProperty(name);
  if (!set) return cursor.fail(`there is no Unicode category or script called ${name}`, at);
  return negative !== (found[1] === '^') ? complement(set) : set;
}
