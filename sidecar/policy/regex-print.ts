import { assertNever } from '../kernel/assert-never.js';
import type { Boundary, BoundedPattern } from './boundary.js';
import { ANY, type CharSet, complement, sizeOf } from './char-set.js';
import type { Assertion, RegexNode, RepeatNode } from './regex-ast.js';

/** How the two engines write what they write differently. */
interface Notation {
  readonly assertions: Readonly<Record<Assertion, string>>;
  readonly valueGroup: string;
  point(point: number): string;
}

const RE2: Notation = {
  assertions: {
    'text-start': '\\A',
    'text-end': '\\z',
    'text-end-or-last-newline': '(?:\\n?\\z)', // RE2 cannot look ahead; the match may be one line feed longer
    'line-start': '(?m:^)',
    'line-end': '(?m:$)',
    'word-boundary': '\\b',
    'not-word-boundary': '\\B',
  },
  valueGroup: '(?P<value>',
  point: (point) => `\\x{${point.toString(16)}}`,
};

/** With the flag `u`. JavaScript's `m` counts more line ends than RE2, so lines are written as look-around. */
const V8: Notation = {
  assertions: {
    'text-start': '^',
    'text-end': '$',
    'text-end-or-last-newline': '(?=\\n?$)',
    'line-start': '(?<![^\\n])',
    'line-end': '(?![^\\n])',
    'word-boundary': '\\b',
    'not-word-boundary': '\\B',
  },
  valueGroup: '(?<value>',
  point: (point) => `\\u{${point.toString(16)}}`,
};

/**
 * RE2 source. Boundary checks become one consumed character on each side, and the match proper the group `core`;
 * without boundaries there is no such group. `inner`: for a search that goes on behind a first match, where the start of
 * the text must not be taken for the edge again.
 */
export function printRe2(pattern: BoundedPattern, where: 'first' | 'inner' = 'first'): string {
  const core = print(pattern.core, RE2);
  if (!pattern.before && !pattern.after) return core;
  const before = pattern.before && { ...pattern.before, edge: pattern.before.edge && where === 'first' };
  return `${consumed(before, '\\A')}(?P<core>${core})${consumed(pattern.after, '\\z')}`;
}

/** JavaScript source for the flag `u`; boundary checks stay look-around. */
export function printV8(pattern: BoundedPattern): string {
  const before = pattern.before ? look(pattern.before, '(?<') : '';
  const after = pattern.after ? look(pattern.after, '(?') : '';
  return `${before}${print(pattern.core, V8)}${after}`;
}

function consumed(boundary: Boundary | undefined, edge: string): string {
  if (!boundary) return '';
  const set = printSet(boundary.allowed, RE2);
  return boundary.edge ? `(?:${edge}|${set})` : set;
}

function look(boundary: Boundary, opening: string): string {
  return boundary.edge
    ? `${opening}!${printSet(complement(boundary.allowed), V8)})`
    : `${opening}=${printSet(boundary.allowed, V8)})`;
}

function print(node: RegexNode, notation: Notation): string {
  switch (node.kind) {
    case 'empty':
      return '(?:)';
    case 'char':
      return printSet(node.set, notation);
    case 'concat':
      return node.items
        .map((item) => (item.kind === 'alt' ? `(?:${print(item, notation)})` : print(item, notation)))
        .join('');
    case 'alt':
      return node.items.map((item) => print(item, notation)).join('|');
    case 'group':
      return `${node.name === 'value' ? notation.valueGroup : '(?:'}${print(node.item, notation)})`;
    case 'repeat':
      return printRepeat(node, notation);
    case 'assert':
      return notation.assertions[node.what];
    case 'look':
      throw new Error('look-around is split off before printing');
    default:
      return assertNever(node);
  }
}

function printRepeat(node: RepeatNode, notation: Notation): string {
  const inner = print(node.item, notation);
  const item = node.item.kind === 'char' || node.item.kind === 'group' ? inner : `(?:${inner})`;
  return `${item}${counts(node)}${node.lazy ? '?' : ''}`;
}

function counts({ min, max }: RepeatNode): string {
  if (min === 0 && max === 1) return '?';
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function printSet(set: CharSet, notation: Notation): string {
  if (sizeOf(set) === 1) return printPoint(set[0] as number, notation);
  if (set.length === 0) return `[^${notation.point(0)}-${notation.point(ANY[1] as number)}]`;
  let out = '[';
  for (let i = 0; i < set.length; i += 2) {
    const [low, high] = [set[i] as number, set[i + 1] as number];
    out += printPoint(low, notation);
    if (high > low) out += `${high > low + 1 ? '-' : ''}${printPoint(high, notation)}`;
  }
  return `${out}]`;
}

/** Letters, digits and a few harmless signs stay readable; everything else is written by its number. */
function printPoint(point: number, notation: Notation): string {
  const char = String.fromCodePoint(point);
  return /[A-Za-z0-9 _@:;,<>=%"'~!]/.test(char) ? char : notation.point(point);
}
