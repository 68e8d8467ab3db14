import { type Steps, takeSteps } from '../kernel/steps.js';
import { COMPARABLE, comparableText, FOLDABLE_MARK } from './character-table.js';
import { FIVE_KIND, FOUR_KIND, fiveOf, fourOf, THREE_KIND, TWO_KIND, threeOf, twoOf } from './gram-filter.js';
import { type IndexedLiteral, indexLiterals, type LiteralIndex, standsHere } from './literal-index.js';
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
  /** The groups of which a literal occurs, each once; ASCII case does not matter, and folded characters are equal. */
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
  /** Some character is folded, so that patterns must see the folded text. */
  readonly foldable: boolean;
}

/** Groups of literals, each of two characters or more. */
export interface LiteralGroups {
  readonly literals: readonly (readonly string[])[];
  /** Numbers of the groups whose literals do not count within a run of ASCII letters and digits. */
  readonly wholeWords?: ReadonlySet<number>;
}

/** Occurrences of one group that are kept; a text with more is examined whole. */
const ENDS_KEPT = 4096;
/**
 * Builds the scan for all literals of all groups. A rolling hash of the last
 * characters tells for nearly every place that no literal is there; the rest is compared. That is
 * several times as fast as an Aho-Corasick automaton over thousands of literals, whose table does not fit a cache.
 */
export function createLiteralScanner(groups: LiteralGroups): LiteralScanner {
  return takeSteps(createLiteralScannerSteps(groups));
}

/** `createLiteralScanner` in steps. */
export function* createLiteralScannerSteps({ literals, wholeWords = new Set() }: LiteralGroups): Steps<LiteralScanner> {
  const index = yield* indexLiterals(literals.map((group) => group.map(comparableText)));
  return new Scanner(
    index,
    Uint8Array.from(literals, (_, group) => (wholeWords.has(group) ? 1 : 0)),
  );
}

class Scanner implements LiteralScanner {
  readonly groups: number[] = [];
  private readonly sweep = createSweep();
  private readonly index: LiteralIndex;
  /** By group: 1 when its literals count as whole words only. */
  private readonly wholeWords: Uint8Array;
  private readonly seen: Uint8Array;
  private readonly ends: number[][];

  constructor(index: LiteralIndex, wholeWords: Uint8Array) {
    this.index = index;
    this.wholeWords = wholeWords;
    this.seen = new Uint8Array(wholeWords.length);
    this.ends = Array.from(wholeWords, () => []);
  }

  twin(): LiteralScanner {
    return new Scanner(this.index, this.wholeWords);
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

  get foldable(): boolean {
    return (this.sweep.marks & FOLDABLE_MARK) !== 0;
  }

  has(group: number): boolean {
    return this.seen[group] === 1;
  }

  endsOf(group: number): readonly number[] | undefined {
    if (!this.has(group)) return [];
    const ends = this.ends[group] as number[];
    return ends.length > ENDS_KEPT ? undefined : ends.toSorted((a, b) => a - b);
  }

  scan(text: string): void {
    this.clear();
    const { sweep, index } = this;
    const { length } = text;
    for (let chunk = 0; chunk < length; chunk += CHUNK_UNITS) {
      const base = Math.max(0, chunk - LITERAL_CHARS_MAX);
      const end = Math.min(length, chunk + CHUNK_UNITS);
      const known = Math.min(length, end + LITERAL_CHARS_MAX) - base;
      readUnits(text, base, known);
      sweepUnits(sweep, index.filter, { from: chunk - base, to: end - base, base });
      for (let hit = 0; hit < sweep.hitCount; hit++) {
        const at = (HITS[hit] as number) + 1;
        const hash = HASHES[hit] as number;
        const kinds = KINDS[hit] as number;
        if (kinds & FIVE_KIND) this.examine(fiveOf(hash), base, at, known);
        if (kinds & FOUR_KIND) this.examine(fourOf(hash), base, at, known);
        if (kinds & THREE_KIND) this.examine(threeOf(hash), base, at, known);
        if (kinds & TWO_KIND) this.examine(twoOf(hash), base, at, known);
      }
    }
    endSweep(sweep, length);
  }

  private clear(): void {
    for (const group of this.groups) this.seen[group] = 0;
    this.groups.length = 0;
    beginSweep(this.sweep);
  }

  /** Reports the literals whose anchor ends before `end`, a place in UNITS, which hold the text from `base` on. */
  private examine(gram: number, base: number, end: number, to: number): void {
    const literals = this.index.byGram.get(gram) as readonly IndexedLiteral[];
    for (const literal of literals) {
      if (!standsHere(literal, UNITS, end, to)) continue;
      const start = end - literal.anchorEnd;
      const { length } = literal.text;
      this.found(literal.groups, base + start + length, isInsideWord(start, start + length, to));
    }
  }

  private found(groups: readonly number[], end: number, insideWord: boolean): void {
    for (const group of groups) {
      if (insideWord && this.wholeWords[group] === 1) continue;
      const ends = this.ends[group] as number[];
      if (this.seen[group] === 0) {
        this.seen[group] = 1;
        this.groups.push(group);
        ends.length = 0;
      }
      if (ends.length <= ENDS_KEPT) ends.push(end);
    }
  }
}

/** Whether an ASCII letter or digit at an edge of [start, end) in UNITS, which are `to` long, goes on beyond it. */
function isInsideWord(start: number, end: number, to: number): boolean {
  if (start > 0 && isAlphanumeric(start - 1) && isAlphanumeric(start)) return true;
  return end < to && isAlphanumeric(end) && isAlphanumeric(end - 1);
}

function isAlphanumeric(at: number): boolean {
  const unit = COMPARABLE[UNITS[at] as number] as number;
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
}
