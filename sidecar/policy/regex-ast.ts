import type { CharSet } from './char-set.js';

/** A parsed pattern. Offsets are UTF-16 indexes into the pattern as written. */
export type RegexNode =
  | { readonly kind: 'empty' }
  | CharNode
  | { readonly kind: 'concat'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'alt'; readonly items: readonly RegexNode[] }
  | RepeatNode
  | { readonly kind: 'group'; readonly item: RegexNode; readonly name?: string }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | LookNode;

/** One character out of a set. */
export interface CharNode {
  readonly kind: 'char';
  readonly set: CharSet;
}

export interface RepeatNode {
  readonly kind: 'repeat';
  readonly item: RegexNode;
  readonly min: number;
  /** `Infinity` when unbounded. */
  readonly max: number;
  readonly lazy: boolean;
}

/** Look-around over `item`; only one character class at an end of the pattern can be kept (see boundary.ts). */
export interface LookNode {
  readonly kind: 'look';
  readonly ahead: boolean;
  readonly negative: boolean;
  readonly item: RegexNode;
  readonly offset: number;
}

export type Assertion =
  | 'text-start'
  | 'text-end'
  /** Python's `$`: at the end, or before a line feed at the end. */
  | 'text-end-or-last-newline'
  | 'line-start'
  | 'line-end'
  | 'word-boundary'
  | 'not-word-boundary';

/** Which dialect a pattern is written in: Go's RE2 with accommodations, or Python's `re`. */
export type Dialect = 're2' | 'python';

/** A pattern that cannot be used: why, and where in it. */
export class PatternFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'PatternFault';
    this.offset = offset;
  }
}
