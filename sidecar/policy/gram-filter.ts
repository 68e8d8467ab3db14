import { CHARACTERS, HASH_BITS, HASH_MASK } from './character-table.js';

/** Literals are found by this many of their characters, shorter ones by all they have. */
export const GRAM_CHARS = 5;

/** Spreads hashes over fewer bits (Knuth's multiplicative hashing). */
const SPREAD = 0x9e3779b1;
const FIVE = (1 << (5 * HASH_BITS)) - 1;
const FOUR = (1 << (4 * HASH_BITS)) - 1;
const THREE = (1 << (3 * HASH_BITS)) - 1;
const TWO = (1 << (2 * HASH_BITS)) - 1;
/** How many values the grams of each length have, one behind the other: the more, the fewer false hits, and the less of it fits a cache. */
const FIVES = 1 << 17;
const FOURS = 1 << 15;
const THREES = 1 << 15;
const TWOS = TWO + 1;

/**
 * Tells for nearly every place of a text that no literal is there: not 0 for every gram that a literal has, by a rolling
 * hash of the characters up to a place (shift by HASH_BITS, add the next one's hash part). The bit tells the kind of gram.
 */
export type GramFilter = Uint8Array;

/** Kinds of grams, by their length. */
export const FIVE_KIND = 1;
export const FOUR_KIND = 2;
export const THREE_KIND = 4;
export const TWO_KIND = 8;

/** Gram of the last five characters. */
export function fiveOf(hash: number): number {
  return Math.imul(hash & FIVE, SPREAD) >>> 15;
}

/** Gram of the last four characters. */
export function fourOf(hash: number): number {
  return FIVES + (Math.imul(hash & FOUR, SPREAD) >>> 17);
}

/** Gram of the last three characters. */
export function threeOf(hash: number): number {
  return FIVES + FOURS + (Math.imul(hash & THREE, SPREAD) >>> 17);
}

/** Gram of the last two characters. */
export function twoOf(hash: number): number {
  return FIVES + FOURS + THREES + (hash & TWO);
}

/** The gram of two to GRAM_CHARS characters of comparable text. */
export function gramOf(part: string): number {
  let hash = 0;
  for (let i = 0; i < part.length; i++) {
    hash = (hash << HASH_BITS) | ((CHARACTERS[part.charCodeAt(i)] as number) & HASH_MASK);
  }
  const of = [twoOf, threeOf, fourOf, fiveOf][part.length - 2];
  if (!of) throw new RangeError(`a gram has 2 to ${GRAM_CHARS} characters, not ${part.length}`);
  return of(hash);
}

function kindOf(gram: number): number {
  if (gram < FIVES) return FIVE_KIND;
  if (gram < FIVES + FOURS) return FOUR_KIND;
  return gram < FIVES + FOURS + THREES ? THREE_KIND : TWO_KIND;
}

export function createGramFilter(grams: Iterable<number>): GramFilter {
  const filter = new Uint8Array(FIVES + FOURS + THREES + TWOS);
  for (const gram of grams) filter[gram] = kindOf(gram);
  return filter;
}
