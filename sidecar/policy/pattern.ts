import { type Boundary, splitBoundaries } from './boundary.js';
import { type CharSet, intersects } from './char-set.js';
import { createMatcher, type Matcher } from './matcher.js';
import { type Dialect, PatternFault, type RegexNode } from './regex-ast.js';
import { backtrackingSteps } from './regex-cost.js';
import { type Facts, factsOf, rememberingFacts } from './regex-facts.js';
import { parsePattern } from './regex-parse.js';

/** A pattern ready to match, with what is known about it. */
export interface CompiledPattern {
  readonly matcher: Matcher;
  readonly facts: Facts;
  /** The pattern names the edge of the text, so that it must see the whole of it. */
  readonly anchored: boolean;
  /** A match is the whole text. */
  readonly whole: boolean;
  /** A bounded opening that holds a literal decides, and an unbounded rest follows it. */
  readonly opensBounded: boolean;
  /** A match may begin or end within a run of ASCII letters and digits, and the rest of the run be a word of its own. */
  readonly splitsRuns: boolean;
}

export interface PatternOptions {
  readonly dialect: Dialect;
  /** The pattern ships with the program: it may run on JavaScript's engine when its cost is provably bounded. */
  readonly builtin: boolean;
}

/** The patterns that rules still have: a reload compiles only what is not among them. */
const inUse = new Map<string, WeakRef<CompiledPattern>>();
const unused = new FinalizationRegistry((key: string) => {
  if (!inUse.get(key)?.deref()) inUse.delete(key);
});

/**
 * Compiles a pattern as written in a pack, or gives what it was compiled to for another rule that still has it. Throws
 * PatternFault, with the offset, for one that cannot be used.
 */
export function compilePattern(source: string, options: PatternOptions): CompiledPattern {
  const key = `${options.dialect} ${options.builtin} ${source}`;
  const known = inUse.get(key)?.deref();
  if (known) return known;
  const compiled = rememberingFacts(() => compile(source, options));
  inUse.set(key, new WeakRef(compiled));
  unused.register(compiled, key);
  return compiled;
}

function compile(source: string, options: PatternOptions): CompiledPattern {
  const parse = () => splitBoundaries(parsePattern(source, options.dialect));
  const pattern = parse();
  const names = groupNames(pattern.core);
  if (names.length > new Set(names).size) throw new PatternFault('two groups have the same name', 0);
  const hasValue = names.includes('value');
  const steps = options.builtin ? backtrackingSteps(pattern) : Infinity;
  return {
    matcher: matcherOf(pattern, { hasValue, reach: factsOf(pattern.core).maxLength, steps }, parse),
    facts: factsOf(pattern.core),
    anchored: namesTextEdge(pattern.core),
    whole: isWholeText(pattern.core),
    opensBounded: opensBounded(pattern.core),
    splitsRuns: !keepsRuns(pattern.before, pattern.core, 0) || !keepsRuns(pattern.after, pattern.core, -1),
  };
}

function matcherOf(...parts: Parameters<typeof createMatcher>): Matcher {
  try {
    return createMatcher(...parts);
  } catch (error) {
    if (error instanceof PatternFault) throw error;
    const reason = error instanceof Error ? error.message : 'not a regular expression';
    throw new PatternFault(`RE2 cannot run this pattern: ${reason}`, 0);
  }
}

function groupNames(node: RegexNode): string[] {
  switch (node.kind) {
    case 'group':
      return [...(node.name === undefined ? [] : [node.name]), ...groupNames(node.item)];
    case 'repeat':
      return groupNames(node.item);
    case 'concat':
    case 'alt':
      return node.items.flatMap(groupNames);
    default:
      return [];
  }
}

function namesTextEdge(node: RegexNode): boolean {
  switch (node.kind) {
    case 'assert':
      return node.what.startsWith('text-');
    case 'group':
    case 'repeat':
      return namesTextEdge(node.item);
    case 'concat':
    case 'alt':
      return node.items.some(namesTextEdge);
    default:
      return false;
  }
}

function isWholeText(node: RegexNode): boolean {
  if (node.kind !== 'concat') return false;
  const [first, last] = [node.items[0], node.items.at(-1)];
  return first?.kind === 'assert' && first.what === 'text-start' && last?.kind === 'assert' && last.what === 'text-end';
}

function opensBounded(node: RegexNode): boolean {
  const items = node.kind === 'concat' ? node.items : [node];
  const unbounded = items.findIndex((item) => factsOf(item).maxLength === Infinity);
  if (unbounded <= 0) return false;
  const head = factsOf({ kind: 'concat', items: items.slice(0, unbounded) });
  const literals = head.literals ?? [];
  return literals.length > 0 && literals.every((text) => text.length >= 3);
}

const LETTERS_AND_DIGITS: CharSet = [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a];

/** Whether a run of letters and digits cannot go on beyond this end of a match. */
function keepsRuns(beyond: Boundary | undefined, core: RegexNode, end: 0 | -1): boolean {
  return (beyond !== undefined && !intersects(beyond.allowed, LETTERS_AND_DIGITS)) || endsAtWordBoundary(core, end);
}

function endsAtWordBoundary(node: RegexNode | undefined, end: 0 | -1): boolean {
  switch (node?.kind) {
    case 'assert':
      return node.what === 'word-boundary' || node.what.startsWith('text-');
    case 'group':
      return endsAtWordBoundary(node.item, end);
    case 'concat':
      return endsAtWordBoundary(node.items.at(end), end);
    case 'alt':
      return node.items.every((item) => endsAtWordBoundary(item, end));
    default:
      return false;
  }
}
