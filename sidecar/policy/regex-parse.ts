import { ANY, complement } from './char-set.js';
import type { Assertion, Dialect, RegexNode } from './regex-ast.js';
import { comparable, readClass } from './regex-class-expression.js';
import { Cursor } from './regex-cursor.js';
import { readEscape } from './regex-escapes.js';

/** Nesting of groups: the parser and its readers recurse. */
const DEPTH_MAX = 50;
/** RE2 refuses higher counts, because it writes a counted repeat out. */
const REPEAT_MAX = 1000;
const REPEAT = /[*+?]|\{(\d{1,9})?(,?)(\d{1,9})?\}/y;

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
}

/**
 * Parses a pattern of Go's RE2 syntax, with Python's named groups, `\Z`, `{,n}`, comments and verbose mode.
 * Throws PatternFault for what is not understood or cannot run in linear time.
 */
export function parsePattern(pattern: string, dialect: Dialect): RegexNode {
  const parser = new Parser(new Cursor(pattern), dialect);
  return parser.parse();
}

class Parser {
  private readonly cursor: Cursor;
  private readonly dialect: Dialect;
  private flags: Flags = { i: false, m: false, s: false, x: false };
  private depth = 0;

  constructor(cursor: Cursor, dialect: Dialect) {
    this.cursor = cursor;
    this.dialect = dialect;
  }

  parse(): RegexNode {
    const node = this.alternatives();
    if (!this.cursor.done) this.cursor.fail('this closing parenthesis opens nowhere');
    return node;
  }

  private alternatives(): RegexNode {
    const outer = this.flags;
    const items = [this.sequence()];
    while (this.cursor.take('|')) items.push(this.sequence());
    this.flags = outer;
    return items.length === 1 ? (items[0] as RegexNode) : { kind: 'alt', items };
  }

  private sequence(): RegexNode {
    const items: RegexNode[] = [];
    for (;;) {
      if (this.flags.x) this.cursor.match(/(?:\s|#[^\n]*)+/y);
      if (this.cursor.done || this.cursor.sees('|') || this.cursor.sees(')')) break;
      const atom = this.atom();
      if (atom) items.push(this.repeated(atom));
    }
    if (items.length === 1) return items[0] as RegexNode;
    return items.length === 0 ? { kind: 'empty' } : { kind: 'concat', items };
  }

  /** One element, or undefined for what stands for nothing (flags, a comment). */
  private atom(): RegexNode | undefined {
    const at = this.cursor.offset;
    const char = this.cursor.next();
    switch (char) {
      case '(':
        return this.parenthesis(at);
      case '[':
        return { kind: 'char', set: readClass(this.cursor, this.dialect, this.flags.i) };
      case '.':
        return { kind: 'char', set: this.flags.s ? ANY : complement([0x0a, 0x0a]) };
      case '^':
        return assertion(this.flags.m ? 'line-start' : 'text-start');
      case '$':
        if (this.flags.m) return assertion('line-end');
        return assertion(this.dialect === 'python' ? 'text-end-or-last-newline' : 'text-end');
      case '*':
      case '+':
      case '?':
        return this.cursor.fail(`nothing stands before this ${char} that could repeat`, at);
      case '\\':
        return this.backslash(at);
      default: {
        return literal(char.codePointAt(0) as number, this.flags.i);
      }
    }
  }

  private backslash(at: number): RegexNode {
    const { cursor } = this;
    if (cursor.take('b')) return assertion('word-boundary');
    if (cursor.take('B')) return assertion('not-word-boundary');
    if (cursor.take('A')) return assertion('text-start');
    if (cursor.take('z') || cursor.take('Z')) return assertion('text-end');
    if (cursor.take('Q')) return cursor.fail('\\Q...\\E is not available: write the characters with backslashes', at);
    return { kind: 'char', set: comparable(readEscape(cursor, this.dialect), this.flags.i) };
  }

  private parenthesis(at: number): RegexNode | undefined {
    const { cursor } = this;
    if (!cursor.take('?')) return this.group(at);
    if (cursor.take('#')) {
      if (!cursor.match(/[^)]*\)/y)) cursor.fail('this comment has no end', at);
      return undefined;
    }
    if (cursor.take('>')) return cursor.fail('atomic groups are not available', at);
    if (cursor.sees('(')) return cursor.fail('conditional groups are not available', at);
    if (cursor.sees('P=')) return cursor.fail('backreferences are not available: they cannot run in linear time', at);
    const look = cursor.match(/(<?)([=!])/y);
    if (look) {
      const item = this.group(at);
      return { kind: 'look', ahead: look[1] === '', negative: look[2] === '!', item, offset: at };
    }
    const named = cursor.match(/P?<([A-Za-z_][A-Za-z0-9_]{0,63})>/y);
    if (named) return this.group(at, named[1]);
    return this.flagged(at);
  }

