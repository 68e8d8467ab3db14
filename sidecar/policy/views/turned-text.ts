import type { MappedText } from './mapped-text.js';

/**
 * Words that only stand in English that was written backwards: no language of note has them. Short ones of two letters stand in
 * too many other words.
 */
export const BACKWARDS_WORDS: readonly string[] = [
  ...['eht', 'ruoy', 'htiw', 'siht', 'taht', 'morf', 'uoy', 'esaelp', 'drac', 'rebmun', 'drowssap', 'terces', 'nekot'],
  ...['tpmorp', 'metsys', 'snoitcurtsni', 'suoiverp', 'erongi'],
];

/** Words of English that orders and secrets stand among. */
const PLAIN_WORDS: readonly string[] = [
  ...['the', 'and', 'your', 'with', 'this', 'that', 'from', 'please', 'card', 'number', 'password', 'secret', 'token'],
  ...['prompt', 'system', 'instructions', 'previous', 'ignore'],
];
/** Shorter words by which a text is told only where another common word stands beside them: moved on, they may be words themselves (`max`). */
const SHORT_WORDS: readonly string[] = 'the and you for are not have your with this that from'.split(' ');
/** Words that stand beside them in English. */
const COMMON_WORDS: ReadonlySet<string> = new Set(
  (
    'about access account after all also am an and any are as ask at be been but by call can code could data day do does ' +
    'each file find first for from get give go had has have he her here him his how if in into is it its just key know last ' +
    'late let like look make may me more most my name new no not now number of off on one only or order other our out over ' +
    'people phone please print project read rules said say secret see send she should show so some still such tell text ' +
    'than thank thanks that the their them then there these they this time to two up us use very want was way we were what ' +
    'when where which who will with word would write yes you your'
  ).split(' '),
);
const LETTERS = 26;
/** By how many letters people move an alphabet: Caesar, and half of it (ROT13). No language has the short words either way. */
const USUAL_SHIFTS: ReadonlySet<number> = new Set([13, 3, 23]);
/** Shorter words moved by any other number may be words, or names of something. */
const RARE_CHARS_MIN = 6;
/** A text is moved by one number, and honest ones by none. The usual ones go first: words moved by others do not keep them from being read. */
const SHIFTS_MAX = USUAL_SHIFTS.size;
/** Characters on each side of a short word in which another one is looked for: half a sentence. */
const BESIDE_CHARS = 40;
const WORD = /(?<![A-Za-z0-9])[A-Za-z]{2,12}(?![A-Za-z0-9])/g;

/** What a word that was moved on tells. */
interface Told {
  readonly by: number;
  /** It needs no other word beside it. */
  readonly isEnough: boolean;
}

const TOLD: ReadonlyMap<string, readonly Told[]> = tellingWords();

/** Likewise in English of which every letter was moved on by the same number in the alphabet. */
export const ROTATED_WORDS: readonly string[] = [...TOLD.keys()];

function tellingWords(): Map<string, Told[]> {
  const told = new Map<string, Told[]>();
  for (let by = 1; by < LETTERS; by++) {
    const enough = PLAIN_WORDS.filter((word) => USUAL_SHIFTS.has(by) || word.length >= RARE_CHARS_MIN);
    for (const word of new Set([...enough, ...SHORT_WORDS])) {
      const written = moved(word, by);
      told.set(written, [...(told.get(written) ?? []), { by, isEnough: enough.includes(word) }]);
    }
  }
  return told;
}

function moved(word: string, by: number): string {
  return String.fromCharCode(...Array.from(word, (letter) => shifted(letter.charCodeAt(0), by)));
}

/** [from, to) of the text from its last character to its first; absent: all of it. */
export function backwardsText(text: string, from = 0, to = text.length): MappedText {
  const length = to - from;
  const units = new Uint16Array(length);
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  let at = 0;
  for (let end = to; end > from; ) {
    const isPair = end > from + 1 && (text.codePointAt(end - 2) as number) > 0xffff;
    const start = isPair ? end - 2 : end - 1;
    for (let i = start; i < end; i++) {
      units[at] = text.charCodeAt(i);
      starts[at] = start;
      ends[at] = end;
      at++;
    }
    end = start;
  }
  return { text: textOf(units), starts, ends };
}

/** The text with every ASCII letter moved back, in the ways that words in it give away: those that most of them do. */
export function rotatedTexts(text: string): MappedText[] {
  const counts = new Map<number, number>();
  for (const { 0: word, index } of text.matchAll(WORD)) {
    for (const { by, isEnough } of TOLD.get(word.toLowerCase()) ?? []) {
      if (isEnough || hasCompany(text, index, word.length, by)) counts.set(by, (counts.get(by) ?? 0) + 1);
    }
  }
  const isRare = (by: number) => Number(!USUAL_SHIFTS.has(by));
  const found = [...counts].sort(([by, count], [other, others]) => isRare(by) - isRare(other) || others - count);
  return found.slice(0, SHIFTS_MAX).map(([by]) => rotatedText(text, LETTERS - by));
}

/** Whether another word near [at, at + length) becomes a common one when it is moved back. */
function hasCompany(text: string, at: number, length: number, by: number): boolean {
  const isCommon = (word: string) => COMMON_WORDS.has(moved(word.toLowerCase(), LETTERS - by));
  const words = [text.slice(Math.max(0, at - BESIDE_CHARS), at), text.slice(at + length, at + length + BESIDE_CHARS)];
  return words.some((side) => side.match(WORD)?.some(isCommon));
}

function rotatedText(text: string, by: number): MappedText {
  const { length } = text;
  const units = new Uint16Array(length);
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    units[i] = shifted(text.charCodeAt(i), by);
    starts[i] = i;
    ends[i] = i + 1;
  }
  return { text: textOf(units), starts, ends };
}

function shifted(unit: number, by: number): number {
  const small = unit | 0x20;
  if (small < 0x61 || small > 0x7a || unit > 0x7a) return unit;
  return small + by > 0x7a ? unit + by - LETTERS : unit + by;
}

/** Little-endian, as every platform that Node runs on. */
function textOf(units: Uint16Array): string {
  return Buffer.from(units.buffer, 0, units.length * 2).toString('utf16le');
}
