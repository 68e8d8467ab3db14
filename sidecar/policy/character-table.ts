import { type CharSet, DIGITS, HEXES, membersOf, NUMBER, TOKEN } from './char-set.js';
import { folds, foldUnit, lowerUnit, mapUnits } from './fold.js';
import { mayBeUnseen, mayHaveSkeleton } from './views/skeleton.js';

/** Bits of an entry of the character table. The lower six are the character's part of a hash. */
export const HASH_BITS = 6;
export const HASH_MASK = (1 << HASH_BITS) - 1;
/** The uppermost bits, because the sweep spreads them over a whole word: see sweep.ts. */
const NUMBER_MARK = 1 << 31;
const HEX_MARK = 1 << 30;
export const DIGIT_MARK = 1 << 12;
const TOKEN_MARK = 1 << 13;
/** The character is folded, so that patterns must see the folded text. */
export const FOLDABLE_MARK = 1 << 14;
/** The character looks like ASCII or is not seen at all: see views/skeleton.ts. */
export const SKELETON_MARK = 1 << 10;
/** The character is not seen, or begins a pair that may not be. */
export const UNSEEN_MARK = 1 << 7;
/** `*` and `~`, signs of emphasis. */
export const EMPHASIS_MARK = 1 << 6;
/** Half of a pair: the text has fewer code points than units. */
export const LOW_SURROGATE_MARK = 1 << 11;

/** Signs whose presence is worth knowing: rules without a literal often hold one of them in every match. */
const SIGNS = '@+^=:.-"\'/<&%\\°';
const FIRST_SIGN_BIT = 15;

/** Which characters carry which mark. */
const MARKED: readonly (readonly [number, CharSet])[] = [
  [NUMBER_MARK, NUMBER],
  [DIGIT_MARK, DIGITS],
  [TOKEN_MARK, TOKEN],
  [HEX_MARK, HEXES],
];

/** For every UTF-16 unit the unit that it is compared as: folded, letters in lower case. */
export const COMPARABLE: Uint16Array = Uint16Array.from({ length: 0x10000 }, (_, unit) => lowerUnit(foldUnit(unit)));

/** For every UTF-16 unit its part of the hash, and its marks. What is compared as equal hashes alike. */
export const CHARACTERS: Int32Array = buildTable();

/** A text as literals, keywords and words are compared: folded, letters in lower case. Same length. */
export function comparableText(text: string): string {
  return mapUnits(text, COMPARABLE);
}

/** The mark of a sign; 0 for a text that is none. */
export function signMark(character: string): number {
  const at = character.length === 1 ? SIGNS.indexOf(character) : -1;
  return at < 0 ? 0 : 1 << (FIRST_SIGN_BIT + at);
}

/** Letters, digits and the space each have a part of their own; all else shares the other 27. */
function hashPartOf(comparable: number): number {
  if (comparable >= 0x61 && comparable <= 0x7a) return comparable - 0x60;
  if (comparable >= 0x30 && comparable <= 0x39) return comparable - 0x30 + 27;
  return comparable === 0x20 ? 0 : 37 + ((comparable ^ (comparable >>> 5)) % 27);
}

function buildTable(): Int32Array {
  const table = new Int32Array(0x10000);
  for (let unit = 0; unit < 0x10000; unit++) {
    table[unit] = hashPartOf(COMPARABLE[unit] as number);
  }
  for (const [mark, set] of MARKED) for (const unit of membersOf(set)) addMark(table, unit, mark);
  for (const sign of SIGNS) addMark(table, sign.charCodeAt(0), signMark(sign));
  for (const sign of '*~') addMark(table, sign.charCodeAt(0), EMPHASIS_MARK);
  for (let unit = 0; unit < 0x10000; unit++) if (mayHaveSkeleton(unit)) addMark(table, unit, SKELETON_MARK);
  for (let unit = 0; unit < 0x10000; unit++) if (mayBeUnseen(unit)) addMark(table, unit, UNSEEN_MARK);
  for (const [unit, folded] of folds()) table[unit] = (table[folded] as number) | FOLDABLE_MARK;
  for (let unit = 0xdc00; unit < 0xe000; unit++) addMark(table, unit, LOW_SURROGATE_MARK);
  return table;
}

function addMark(table: Int32Array, unit: number, mark: number): void {
  table[unit] = (table[unit] as number) | mark;
}
