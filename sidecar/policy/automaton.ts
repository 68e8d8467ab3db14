import { assertNever } from '../kernel/assert-never.js';
import { type CharSet, charSet } from './char-set.js';
import { PatternFault, type RegexNode } from './regex-ast.js';

/**
 * The states of a pattern, one for each character that it can wait for, repeats written out (Thompson's construction).
 * RE2 follows all states that a text can have led to at once; how many these are is what it costs, and it cannot be asked.
 */
export interface Automaton {
  readonly states: readonly State[];
  readonly start: number;
  /** All characters that any state waits for. */
  readonly alphabet: CharSet;
}

/** A state with the characters that lead on from it, and where to; without any it leads on by itself. */
interface State {
  readonly set?: CharSet;
  readonly next: readonly number[];
}

/** The automaton of a pattern; assertions hold everywhere in it. Throws PatternFault when it would have more states. */
export function createAutomaton(pattern: RegexNode, statesMax: number): Automaton {
  const states: State[] = [{ next: [] }];
  const add = (state: State): number => {
    if (states.length > statesMax) {
      throw new PatternFault(
        `the pattern is too large: with its repeats written out it has over ${statesMax} states`,
        0,
      );
    }
    return states.push(state) - 1;
  };
  const start = build(pattern, 0, add);
  const sets = new Set(states.flatMap(({ set }) => (set ? [set] : [])));
  return { states, start, alphabet: charSet([...sets].flat()) };
}

type Add = (state: State) => number;

/** Adds the states of a node before the state `next`, and gives the first of them. */
function build(node: RegexNode, next: number, add: Add): number {
  switch (node.kind) {
    case 'empty':
    case 'assert':
    case 'look':
      return next;
    case 'char':
      return add({ set: node.set, next: [next] });
    case 'group':
      return build(node.item, next, add);
    case 'concat':
      return node.items.reduceRight((following, item) => build(item, following, add), next);
    case 'alt':
      return add({ next: node.items.map((item) => build(item, next, add)) });
    case 'repeat': {
      let first = node.max === Infinity ? loop(node.item, next, add) : next;
      for (let i = node.min; i < node.max && node.max !== Infinity; i++) {
        first = add({ next: [build(node.item, first, add), next] });
      }
      for (let i = 0; i < node.min; i++) first = build(node.item, first, add);
      return first;
    }
    default:
      return assertNever(node);
  }
}

function loop(item: RegexNode, next: number, add: Add): number {
  const out = [next];
  const first = add({ next: out });
  out.push(build(item, first, add));
  return first;
}
