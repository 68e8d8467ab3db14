import { CHARACTERS, DIGIT_MARK, HASH_BITS, HASH_MASK } from './character-table.js';
import { endingOf, fiveOf, type GramFilter } from './gram-filter.js';
import { RunList } from './run-list.js';

/** Fewer digits than this in one run are not kept: every text has them. */
export const DIGITS_MIN = 4;
/** Shorter tokens are not kept: they are words. */
export const TOKEN_MIN = 16;

/** Units examined at one time. Two bytes each, so that they fit into a core's first cache. */
export const CHUNK_UNITS = 8192;
/** Longest literal or keyword: it may reach so far into the neighbouring chunks. */
export const LITERAL_CHARS_MAX = 64;

/**
 * The units being swept. One array for all scanners of a thread, which work one after the other: the compiler knows
 * where a constant array is, and that alone makes the loop a third faster.
 */
export const UNITS = new Uint16Array(CHUNK_UNITS + 2 * LITERAL_CHARS_MAX);
/** Places in UNITS at which the filter does not exclude a literal, and the rolling hash at each. */
export const HITS = new Int32Array(CHUNK_UNITS);
export const HASHES = new Int32Array(CHUNK_UNITS);
/** Kinds of the grams there (see gram-filter.ts). */
export const KINDS = new Uint8Array(CHUNK_UNITS);

/** Shorter runs of hexadecimal digits, dots, hyphens and colons are not kept: they are words and numbers. */
export const HEX_MIN = 7;

/** What the sweep over a text has seen so far, and where it goes on. */
export interface Sweep {
  /** How many entries of HITS are of the chunk swept last. */
  hitCount: number;
  readonly numbers: RunList;
  readonly tokens: RunList;
  /** Runs of hexadecimal digits and `- . :` of at least HEX_MIN characters. */
  readonly hexes: RunList;
  /** Marks of all characters together. */
  marks: number;
  hash: number;
  numberLength: number;
  digits: number;
  /** One bit for each of the last characters: whether it belongs to a token. */
  tokenBits: number;
  tokenStart: number;
  hexLength: number;
  /** Five single letters, digits or signs of tokens stood with one other character between each. */
  hasSingleLetters: boolean;
}

// The compiler knows the value of a constant of this module, but reads one that is imported or exported anew at each use,
// because such bindings are live. In the loop below that is half of the time; hence these names for what stands elsewhere.
const table = CHARACTERS;
const units = UNITS;
const hits = HITS;
const hashes = HASHES;
const kinds = KINDS;
const placeOfFive = fiveOf;
const placeOfEnding = endingOf;
const bits = HASH_BITS;
const mask = HASH_MASK;
const digitsMin = DIGITS_MIN;
const tokenMin = TOKEN_MIN;
const hexMin = HEX_MIN;
const digitMark = DIGIT_MARK;
/** DIGIT_MARK and TOKEN_MARK as shifts. */
const digitShift = 12;
const tokenShift = 13;
const tokenRun = (1 << TOKEN_MIN) - 1;
/** Five of a token with four others between them, as bits. */
const singles = 0b101010101;
const alternating = 0b111111111;

export function createSweep(): Sweep {
  const start = {
    marks: 0,
    hash: 0,
    numberLength: 0,
    digits: 0,
    tokenBits: 0,
    tokenStart: -1,
    hexLength: 0,
    hasSingleLetters: false,
  };
  return { hitCount: 0, numbers: new RunList(), tokens: new RunList(), hexes: new RunList(), ...start };
}

/** Forgets the text before. */
export function beginSweep(sweep: Sweep): void {
  sweep.numbers.clear();
  sweep.tokens.clear();
  sweep.hexes.clear();
  sweep.marks = sweep.hash = sweep.numberLength = sweep.digits = sweep.tokenBits = sweep.hexLength = 0;
  sweep.tokenStart = -1;
  sweep.hasSingleLetters = false;
}

/** Ends the runs that reach to the end of the text. */
export function endSweep(sweep: Sweep, length: number): void {
  const { numbers, tokens, hexes, digits, numberLength, tokenStart, hexLength } = sweep;
  if (hexLength >= HEX_MIN) hexes.add(length - hexLength, length, hexLength);
  if (tokenStart >= 0) tokens.add(tokenStart, length, length - tokenStart);
  if (digits >= DIGITS_MIN) numbers.add(length - numberLength, length, digits);
}

/**
 * Goes over the units from `from` to `to`, where `UNITS[0]` is the unit `base` of the text. This loop is what every
 * character of all traffic costs: nothing in it is called but for what is rare, and no branch in it is hard to foresee
 * in ordinary text.
 */
export function sweepUnits(
  sweep: Sweep,
  filter: GramFilter,
  place: { readonly from: number; readonly to: number; readonly base: number },
): void {
  const { tokens, hexes } = sweep;
  const { from, to, base } = place;
  let { hash, tokenBits, tokenStart, hexLength } = sweep;
  let marks = 0;
  let hitCount = 0;
  for (let i = from; i < to; i++) {
    const entry = table[units[i] as number] as number;
    hash = (hash << bits) | (entry & mask);
    const grams = (filter[placeOfFive(hash)] as number) | (filter[placeOfEnding(hash)] as number);
    if (grams !== 0) {
      hits[hitCount] = i;
      hashes[hitCount] = hash;
      kinds[hitCount] = grams;
      hitCount++;
    }
    tokenBits = (tokenBits << 1) | ((entry >>> tokenShift) & 1);
    if ((tokenBits & alternating) === singles) sweep.hasSingleLetters = true;
    if ((tokenBits & tokenRun) === tokenRun) {
      if (tokenStart < 0) tokenStart = base + i + 1 - tokenMin;
    } else if (tokenStart >= 0) {
      tokens.add(tokenStart, base + i, base + i - tokenStart);
      tokenStart = -1;
    }
    const inHex = (entry << 1) >> 31;
    if (hexLength >= hexMin && inHex === 0) hexes.add(base + i - hexLength, base + i, hexLength);
    hexLength = (hexLength + 1) & inHex;
    marks |= entry;
  }
  sweep.hash = hash;
  sweep.marks |= marks;
  sweep.tokenBits = tokenBits;
  sweep.tokenStart = tokenStart;
  sweep.hexLength = hexLength;
  sweep.hitCount = hitCount;
  if ((marks & digitMark) !== 0 || sweep.digits > 0) sweepNumbers(sweep, place);
  else skipNumbers(sweep, from, to);
}

/** The part of the sweep that only a chunk with digits in it, or behind some, needs. */
function sweepNumbers(
  sweep: Sweep,
  { from, to, base }: { readonly from: number; readonly to: number; readonly base: number },
): void {
  const { numbers } = sweep;
  let { numberLength, digits } = sweep;
  for (let i = from; i < to; i++) {
    const entry = table[units[i] as number] as number;
    if (digits >= digitsMin && entry >= 0) numbers.add(base + i - numberLength, base + i, digits);
    const inNumber = entry >> 31;
    numberLength = (numberLength + 1) & inNumber;
    digits = (digits + ((entry & digitMark) >>> digitShift)) & inNumber;
  }
  sweep.numberLength = numberLength;
  sweep.digits = digits;
}

/** Goes over units without a digit: a run of other number characters at their end may go on in the next chunk. */
function skipNumbers(sweep: Sweep, from: number, to: number): void {
  let start = to;
  while (start > from && (table[units[start - 1] as number] as number) < 0) start--;
  sweep.numberLength = start === from ? sweep.numberLength + to - from : to - start;
}
