import { ANY, type CharSet, charSet, complement } from './char-set.js';
import { type LookNode, PatternFault, type RegexNode } from './regex-ast.js';

/** What may stand next to a match: a character of `allowed`, or, when `edge`, the edge of the text. */
export interface Boundary {
  readonly allowed: CharSet;
  readonly edge: boolean;
}

/** A pattern without look-around, and the boundary checks that its look-around became. */
export interface BoundedPattern {
  readonly before?: Boundary;
  readonly core: RegexNode;
  readonly after?: Boundary;
}

/**
 * Splits look-around over a single character class off the ends of a pattern, where it is the same as checking one
 * neighbouring character. Look-around anywhere else, or over more, needs backtracking: PatternFault.
 */
export function splitBoundaries(pattern: RegexNode): BoundedPattern {
  const items = topItems(pattern);
  let first = 0;
  let last = items.length;
  let before: Boundary | undefined;
  let after: Boundary | undefined;
  for (; first < last; first++) {
    const item = items[first] as RegexNode;
    if (item.kind !== 'look' || item.ahead) break;
    before = both(before, boundaryOf(item));
  }
  for (; last > first; last--) {
    const item = items[last - 1] as RegexNode;
    if (item.kind !== 'look' || !item.ahead) break;
    after = both(after, boundaryOf(item));
  }
  const core = sequence(items.slice(first, last));
  refuseLook(core);
  return { ...(before && { before }), core, ...(after && { after }) };
}

function topItems(node: RegexNode): readonly RegexNode[] {
  if (node.kind === 'concat') return node.items;
  if (node.kind === 'group' && node.name === undefined) return topItems(node.item);
  return [node];
}

function sequence(items: readonly RegexNode[]): RegexNode {
  if (items.length === 1) return items[0] as RegexNode;
  return items.length === 0 ? { kind: 'empty' } : { kind: 'concat', items };
}

function both(a: Boundary | undefined, b: Boundary): Boundary {
  if (!a) return b;
  const excluded = [...complement(a.allowed), ...complement(b.allowed)];
  return { allowed: complement(charSet(excluded)), edge: a.edge && b.edge };
}

function boundaryOf(look: LookNode): Boundary {
  const seen = neighbour(look.item, look);
  return look.negative ? { allowed: complement(seen.allowed), edge: !seen.edge } : seen;
}

/** The one character, or edge, that the inside of a look-around asks for. */
function neighbour(node: RegexNode, look: LookNode): Boundary {
  const edgeOf = look.ahead ? ['text-end', 'text-end-or-last-newline'] : ['text-start'];
  switch (node.kind) {
    case 'char':
      return { allowed: node.set, edge: false };
    case 'group':
      return neighbour(node.item, look);
    case 'assert':
      if (edgeOf.includes(node.what)) return { allowed: [], edge: true };
      break;
    case 'alt': {
      const parts = node.items.map((item) => neighbour(item, look));
      return { allowed: charSet(parts.flatMap((part) => part.allowed)), edge: parts.some((part) => part.edge) };
    }
    case 'empty':
      return { allowed: ANY, edge: true };
    default:
  }
  throw new PatternFault('look-around may hold one character class only', look.offset);
}

function refuseLook(node: RegexNode): void {
  switch (node.kind) {
    case 'look':
      throw new PatternFault('look-around is available only at the very start or end of a pattern', node.offset);
    case 'concat':
    case 'alt':
      node.items.forEach(refuseLook);
      break;
    case 'group':
    case 'repeat':
      refuseLook(node.item);
      break;
    default:
  }
}
