import { type Steps, takeSteps } from '../kernel/steps.js';
import { COMPARABLE, comparableText, DIGIT_MARK, FOLDABLE_MARK } from './character-table.js';
import {
  FIVE,
  FIVE_KIND,
  FOUR,
  FOUR_KIND,
  fiveOf,
  fourOf,
  THREE,
  THREE_KIND,
  TWO,
  TWO_KIND,
  threeOf,
  twoOf,
} from './gram-filter.js';
import { indexLiterals, type LiteralIndex } from './literal-index.js';
import type { RunList } from './run-list.js';
import {
  beginSweep,
  CHUNK_UNITS,
  createSweep,
  endSweep,
  HASHES,
  HITS,
  KINDS,
  LITERAL_CHARS_MAX,
  sweepUnits,
  UNITS,
} from './sweep.js';
import { readUnits } from './unit-reader.js';

/** One pass over a text: which groups of literals occur in it, and where it has numbers and long tokens. */
export interface LiteralScanner {
  /** Scans a text. Everything below speaks of the text scanned last. */
  scan(text: string): void;
  /** Another scanner of the same literals, with a text of its own. */
  twin(): LiteralScanner;
  /** The groups of which a literal occurs, each once; case does not matter, and folded characters are equal. */
  readonly groups: readonly number[];
  has(group: number): boolean;
  /** Ends of the occurrences of the group's literals, ascending; undefined when there were too many to keep. */
  endsOf(group: number): readonly number[] | undefined;
  /** Runs of number characters (digits, space, `# ( ) + , - . / :`) with at least DIGITS_MIN digits; counted in digits. */
  readonly numbers: RunList;
  /** Runs of token characters (letters, digits, `+ - . / = _`) of at least TOKEN_MIN characters. */
  readonly tokens: RunList;
  /** Runs of hexadecimal digits and `- . :` of at least HEX_MIN characters. */
  readonly hexes: RunList;
  /** Marks of all characters together: `signMark` tells which sign has which. */
  readonly marks: number;
  /** Single letters stand one after the other; see Sweep. */
  readonly hasSingleLetters: boolean;
  /** Some character is a digit. */
  readonly hasDigit: boolean;
  /** Some character is folded, so that patterns must see the folded text. */
  readonly foldable: boolean;
}

/** Groups of literals, each of two characters or more. */
export interface LiteralGroups {
  readonly literals: readonly (readonly string[])[];
  /** Numbers of the groups whose literals do not count within a run of ASCII letters and digits. */
  readonly wholeWords?: ReadonlySet<number>;
}

// Names of this module's own, for the compiler's sake: see sweep.ts.
const comparable = COMPARABLE;
const swept = UNITS;
const hits = HITS;
const hashes = HASHES;
const kindsOf = KINDS;
const gramOfFive = fiveOf;
const gramOfFour = fourOf;
const gramOfThree = threeOf;
const gramOfTwo = twoOf;
const [fiveMask, fourMask, threeMask, twoMask] = [FIVE, FOUR, THREE, TWO];
const [fiveKind, fourKind, threeKind, twoKind] = [FIVE_KIND, FOUR_KIND, THREE_KIND, TWO_KIND];

/** Occurrences of one group that are kept; a text with more is examined whole. */
const ENDS_KEPT = 4096;
/** Longer lists of them are let go of with the text: there is one for each literal. */
const ENDS_REUSED = 64;
/** The ends of a literal that has no list. */
const NONE: number[] = [];

/**
 * Builds the scan for all literals of all groups. A rolling hash of the last
 * characters tells for nearly every place that no literal is there; the rest is compared. That is
 * several times as fast as an Aho-Corasick automaton over thousands of literals, whose table does not fit a cache.
 * Most of what is found in ordinary text is found again and again, so that groups are told of a literal once for a text.
 */
export function createLiteralScanner(groups: LiteralGroups): LiteralScanner {
  return takeSteps(createLiteralScannerSteps(groups));
}

/** `createLiteralScanner` in steps. */
export function* createLiteralScannerSteps({ literals, wholeWords = new Set() }: LiteralGroups): Steps<LiteralScanner> {
  const comparable = literals.map((group) => group.map(comparableText));
  return new Scanner(yield* indexLiterals(comparable, wholeWords), literals.length);
}

class Scanner implements LiteralScanner {
  readonly groups: number[] = [];
  private readonly sweep = createSweep();
  private readonly index: LiteralIndex;
  /** By literal: its ends in this text, and how many entries are of this text. Lists are written over, because to grow one anew costs more. */
  private readonly ends: number[][];
  private readonly endCounts: Uint16Array;
  /** By group: which of its literals occur, and how many. */
  private readonly members: number[][];
  private readonly memberCounts: Uint32Array;
  /** `UNITS` holds the units of the text from `base` on, `known` of them. */
  private base = 0;
  private known = 0;

  constructor(index: LiteralIndex, groupCount: number) {
    this.index = index;
    this.ends = Array.from(index.anchorEnd, () => NONE);
    this.endCounts = new Uint16Array(index.anchorEnd.length);
    this.members = Array.from({ length: groupCount }, () => []);
    this.memberCounts = new Uint32Array(groupCount);
  }

  twin(): LiteralScanner {
    return new Scanner(this.index, this.members.length);
  }

  get numbers(): RunList {
    return this.sweep.numbers;
  }

  get hexes(): RunList {
    return this.sweep.hexes;
  }

  get tokens(): RunList {
    return this.sweep.tokens;
  }

  get marks(): number {
    return this.sweep.marks;
  }

