import type { MappedText } from './mapped-text.js';

/**
 * Words that only stand in English that was written backwards: no language of note has them. Short ones of two letters stand in
 * too many other words.
 */
export const BACKWARDS_WORDS: readonly string[] = [
  ...['eht', 'ruoy', 'htiw', 'siht', 'taht', 'morf', 'uoy', 'esaelp', 'drac', 'rebmun', 'drowssap', 'terces', 'nekot'],
  ...['tpmorp', 'metsys', 'snoitcurtsni', 'suoiverp', 'erongi'],
];

/** Likewise in English of which every letter was moved on by half of the alphabet (ROT13). */
export const ROTATED_WORDS: readonly string[] = [
  ...['gur', 'naq', 'lbhe', 'jvgu', 'guvf', 'gung', 'sebz', 'cyrnfr', 'pneq', 'ahzore', 'cnffjbeq', 'frperg', 'gbxra'],
  ...['cebzcg', 'flfgrz', 'vafgehpgvbaf', 'cerivbhf', 'vtaber'],
];

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

/** The text with every ASCII letter moved by half of the alphabet, which undoes itself. */
export function rotatedText(text: string): MappedText {
  const { length } = text;
  const units = new Uint16Array(length);
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    units[i] = rotated(text.charCodeAt(i));
    starts[i] = i;
    ends[i] = i + 1;
  }
  return { text: textOf(units), starts, ends };
}

function rotated(unit: number): number {
  const small = unit | 0x20;
  if (small < 0x61 || small > 0x7a || unit > 0x7a) return unit;
  return small < 0x6e ? unit + 13 : unit - 13;
}

/** Little-endian, as every platform that Node runs on. */
function textOf(units: Uint16Array): string {
  return Buffer.from(units.buffer, 0, units.length * 2).toString('utf16le');
}
