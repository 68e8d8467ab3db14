import { assertNever } from '../kernel/assert-never.js';
import type { BoundedPattern } from './boundary.js';
import { type CharSet, intersects, isSubset, union, WORD } from './char-set.js';
import type { RegexNode, RepeatNode } from './regex-ast.js';
import { factsOf } from './regex-facts.js';

/** How a backtracking engine can spend its time on a node, from one start position. */
interface Cost {
  /** Ways in which the node can match there and something behind it be tried. */
  readonly paths: number;
  /** Characters and assertions looked at over all these ways, at most. */
  readonly steps: number;
}

/** What can come next, where it can still refuse the match. */
interface Next {
  /** The characters that it can begin with. */
  readonly set: CharSet;
  /** It may also begin with an assertion, or with what nothing is known of. */
  readonly open: boolean;
  /** It begins with a word boundary. */
  readonly wordEdge?: boolean;
}

/** At the end of a pattern nothing refuses a match any more, so no second way is ever tried. */
const END: Next = { set: [], open: false };

/**
 * Upper bound of the steps that a backtracking engine takes from one start position, whatever the text; `Infinity`
 * for an unbounded repeat. It multiplies the ways through consecutive parts, and counts a repeat as a single
 * way when what follows cannot begin where it could go on, because then only the longest run leads further.
 * Sound but not tight: a pattern with a small bound is safe, one with a large bound may be.
 */
export function backtrackingSteps({ core, after }: BoundedPattern): number {
  return costOf(core, after ? { set: after.allowed, open: false } : END).steps;
}

function costOf(node: RegexNode, next: Next): Cost {
  switch (node.kind) {
    case 'empty':
      return { paths: 1, steps: 0 };
    case 'assert':
    case 'char':
    case 'look':
      return { paths: 1, steps: 1 };
    case 'group':
      return costOf(node.item, next);
    case 'concat':
      return costOfConcat(node.items, next);
    case 'alt':
      return costOfAlternatives(node.items, next);
    case 'repeat':
      return costOfRepeat(node, next);
    default:
      return assertNever(node);
  }
}

function costOfConcat(items: readonly RegexNode[], next: Next): Cost {
  const nexts: Next[] = [];
  let following = next;
  for (const item of items.toReversed()) {
    nexts.unshift(following);
    following = before(item, following);
  }
  let [paths, steps] = [1, 0];
  items.forEach((item, i) => {
    const cost = costOf(item, nexts[i] as Next);
    steps += paths * cost.steps;
    paths *= cost.paths;
  });
  return { paths, steps };
}

function costOfAlternatives(items: readonly RegexNode[], next: Next): Cost {
  const costs = items.map((item) => costOf(item, next));
  const starts = items.map((item) => before(item, { set: [], open: true }));
  const disjoint = starts.every(
    (start, i) => !start.open && starts.slice(i + 1).every((other) => !intersects(start.set, other.set)),
  );
  const paths = disjoint ? Math.max(...costs.map((cost) => cost.paths)) : waysAmong(items, costs);
  return { paths, steps: sum(costs.map((cost) => cost.steps)) };
}

/** Ways through alternatives of which several may match: of those with fixed words only such as begin one another. */
function waysAmong(items: readonly RegexNode[], costs: readonly Cost[]): number {
  const words = items.map((item) => factsOf(item).exact);
  const pathsOf = (i: number) => (costs[i] as Cost).paths;
  const others = sum(items.map((_, i) => (words[i] === undefined ? pathsOf(i) : 0)));
  const together = words
    .flatMap((exact) => exact ?? [])
    .map((word) => sum(words.map((exact, i) => (exact?.some((other) => word.startsWith(other)) ? pathsOf(i) : 0))));
  return Math.max(0, ...together) + others;
}

function costOfRepeat(node: RepeatNode, next: Next): Cost {
  const { item, min, max } = node;
  // An iteration that matches nothing: engines differ on what it means (ECMA-262 22.2.2.3.1), so RE2 alone decides it.
  if (max === Infinity || factsOf(item).minLength === 0) return { paths: Infinity, steps: Infinity };
  const start = before(item, { set: [], open: true });
  // Only where it may come a second time can another iteration follow one.
  const then = max === 1 ? next : { set: union(start.set, next.set), open: next.open || start.open };
  const once = costOf(item, then);
  // One way to leave: whoever stops early meets a character that what follows cannot begin with.
  const decided = !start.open && (next.open ? endsAtWordEdge(node, next) : !intersects(start.set, next.set));
  let [paths, steps, ways] = [min === 0 ? 1 : 0, 0, 1];
  for (let count = 1; count <= max && steps <= Number.MAX_SAFE_INTEGER; count++) {
    steps += ways * (once.steps + 1);
    ways *= once.paths;
    if (count >= min) paths += ways;
  }
  return { paths: decided ? Math.max(1, ways) : Math.max(1, paths), steps };
}

/** A run of word characters that stops early stands before another one, where no word boundary is. */
function endsAtWordEdge({ item, min }: RepeatNode, next: Next): boolean {
  return next.wordEdge === true && min > 0 && item.kind === 'char' && isSubset(item.set, WORD);
}

/** What a node followed by `next` can begin with. */
function before(node: RegexNode, next: Next): Next {
  switch (node.kind) {
    case 'empty':
      return next;
    case 'assert':
    case 'look':
      return { set: next.set, open: true, wordEdge: node.kind === 'assert' && node.what === 'word-boundary' };
    case 'char':
      return { set: node.set, open: false };
    case 'group':
      return before(node.item, next);
    case 'concat':
      return node.items.reduceRight((following, item) => before(item, following), next);
    case 'alt': {
      const starts = node.items.map((item) => before(item, next));
      return { set: starts.map((start) => start.set).reduce(union, []), open: starts.some((start) => start.open) };
    }
    case 'repeat': {
      const inner = before(node.item, next);
      return node.min > 0 ? inner : { set: union(inner.set, next.set), open: inner.open || next.open };
    }
    default:
      return assertNever(node);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
