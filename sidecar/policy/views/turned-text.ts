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
const LETTERS = 26;
/** By how many letters people move an alphabet: Caesar, and half of it (ROT13). No language has the short words either way. */
const USUAL_SHIFTS: ReadonlySet<number> = new Set([13, 3, 23]);
/** Shorter words moved by any other number may be words, or names of something. */
const RARE_CHARS_MIN = 6;
/** A text is moved by one number, and honest ones by none. The usual ones go first: words moved by others do not keep them from being read. */
const SHIFTS_MAX = USUAL_SHIFTS.size;

/** An alphabet that was moved on. */
interface Shift {
  readonly by: number;
  readonly words: readonly string[];
  /** Finds one of the words. */
  readonly expression: RegExp;
}

const EVERY_SHIFT = Array.from({ length: LETTERS - 1 }, (_, i) => i + 1);
const SHIFTS: readonly Shift[] = [...new Set([...USUAL_SHIFTS, ...EVERY_SHIFT])].map((by) => {
  const told = PLAIN_WORDS.filter((word) => USUAL_SHIFTS.has(by) || word.length >= RARE_CHARS_MIN);
  const words = told.map((word) => moved(word, by));
  return { by, words, expression: new RegExp(`(?<![A-Za-z0-9])(?:${words.join('|')})(?![A-Za-z0-9])`, 'i') };
});

/** Likewise in English of which every letter was moved on by the same number in the alphabet. */
export const ROTATED_WORDS: readonly string[] = SHIFTS.flatMap(({ words }) => words);

function moved(word: string, by: number): string {
  return String.fromCharCode(...Array.from(word, (letter) => shifted(letter.charCodeAt(0), by)));
}

/** The text from its last character to its first. */
export function backwardsText(text: string): MappedText {
  const { length } = text;
  const units = new Uint16Array(length);
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  let at = 0;
  for (let end = length; end > 0; ) {
    const isPair = end > 1 && (text.codePointAt(end - 2) as number) > 0xffff;
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

/** The text with every ASCII letter moved back, in the ways that words in it give away. */
export function rotatedTexts(text: string): MappedText[] {
  const found = SHIFTS.filter(({ expression }) => expression.test(text));
  return found.slice(0, SHIFTS_MAX).map(({ by }) => rotatedText(text, LETTERS - by));
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
