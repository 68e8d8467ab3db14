import { CHARACTERS, HASH_BITS, HASH_MASK } from './character-table.js';

/** Literals are found by this many of their characters; shorter ones by their last three. */
export const GRAM_CHARS = 4;

const THREE = (1 << (3 * HASH_BITS)) - 1;
const FOUR = (1 << (4 * HASH_BITS)) - 1;
/** Spreads hashes over fewer bits (Knuth's multiplicative hashing). */
const SPREAD = 0x9e3779b1;
/** How many values `fourOf` has. */
const FOUR_HASHES = 1 << 16;
const THREE_HASHES = 1 << 15;

/**
 * Tells for nearly every place of a text that no literal is there: 1 for every gram that a literal has, by a rolling
 * hash of the characters up to a place (shift by HASH_BITS, add the next one's hash part).
 */
export type GramFilter = Uint8Array;

/** Gram of the last four characters. */
export function fourOf(hash: number): number {
  return Math.imul(hash & FOUR, SPREAD) >>> 16;
}

/** Gram of the last three characters; never one of `fourOf`. */
export function threeOf(hash: number): number {
  return FOUR_HASHES + (Math.imul(hash & THREE, SPREAD) >>> 17);
}

/** `fourOf` of four characters of comparable text. */
export function gramOf(four: string): number {
  return fourOf(rolled(four));
}

/** The values of `threeOf` where a literal of two or three characters ends: before two stands any character. */
export function threesOf(literal: string): number[] {
  const own = rolled(literal);
  if (literal.length === 3) return [threeOf(own)];
  const all = Array.from({ length: HASH_MASK + 1 }, (_, any) => threeOf((any << (2 * HASH_BITS)) | own));
  return [...new Set(all)];
}

export function createGramFilter(grams: Iterable<number>): GramFilter {
  const filter = new Uint8Array(FOUR_HASHES + THREE_HASHES);
  for (const gram of grams) filter[gram] = 1;
  return filter;
}

function rolled(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    hash = (hash << HASH_BITS) | ((CHARACTERS[text.charCodeAt(i)] as number) & HASH_MASK);
  }
  return hash;
}
