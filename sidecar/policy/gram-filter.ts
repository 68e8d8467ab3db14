import { CHARACTERS, HASH_BITS, HASH_MASK } from './character-table.js';

/** Literals are found by this many of their characters, shorter ones by all they have. */
export const GRAM_CHARS = 5;

/** Spreads hashes over fewer bits (Knuth's multiplicative hashing). */
const SPREAD = 0x9e3779b1;
/** The part of a rolling hash that the last so many characters have. */
export const FIVE = (1 << (5 * HASH_BITS)) - 1;
export const FOUR = (1 << (4 * HASH_BITS)) - 1;
export const THREE = (1 << (3 * HASH_BITS)) - 1;
export const TWO = (1 << (2 * HASH_BITS)) - 1;
/** How many values the grams of each length have, one behind the other: the more, the fewer false hits, and the less of it fits a cache. */
const FIVES = 1 << 17;
const FOURS = 1 << 15;
const THREES = 1 << 15;
const TWOS = TWO + 1;
/** All grams are below. */
export const GRAM_VALUES = FIVES + FOURS + THREES + TWOS;

/**
 * Tells for nearly every place of a text that no literal is there, by a rolling hash of the characters up to a place (shift by
 * HASH_BITS, add the next one's hash part): by `fiveOf`, and by `endingOf` for the shorter grams together, so that two looks are
 * enough. The bits tell the kinds of grams that may end there.
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

/** Place in the filter of the last three characters: texts have so few of these that what is looked at stays in a cache. */
export function endingOf(hash: number): number {
  return FIVES + (hash & THREE);
}

/** The hash of a literal's characters up to `end`, as many as its gram has. */
export function gramHashOf(literal: string, end: number): number {
  let hash = 0;
  for (let i = Math.max(0, end - GRAM_CHARS); i < end; i++) {
    hash = (hash << HASH_BITS) | ((CHARACTERS[literal.charCodeAt(i)] as number) & HASH_MASK);
  }
  return hash;
}

/** The gram of so many characters with this hash. */
export function gramOf(hash: number, length: number): number {
  const of = [twoOf, threeOf, fourOf, fiveOf][Math.min(length, GRAM_CHARS) - 2];
  if (!of) throw new RangeError(`a gram has 2 to ${GRAM_CHARS} characters, not ${length}`);
  return of(hash);
}

/** The filter for literals that are found by the grams of these hashes. */
export function createGramFilter(literals: Iterable<{ readonly text: string; readonly gramHash: number }>): GramFilter {
  const filter = new Uint8Array(FIVES + THREE + 1);
  const add = (place: number, kind: number) => {
    filter[place] = (filter[place] as number) | kind;
  };
  for (const { text, gramHash } of literals) {
    if (text.length >= GRAM_CHARS) add(fiveOf(gramHash), FIVE_KIND);
    else if (text.length === 4) add(endingOf(gramHash), FOUR_KIND);
    else if (text.length === 3) add(endingOf(gramHash), THREE_KIND);
    // Whatever stands before the two.
    else
      for (let first = 0; first <= HASH_MASK; first++) add(endingOf((first << (2 * HASH_BITS)) | gramHash), TWO_KIND);
  }
  return filter;
}
