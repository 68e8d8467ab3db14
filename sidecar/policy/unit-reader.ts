import { UNITS } from './sweep.js';

/** Shorter texts are copied unit by unit, which is faster than a call of the encoder. */
const SHORT_UNITS = 48;

/** UNITS as bytes, little-endian as every platform that Node runs on. */
const BYTES = Buffer.from(UNITS.buffer);

/**
 * Copies `count` units of the text from `from` on into UNITS, which has room for them. Reading a JavaScript string unit
 * by unit is two to three times as slow as reading an array when the string is a slice or a concatenation of others, as
 * texts cut out of bodies are.
 */
export function readUnits(text: string, from: number, count: number): void {
  if (count > SHORT_UNITS) BYTES.write(count === text.length ? text : text.slice(from, from + count), 'utf16le');
  else for (let i = 0; i < count; i++) UNITS[i] = text.charCodeAt(from + i);
}