  get hasSingleLetters(): boolean {
    return this.sweep.hasSingleLetters;
  }

  get hasDigit(): boolean {
    return (this.sweep.marks & DIGIT_MARK) !== 0;
  }

  get foldable(): boolean {
    return (this.sweep.marks & FOLDABLE_MARK) !== 0;
  }

  has(group: number): boolean {
    return this.memberCounts[group] !== 0;
  }

  endsOf(group: number): readonly number[] | undefined {
    const ends: number[] = [];
    const members = this.members[group] as number[];
    for (let i = 0; i < (this.memberCounts[group] as number); i++) {
      const literal = members[i] as number;
      const count = this.endCounts[literal] as number;
      if (ends.length + count > ENDS_KEPT) return undefined;
      for (let j = 0; j < count; j++) ends.push((this.ends[literal] as number[])[j] as number);
    }
    return isAscending(ends) ? ends : ends.sort((a, b) => a - b);
  }

  scan(text: string): void {
    this.clear();
    const { sweep, index } = this;
    const { length } = text;
    for (let chunk = 0; chunk < length; chunk += CHUNK_UNITS) {
      const base = Math.max(0, chunk - LITERAL_CHARS_MAX);
      const end = Math.min(length, chunk + CHUNK_UNITS);
      this.base = base;
      this.known = Math.min(length, end + LITERAL_CHARS_MAX) - base;
      readUnits(text, base, this.known);
      sweepUnits(sweep, index.filter, { from: chunk - base, to: end - base, base });
      this.examineHits();
    }
    endSweep(sweep, length);
  }

  /** Examines the hits of the chunk swept last. */
  private examineHits(): void {
    const { hitCount } = this.sweep;
    for (let hit = 0; hit < hitCount; hit++) {
      const end = (hits[hit] as number) + 1;
      const hash = hashes[hit] as number;
      const kinds = kindsOf[hit] as number;
      if (kinds & fiveKind) this.examine(gramOfFive(hash), hash & fiveMask, end);
      if (kinds & fourKind) this.examine(gramOfFour(hash), hash & fourMask, end);
      if (kinds & threeKind) this.examine(gramOfThree(hash), hash & threeMask, end);
      if (kinds & twoKind) this.examine(gramOfTwo(hash), hash & twoMask, end);
    }
  }

  private clear(): void {
    for (const group of this.groups) {
      const members = this.members[group] as number[];
      for (let i = 0; i < (this.memberCounts[group] as number); i++) {
        const literal = members[i] as number;
        if ((this.endCounts[literal] as number) > ENDS_REUSED) this.ends[literal] = NONE;
        this.endCounts[literal] = 0;
      }
      this.memberCounts[group] = 0;
    }
    this.groups.length = 0;
    beginSweep(this.sweep);
  }

  /** Finds the literals that stand where a gram ends, before `end` in UNITS; all of them are found by it. */
  private examine(gram: number, hash: number, end: number): void {
    const { gramNumber, firstOfGram, gramHash } = this.index;
    const number = gramNumber[gram] as number;
    const behind = firstOfGram[number + 1] as number;
    for (let literal = firstOfGram[number] as number; literal < behind; literal++) {
      if (gramHash[literal] === hash) this.examineLiteral(literal, end);
    }
  }

  private examineLiteral(literal: number, anchorEnd: number): void {
    const { index, base, known } = this;
    const { textStart, wholeWords } = index;
    const start = anchorEnd - (index.anchorEnd[literal] as number);
    const end = start + (textStart[literal + 1] as number) - (textStart[literal] as number);
    if (start < 0 || end > known || !this.standsAt(literal, start, end)) return;
    if (wholeWords[literal] !== 1 || !isInsideWord(start, end, known)) this.found(literal, base + end);
  }

  private standsAt(literal: number, start: number, end: number): boolean {
    const { textStart, units } = this.index;
    const shift = (textStart[literal] as number) - start;
    for (let i = start; i < end; i++) if (comparable[swept[i] as number] !== units[i + shift]) return false;
    return true;
  }

  private found(literal: number, end: number): void {
    const count = this.endCounts[literal] as number;
    if (count > ENDS_KEPT) return;
    if (count === 0) this.foundFirst(literal);
    (this.ends[literal] as number[])[count] = end;
    this.endCounts[literal] = count + 1;
  }

  /** Tells the groups that have the literal. */
  private foundFirst(literal: number): void {
    const { groupStart, groups } = this.index;
    if (this.ends[literal] === NONE) this.ends[literal] = [];
    const behind = groupStart[literal + 1] as number;
    for (let i = groupStart[literal] as number; i < behind; i++) {
      const group = groups[i] as number;
      const count = this.memberCounts[group] as number;
      if (count === 0) this.groups.push(group);
      (this.members[group] as number[])[count] = literal;
      this.memberCounts[group] = count + 1;
    }
  }
}

function isAscending(numbers: readonly number[]): boolean {
  for (let i = 1; i < numbers.length; i++) if ((numbers[i] as number) < (numbers[i - 1] as number)) return false;
  return true;
}

/** Whether an ASCII letter or digit at an edge of [start, end) in UNITS, which are `to` long, goes on beyond it. */
function isInsideWord(start: number, end: number, to: number): boolean {
  if (start > 0 && isAlphanumeric(start - 1) && isAlphanumeric(start)) return true;
  return end < to && isAlphanumeric(end) && isAlphanumeric(end - 1);
}

function isAlphanumeric(at: number): boolean {
  const unit = comparable[swept[at] as number] as number;
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
}
