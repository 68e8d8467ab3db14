import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { type CharSet, DIGITS, membersOf, NUMBER, TOKEN } from './char-set.js';
import { folds, foldText, foldUnit } from './fold.js';
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
/** Bits of an entry of the character table. The lower eleven are the character's class in the automaton. */
const CLASS_MASK = 0x7ff;
const NUMBER_MARK = 1 << 11;
const DIGIT_MARK = 1 << 12;
const TOKEN_MARK = 1 << 13;
const FOLDABLE_MARK = 1 << 14;
const LOW_SURROGATE_MARK = 1 << 15;

/** A state of the automaton with at least one literal ending there is marked in its transition. */
const OUTPUT = 1 << 31;

/** Which characters carry which mark. */
const MARKED: readonly (readonly [number, CharSet])[] = [
  [NUMBER_MARK, NUMBER],
  [DIGIT_MARK, DIGITS],
  [TOKEN_MARK, TOKEN],
];

interface Automaton {
  /** Next state by state and class; states are stored multiplied by the number of classes. */
  readonly transitions: Int32Array;
  /** Groups with a literal ending in the state, by state. */
  readonly outputs: readonly (readonly number[])[];
  readonly classes: number;
}

/**
 * Builds the Aho-Corasick automaton of all literals of all groups (Aho and Corasick, 1975), as a dense table over
 * the classes of characters that occur in literals.
 */
export function createLiteralScanner(groups: readonly (readonly string[])[]): LiteralScanner {
  const folded = groups.map((literals) => literals.map((literal) => asciiLower(foldText(literal))));
  const { table, classes } = characterTable(folded);
  const { transitions, outputs } = buildAutomaton(folded, table, classes);
  return new Scanner(table, { transitions, outputs, classes }, groups.length);
}

class Scanner implements LiteralScanner {
  readonly numbers = new RunList();
  readonly tokens = new RunList();
  foldable = false;
  lowSurrogates = 0;
  private readonly table: Uint16Array;
  private readonly automaton: Automaton;
  /** Number of the scan in which a group was seen last, so that nothing must be cleared between scans. */
  private readonly seenIn: Uint32Array;
  private readonly ends: number[][];
  private scanNumber = 0;

  constructor(table: Uint16Array, automaton: Automaton, groups: number) {
    this.table = table;
    this.automaton = automaton;
    this.seenIn = new Uint32Array(groups);
    this.ends = Array.from({ length: groups }, () => []);
  }

  has(group: number): boolean {
    return this.seenIn[group] === this.scanNumber;
  }

  endsOf(group: number): readonly number[] | undefined {
    if (!this.has(group)) return [];
    const ends = this.ends[group] as number[];
    return ends.length > ENDS_KEPT ? undefined : ends;
  }

  scan(text: string): void {
    this.nextScan();
    const { table, numbers, tokens } = this;
    const { transitions } = this.automaton;
    const { length } = text;
    let [state, marks, lowSurrogates] = [0, 0, 0];
    let [numberLength, digits, tokenLength] = [0, 0, 0];
    for (let i = 0; i < length; i++) {
      const entry = table[text.charCodeAt(i)] as number;
      state = transitions[state + (entry & CLASS_MASK)] as number;
      if (state < 0) {
        state &= ~OUTPUT;
        this.found(state, i + 1);
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

  private nextScan(): void {
    this.numbers.clear();
    this.tokens.clear();
    this.scanNumber++;
    if (this.scanNumber <= 0xffffffff) return;
    this.seenIn.fill(0);
    this.scanNumber = 1;
  }

  private found(state: number, end: number): void {
    for (const group of this.automaton.outputs[state / this.automaton.classes] as readonly number[]) {
      const ends = this.ends[group] as number[];
      if (this.seenIn[group] !== this.scanNumber) {
        this.seenIn[group] = this.scanNumber;
        ends.length = 0;
      }
      if (ends.length <= ENDS_KEPT) ends.push(end);
    }
  }
}

/** For every UTF-16 unit its class (0 = in no literal) and marks. */
function characterTable(groups: readonly (readonly string[])[]): { table: Uint16Array; classes: number } {
  const table = new Uint16Array(0x10000);
  let classes = 1;
  for (const literal of groups.flat()) {
    for (let i = 0; i < literal.length; i++) {
      const unit = literal.charCodeAt(i);
      // Characters beyond the last class share it: the scan then sees too much, never too little.
      if (table[unit] === 0) table[unit] = classes < CLASS_MASK ? classes++ : CLASS_MASK - 1;
    }
  }
  for (let unit = 0x41; unit <= 0x5a; unit++) table[unit] = table[unit + 0x20] as number;
  for (const [mark, set] of MARKED) for (const unit of membersOf(set)) table[unit] = (table[unit] as number) | mark;
  for (const unit of folds().keys()) table[unit] = (table[foldUnit(unit)] as number) | FOLDABLE_MARK;
  for (let unit = 0xdc00; unit < 0xe000; unit++) table[unit] = (table[unit] as number) | LOW_SURROGATE_MARK;
  return { table, classes };
}

function buildAutomaton(groups: readonly (readonly string[])[], table: Uint16Array, classes: number) {
  const rows: Int32Array[] = [new Int32Array(classes)];
  const outputs: number[][] = [[]];
  groups.forEach((literals, group) => {
    for (const literal of literals) insert(literal, group);
  });
  if (rows.length * classes > LIMITS.literalTableEntriesMax) {
    throw new JiminiError(
      'JIMINI_PACK_INVALID',
      'the keywords and literals of the packs together are too many: use fewer or shorter ones',
    );
  }
  link(rows, outputs, classes);
  const transitions = new Int32Array(rows.length * classes);
  rows.forEach((row, state) => {
    row.forEach((next, cls) => {
      const mark = (outputs[next] as number[]).length > 0 ? OUTPUT : 0;
      transitions[state * classes + cls] = (next * classes) | mark;
    });
  });
  return { transitions, outputs };

  function insert(literal: string, group: number): void {
    let state = 0;
    for (let i = 0; i < literal.length; i++) {
      const cls = (table[literal.charCodeAt(i)] as number) & CLASS_MASK;
      const row = rows[state] as Int32Array;
      if (row[cls] === 0) {
        row[cls] = rows.length;
        rows.push(new Int32Array(classes));
        outputs.push([]);
      }
      state = row[cls] as number;
    }
    if (!(outputs[state] as number[]).includes(group)) (outputs[state] as number[]).push(group);
  }
}

/** Turns the trie into the automaton: every missing transition becomes that of the longest proper suffix. */
function link(rows: readonly Int32Array[], outputs: number[][], classes: number): void {
  const suffix = new Int32Array(rows.length);
  const queue = [...(rows[0] as Int32Array)].filter((state) => state !== 0);
  for (let i = 0; i < queue.length; i++) {
    const state = queue[i] as number;
    const row = rows[state] as Int32Array;
    const fallback = rows[suffix[state] as number] as Int32Array;
    outputs[state] = [...new Set([...(outputs[state] as number[]), ...(outputs[suffix[state] as number] as number[])])];
    for (let cls = 0; cls < classes; cls++) {
      const next = row[cls] as number;
      if (next === 0) row[cls] = fallback[cls] as number;
      else {
        suffix[next] = fallback[cls] as number;
        queue.push(next);
      }
    }
  }
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