  /** `(?flags)` for the rest of the group, or `(?flags:...)`. */
  private flagged(at: number): RegexNode | undefined {
    const found = this.cursor.match(/([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/y);
    if (!found) return this.cursor.fail('this kind of group is not available', at);
    const outer = this.flags;
    this.flags = this.withFlags(found[1] ?? '', found[2] ?? '', at);
    if (found[3] === ')') return undefined;
    const node = this.group(at);
    this.flags = outer;
    return node;
  }

  private withFlags(on: string, off: string, at: number): Flags {
    const flags = { ...this.flags };
    for (const letter of on + off) {
      const value = !off.includes(letter);
      if (letter === 'i' || letter === 'm' || letter === 's' || letter === 'x') flags[letter] = value;
      else if (letter !== 'u' && letter !== 'a') this.cursor.fail(`the flag ${letter} is not available`, at);
    }
    return flags;
  }

  private group(at: number, name?: string): RegexNode {
    if (++this.depth > DEPTH_MAX) this.cursor.fail(`groups are nested deeper than ${DEPTH_MAX}`, at);
    const item = this.alternatives();
    if (!this.cursor.take(')')) this.cursor.fail('this group has no closing parenthesis', at);
    this.depth--;
    return name === undefined ? { kind: 'group', item } : { kind: 'group', item, name };
  }

  private repeated(item: RegexNode): RegexNode {
    const { cursor } = this;
    const at = cursor.offset;
    const found = cursor.match(REPEAT);
    if (!found || found[0] === '{}') {
      if (found) cursor.offset = at;
      return item;
    }
    const [min, max] = bounds(found);
    if (Math.max(min, max === Infinity ? 0 : max) > REPEAT_MAX) cursor.fail(`repeats end at ${REPEAT_MAX}`, at);
    if (max < min) cursor.fail('the repeat ends before it begins', at);
    if (item.kind === 'look') cursor.fail('look-around cannot repeat', at);
    const lazy = cursor.take('?');
    if (!lazy && cursor.sees('+')) cursor.fail('possessive repeats are not available');
    const behind = cursor.offset;
    if (cursor.match(/[*+?]|\{\d+,?\d*\}/y)) cursor.fail('a repeat of a repeat: put the inner one in a group', behind);
    return { kind: 'repeat', item, min, max, lazy };
  }
}

/** Nodes of ASCII characters: patterns consist of them, and what is derived of a node (see factsOf) is then known already. */
const literals = new Map<number, RegexNode>();

function literal(point: number, ignoreCase: boolean): RegexNode {
  const key = ignoreCase ? point : -1 - point;
  const known = literals.get(key);
  if (known) return known;
  const node: RegexNode = { kind: 'char', set: comparable([point, point], ignoreCase) };
  if (point < 0x80) literals.set(key, node);
  return node;
}

function bounds(found: RegExpExecArray): [number, number] {
  if (found[0] === '*') return [0, Infinity];
  if (found[0] === '+') return [1, Infinity];
  if (found[0] === '?') return [0, 1];
  const min = Number(found[1] ?? 0);
  if (found[2] !== ',') return [min, min];
  return [min, found[3] === undefined ? Infinity : Number(found[3])];
}

function assertion(what: Assertion): RegexNode {
  return { kind: 'assert', what };
}
