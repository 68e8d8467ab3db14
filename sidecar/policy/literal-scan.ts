import {
  CHARACTERS,
  comparableText,
  comparableUnit,
  DIGIT_MARK,
  FOLDABLE_MARK,
  HASH_BITS,
  HASH_MASK,
  NUMBER_MARK,
  TOKEN_MARK,
} from './character-table.js';
import { createGramFilter, type GramFilter, mayBegin, mayEnd } from './gram-filter.js';
import { buildTrie, childOf, type TrieNode } from './literal-trie.js';
import { RunList } from './run-list.js';
import { createUnitReader } from './unit-reader.js';

/** One pass over a text: which groups of literals occur in it, and where it has numbers and long tokens. */
export interface LiteralScanner {
  /** Scans a text. Everything below speaks of the text scanned last. */
  scan(text: string): void;
  /** Whether a literal of the group occurs; ASCII case does not matter, and folded characters are equal. */
  has(group: number): boolean;
  /** Ends of the occurrences of the group's literals, ascending; undefined when there were too many to keep. */
  endsOf(group: number): readonly number[] | undefined;
  /** Runs of number characters (digits, space, `# ( ) + , - . / :`) with at least DIGITS_MIN digits; counted in digits. */
  readonly numbers: RunList;
  /** Runs of token characters (letters, digits, `+ - . / = _`) of at least TOKEN_MIN characters. */
  readonly tokens: RunList;
  /** Some character is folded, so that patterns must see the folded text. */
  readonly foldable: boolean;
  readonly lowSurrogates: number;
}

/** Fewer digits than this in one run are not kept: every text has them. */
export const DIGITS_MIN = 4;
/** Shorter tokens are not kept: they are words. */
export const TOKEN_MIN = 16;

/** Occurrences of one group that are kept; a text with more is examined whole. */
const ENDS_KEPT = 4096;
/** Longest literal or keyword. */
const LITERAL_CHARS_MAX = 64;

/** Groups of literals, each of two characters or more. */
export interface LiteralGroups {
  readonly literals: readonly (readonly string[])[];
  /** Numbers of the groups whose literals do not count within a run of ASCII letters and digits. */
  readonly wholeWords?: ReadonlySet<number>;
}

/**
 * Builds the scan for all literals of all groups. A rolling hash of the last
 * characters tells for nearly every place that no literal is there; the rest is compared with a trie. That is
 * several times as fast as an Aho-Corasick automaton over thousands of literals, whose table does not fit a cache.
 */
export function createLiteralScanner({ literals, wholeWords = new Set() }: LiteralGroups): LiteralScanner {
  return new Scanner(
    literals.map((group) => group.map(comparableText)),
    wholeWords,
  );
}

class Scanner implements LiteralScanner {
  readonly numbers = new RunList();
  readonly tokens = new RunList();
  foldable = false;
  lowSurrogates = 0;
  private readonly reader = createUnitReader();
  private readonly filter: GramFilter;
  private readonly root: TrieNode;
  /** Number of the scan in which a group was seen last, so that nothing must be cleared between scans. */
  private readonly seenIn: Float64Array;
  private readonly ends: number[][];
  private scanNumber = 0;
  private readonly wholeWords: ReadonlySet<number>;

  constructor(groups: readonly (readonly string[])[], wholeWords: ReadonlySet<number>) {
    this.wholeWords = wholeWords;
    this.filter = createGramFilter(groups.flat());
    this.root = buildTrie(groups);
    this.seenIn = new Float64Array(groups.length);
    this.ends = groups.map(() => []);
  }

  has(group: number): boolean {
    return this.seenIn[group] === this.scanNumber;
  }

  endsOf(group: number): readonly number[] | undefined {
    if (!this.has(group)) return [];
    const ends = this.ends[group] as number[];
    return ends.length > ENDS_KEPT ? undefined : ends.toSorted((a, b) => a - b);
  }

  scan(text: string): void {
    this.scanNumber++;
    const { filter, numbers, tokens, reader } = this;
    const { units } = reader;
    const { length } = text;
    numbers.clear();
    tokens.clear();
    let hash = 0;
    let marks = 0;
    let lowSurrogates = 0;
    let numberLength = 0;
    let digits = 0;
    let tokenLength = 0;
    let chunkStart = 0;
    let chunkEnd = 0;
    for (let i = 0; i < length; i++) {
      if (i === chunkEnd) {
        chunkStart = i;
        chunkEnd = i + reader.read(text, i);
      }
      const entry = CHARACTERS[units[i - chunkStart] as number] as number;
      hash = (hash << HASH_BITS) | (entry & HASH_MASK);
      if (mayBegin(filter, hash)) this.walk(text, i - 3, 4, LITERAL_CHARS_MAX);
      if (mayEnd(filter, hash)) {
        this.walk(text, i - 2, 3, 3);
        this.walk(text, i - 1, 2, 2);
      }
      if (entry & TOKEN_MARK) tokenLength++;
      else {
        if (tokenLength >= TOKEN_MIN) tokens.add(i - tokenLength, i, tokenLength);
        tokenLength = 0;
      }
      if (entry & NUMBER_MARK) {
        numberLength++;
        digits += (entry & DIGIT_MARK) >>> 12;
      } else {
        if (digits >= DIGITS_MIN) numbers.add(i - numberLength, i, digits);
        numberLength = 0;
        digits = 0;
      }
      marks |= entry;
      lowSurrogates += entry >>> 15;
    }
    if (tokenLength >= TOKEN_MIN) tokens.add(length - tokenLength, length, tokenLength);
    if (digits >= DIGITS_MIN) numbers.add(length - numberLength, length, digits);
    this.foldable = (marks & FOLDABLE_MARK) !== 0;
    this.lowSurrogates = lowSurrogates;
  }

  /** Reports the literals that begin at `from` and have `min` to `max` characters. */
  private walk(text: string, from: number, min: number, max: number): void {
    if (from < 0) return;
    let node: TrieNode | undefined = this.root;
    const to = Math.min(text.length, from + max);
    for (let i = from; i < to; i++) {
      node = childOf(node, comparableUnit(text.charCodeAt(i)));
      if (!node) return;
      if (node.groups.length > 0 && i + 1 - from >= min) this.found(node.groups, text, from, i + 1);
    }
  }

  private found(groups: readonly number[], text: string, start: number, end: number): void {
    for (const group of groups) {
      if (this.wholeWords.has(group) && isInsideWord(text, start, end)) continue;
      const ends = this.ends[group] as number[];
      if (!this.has(group)) {
        this.seenIn[group] = this.scanNumber;
        ends.length = 0;
      }
      if (ends.length <= ENDS_KEPT) ends.push(end);
    }
  }
}

/** Whether an ASCII letter or digit at the edge of [start, end) goes on beyond it. */
function isInsideWord(text: string, start: number, end: number): boolean {
  return (
    (isAlphanumeric(text, start - 1) && isAlphanumeric(text, start)) ||
    (isAlphanumeric(text, end) && isAlphanumeric(text, end - 1))
  );
}

function isAlphanumeric(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false;
  const unit = comparableUnit(text.charCodeAt(at));
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
}
