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
import { buildTrie, type TrieNode } from './literal-trie.js';
import { RunList } from './run-list.js';

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
const ENDS_KEPT = 256;
/** Longest literal or keyword. */
const LITERAL_CHARS_MAX = 64;
/** The hash of the last three characters. */
const GRAM_MASK = (1 << (3 * HASH_BITS)) - 1;
/** What may stand where the last three characters hash to: the start of a literal, or the whole of one of two characters. */
const STARTS = 1;
const ENDS_PAIR = 2;

/**
 * Builds the scan for all literals of all groups, each of two characters or more. A rolling hash of the last three
 * characters tells for nearly every place that no literal begins there; the rest is compared with a trie. That is
 * several times as fast as an Aho-Corasick automaton over thousands of literals, whose table does not fit a cache.
 */
export function createLiteralScanner(groups: readonly (readonly string[])[]): LiteralScanner {
  return new Scanner(groups.map((literals) => literals.map(comparableText)));
}

class Scanner implements LiteralScanner {
  readonly numbers = new RunList();
  readonly tokens = new RunList();
  foldable = false;
  lowSurrogates = 0;
  private readonly grams: Uint8Array;
  private readonly root: TrieNode;
  /** Number of the scan in which a group was seen last, so that nothing must be cleared between scans. */
  private readonly seenIn: Float64Array;
  private readonly ends: number[][];
  private scanNumber = 0;

  constructor(groups: readonly (readonly string[])[]) {
    this.grams = gramsOf(groups.flat());
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
    const { grams, numbers, tokens } = this;
    const { length } = text;
    numbers.clear();
    tokens.clear();
    let [hash, marks, lowSurrogates] = [0, 0, 0];
    let [numberLength, digits, tokenLength] = [0, 0, 0];
    for (let i = 0; i < length; i++) {
      const entry = CHARACTERS[text.charCodeAt(i)] as number;
      hash = ((hash << HASH_BITS) | (entry & HASH_MASK)) & GRAM_MASK;
      const gram = grams[hash] as number;
      if (gram !== 0) this.look(text, i, gram);
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

  /** Compares with the trie what may begin or end here; `at` is the last of three characters. */
  private look(text: string, at: number, gram: number): void {
    if (gram & STARTS && at >= 2) this.walk(text, at - 2, LITERAL_CHARS_MAX);
    if (gram & ENDS_PAIR && at >= 1) this.walk(text, at - 1, 2);
  }

  /** Reports the literals that begin at `from`: those of two characters, or, with a greater `longest`, the longer ones. */
  private walk(text: string, from: number, longest: number): void {
    let node: TrieNode | undefined = this.root;
    const to = Math.min(text.length, from + longest);
    for (let i = from; i < to; i++) {
      node = node.next.get(comparableUnit(text.charCodeAt(i)));
      if (!node) return;
      if (node.groups.length > 0 && (longest === 2) === (i === from + 1)) this.found(node.groups, i + 1);
    }
  }

  private found(groups: readonly number[], end: number): void {
    for (const group of groups) {
      const ends = this.ends[group] as number[];
      if (!this.has(group)) {
        this.seenIn[group] = this.scanNumber;
        ends.length = 0;
      }
      if (ends.length <= ENDS_KEPT) ends.push(end);
    }
  }
}

/** What each hash of three characters may stand for. */
function gramsOf(literals: readonly string[]): Uint8Array {
  const grams = new Uint8Array(GRAM_MASK + 1);
  const mark = (gram: number, what: number) => {
    grams[gram] = (grams[gram] as number) | what;
  };
  const hashAt = (literal: string, i: number) => (CHARACTERS[literal.charCodeAt(i)] as number) & HASH_MASK;
  for (const literal of literals) {
    const pair = (hashAt(literal, 0) << HASH_BITS) | hashAt(literal, 1);
    if (literal.length > 2) mark((pair << HASH_BITS) | hashAt(literal, 2), STARTS);
    else for (let first = 0; first <= HASH_MASK; first++) mark((first << (2 * HASH_BITS)) | pair, ENDS_PAIR);
  }
  return grams;
}
