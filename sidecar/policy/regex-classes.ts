import { type CharSet, charSet, complement, DIGITS, SPACE, union, WORD } from './char-set.js';
import type { Dialect } from './regex-ast.js';

/** What Python's str.isspace() accepts. */
const PYTHON_SPACE: CharSet = charSet(
  [
    [0x09, 0x0d],
    [0x1c, 0x20],
    [0x85],
    [0xa0],
    [0x1680],
    [0x2000, 0x200a],
    [0x2028, 0x2029],
    [0x202f],
    [0x205f],
    [0x3000],
  ].flatMap(([low, high = low]) => [low as number, high as number]),
);

/** POSIX class names of RE2. */
const POSIX = new Map<string, CharSet>([
  ['alnum', [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a]],
  ['alpha', [0x41, 0x5a, 0x61, 0x7a]],
  ['ascii', [0x00, 0x7f]],
  ['blank', [0x09, 0x09, 0x20, 0x20]],
  ['cntrl', [0x00, 0x1f, 0x7f, 0x7f]],
  ['digit', DIGITS],
  ['graph', [0x21, 0x7e]],
  ['lower', [0x61, 0x7a]],
  ['print', [0x20, 0x7e]],
  ['punct', [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e]],
  ['space', SPACE],
  ['upper', [0x41, 0x5a]],
  ['word', WORD],
  ['xdigit', [0x30, 0x39, 0x41, 0x46, 0x61, 0x66]],
]);

const properties = new Map<string, CharSet | undefined>();

/** The set of `\d \D \w \W \s \S`, or undefined for another letter. Python's cover all scripts. */
export function perlClass(letter: string, dialect: Dialect): CharSet | undefined {
  const positive = positivePerlClass(letter.toLowerCase(), dialect);
  return positive && letter !== letter.toLowerCase() ? complement(positive) : positive;
}

function positivePerlClass(letter: string, dialect: Dialect): CharSet | undefined {
  if (letter === 'd') return DIGITS; // other scripts' digits are folded to ASCII in the text
  if (letter === 's') return dialect === 'python' ? PYTHON_SPACE : SPACE;
  if (letter !== 'w') return undefined;
  if (dialect !== 'python') return WORD;
  return union(WORD, union(unicodeProperty('L') ?? [], unicodeProperty('N') ?? []));
}

/** The set of a POSIX class such as `alpha` (without `[:` and `:]`). */
export function posixClass(name: string): CharSet | undefined {
  return POSIX.get(name);
}

/**
 * The set of a Unicode general category (`L`, `Nd`) or script (`Greek`), from the runtime's own Unicode tables; undefined when
 * there is none of that name. Found by trying every code point once, a few milliseconds, then remembered.
 */
export function unicodeProperty(name: string): CharSet | undefined {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return undefined;
  if (!properties.has(name)) properties.set(name, enumerate(name));
  return properties.get(name);
}

function enumerate(name: string): CharSet | undefined {
  const member = propertyRegExp(name.length <= 2 ? `\\p{${name}}` : `\\p{Script=${name}}`);
  if (!member) return undefined;
  const ranges: number[] = [];
  for (let point = 0; point <= 0x10ffff; point++) {
    if (point === 0x40000) point = 0xe0000; // planes 4 to 13 are unassigned (Unicode 17)
    if (member.test(String.fromCodePoint(point))) ranges.push(point, point);
  }
  return charSet(ranges);
}

function propertyRegExp(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'u');
  } catch {
    return undefined;
  }
}
