import type { Automaton } from './automaton.js';
import { type CharSet, includes } from './char-set.js';

/** Told how many more states were visited; may throw to end the count. */
type Visited = (states: number) => void;

/** Counts the states of a pattern that texts lead to. */
export interface StateCounter {
  /** Of a search through [from, to), which begins anew at every character. */
  search(text: string, from: number, to: number, visited: Visited): void;
  /**
   * Of what a search still does behind a match that begins at `start`: another attempt that began between `since` and there may go on to
   * `to` before it fails. For a pattern such as `a.*b|a` that is the rest of the text after each match.
   */
  afterMatch(text: string, place: { since: number; start: number; to: number }, visited: Visited): void;
}

/** Characters below this have tables. */
const TABLE_SIZE = 256;
/** States after which a count is told. */
const TOLD_AT = 4096;

export function createStateCounter(automaton: Automaton): StateCounter {
  const run = new Run(automaton);
  const isInside = membership(automaton.alphabet);
  return {
    search: (text, from, to, visited) => run.count(text, { from, to, lastStart: to }, visited),
    afterMatch(text, { since, start, to }, visited) {
      // Nothing that is still alive began before a character which no state waits for.
      let from = start;
      while (from > since && isInside(text.charCodeAt(from - 1))) from--;
      run.count(text, { from, to, lastStart: start }, visited);
    },
  };
}

class Run {
  /** By state: whether a character leads on from it; undefined for a state that leads on by itself. */
  readonly #accepts: readonly (((point: number) => boolean) | undefined)[];
  /** The states that each state leads to, one state's behind the other's, and where those of each begin. Objects took ten times the memory. */
  readonly #targets: Int32Array;
  readonly #targetsAt: Int32Array;
  /** States that a match begins with, and those of them that a character leads on from. */
  readonly #first: readonly number[];
  readonly #firstOf: (readonly number[] | undefined)[] = [];
  /** At which step a state was last visited. */
  readonly #visitedAt: Int32Array;
  #step = 0;
  #alive: Int32Array;
  #next: Int32Array;
  #nextCount = 0;
  /** States still to be visited. */
  readonly #open: number[] = [];

  constructor(automaton: Automaton) {
    const { states } = automaton;
    const tests = new Map<CharSet, (point: number) => boolean>();
    this.#accepts = states.map(({ set }) => {
      const test = set && (tests.get(set) ?? membership(set));
      if (set && test) tests.set(set, test);
      return test;
    });
    this.#targets = Int32Array.from(states.flatMap(({ next }) => next));
    this.#targetsAt = new Int32Array(states.length + 1);
    for (const [i, { next }] of states.entries()) this.#targetsAt[i + 1] = (this.#targetsAt[i] as number) + next.length;
    this.#visitedAt = new Int32Array(states.length);
    this.#alive = new Int32Array(states.length);
    this.#next = new Int32Array(states.length);
    this.#step = 1;
    this.#visit(automaton.start);
    this.#first = [...this.#next.subarray(0, this.#nextCount)];
  }

  count(text: string, { from, to, lastStart }: { from: number; to: number; lastStart: number }, visited: Visited) {
    let aliveCount = 0;
    let count = 0;
    for (let at = from; at < to && (at <= lastStart || aliveCount > 0); ) {
      const point = text.codePointAt(at) as number;
      this.#step++;
      this.#nextCount = 0;
      count += aliveCount + 1;
      for (let i = 0; i < aliveCount; i++) {
        const state = this.#alive[i] as number;
        if (this.#accepts[state]?.(point)) count += this.#visitNext(state);
      }
      if (at <= lastStart) for (const state of this.#firstFor(point)) count += this.#visitNext(state);
      [this.#alive, this.#next] = [this.#next, this.#alive];
      aliveCount = this.#nextCount;
      at += point > 0xffff ? 2 : 1;
      if (count < TOLD_AT) continue;
      visited(count);
      count = 0;
    }
    visited(count);
  }

  #visitNext(state: number): number {
    return this.#visit(this.#targets[this.#targetsAt[state] as number] as number);
  }

  /** Visits a state and those that it leads to without a character; how many had not been visited at this step. */
  #visit(first: number): number {
    let count = 0;
    let depth = 0;
    for (
      let state: number | undefined = first;
      state !== undefined;
      state = depth > 0 ? this.#open[--depth] : undefined
    ) {
      if (this.#visitedAt[state] === this.#step) continue;
      this.#visitedAt[state] = this.#step;
      count++;
      if (this.#accepts[state]) {
        this.#next[this.#nextCount++] = state;
        continue;
      }
      const end = this.#targetsAt[state + 1] as number;
      for (let i = this.#targetsAt[state] as number; i < end; i++) this.#open[depth++] = this.#targets[i] as number;
    }
    return count;
  }

  #firstFor(point: number): readonly number[] {
    const known = point < TABLE_SIZE ? this.#firstOf[point] : undefined;
    if (known) return known;
    const found = this.#first.filter((state) => this.#accepts[state]?.(point));
    if (point < TABLE_SIZE) this.#firstOf[point] = found;
    return found;
  }
}

function membership(set: CharSet): (point: number) => boolean {
  const table = Uint8Array.from({ length: TABLE_SIZE }, (_, point) => (includes(set, point) ? 1 : 0));
  return (point) => (point < TABLE_SIZE ? table[point] === 1 : includes(set, point));
}
