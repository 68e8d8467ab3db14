import { type CharSet, DIGITS, membersOf, NUMBER, TOKEN } from './char-set.js';
import { folds, foldText, foldUnit } from './fold.js';

/** Bits of an entry of the character table. The lower five are the character's part of a hash. */
export const HASH_BITS = 5;
export const HASH_MASK = (1 << HASH_BITS) - 1;
export const NUMBER_MARK = 1 << 11;
export const DIGIT_MARK = 1 << 12;
export const TOKEN_MARK = 1 << 13;
/** The character is folded, so that patterns must see the folded text. */
export const FOLDABLE_MARK = 1 << 14;
/** The highest bit, so that `entry >>> 15` counts low surrogates. */
const LOW_SURROGATE_MARK = 1 << 15;

/** Which characters carry which mark. */
const MARKED: readonly (readonly [number, CharSet])[] = [
  [NUMBER_MARK, NUMBER],
  [DIGIT_MARK, DIGITS],
  [TOKEN_MARK, TOKEN],
];

/** For every UTF-16 unit its part of the hash, and its marks. What is compared as equal hashes alike. */
export const CHARACTERS: Uint16Array = buildTable();

/** A text as literals and keywords are compared: folded, ASCII letters in lower case. Same length. */
export function comparableText(text: string): string {
  return foldText(text).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** One unit as literals and keywords are compared. */
export function comparableUnit(unit: number): number {
  const folded = foldUnit(unit);
  return folded >= 0x41 && folded <= 0x5a ? folded + 0x20 : folded;
}

function buildTable(): Uint16Array {
  const table = new Uint16Array(0x10000);
  for (let unit = 0; unit < 0x10000; unit++) {
    const comparable = comparableUnit(unit);
    const isLetter = comparable >= 0x61 && comparable <= 0x7a;
    table[unit] = isLetter ? comparable & HASH_MASK : ((comparable * 7) ^ (comparable >>> 5)) & HASH_MASK;
  }
  for (const [mark, set] of MARKED) for (const unit of membersOf(set)) table[unit] = (table[unit] as number) | mark;
  for (const [unit, folded] of folds()) table[unit] = (table[folded] as number) | FOLDABLE_MARK;
  for (let unit = 0xdc00; unit < 0xe000; unit++) table[unit] = (table[unit] as number) | LOW_SURROGATE_MARK;
  return table;
}
