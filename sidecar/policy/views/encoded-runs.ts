import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Base64 in either alphabet (RFC 4648 4 and 5), also broken into lines (RFC 2045 6.8); hexadecimal digits are among it. */
const RUNS = /[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*/g;
const HEX = /^(?:[0-9A-Fa-f]{2}){12,}$/;
/** Text that a person could have written: none of the controls but tab and line ends. */
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]/;
/** Fewer characters say nothing that a rule could find. */
const DECODED_CHARS_MIN = 6;

/** The texts that are encoded in `text` as base64 or hexadecimal, at most `most` of them. */
export function decodedRuns(text: string, most: number): MappedText[] {
  const found: MappedText[] = [];
  for (const { 0: run, index } of text.matchAll(RUNS)) {
    if (found.length >= most) break;
    const whole = decoded(run, index);
    if (whole) found.push(whole);
    else found.push(...pieces(run, index).slice(0, most - found.length));
  }
  return found;
}

/** `/`, `-` and `_` are letters of base64, but in paths and names they stand between its runs; so do line ends. */
function pieces(run: string, index: number): MappedText[] {
  return [...run.matchAll(/[A-Za-z0-9+]{16,}/g)].flatMap((piece) => {
    if (piece[0].length === run.length) return [];
    const made = decoded(piece[0], index + piece.index);
    return made ? [made] : [];
  });
}

function decoded(run: string, index: number): MappedText | undefined {
  const places = placesOf(run, index);
  const characters = run.replace(/[\r\n]/g, '');
  const isHex = HEX.test(characters);
  const bytes = Buffer.from(characters, isHex ? 'hex' : 'base64');
  const text = bytes.toString('utf8');
  if (text.length < DECODED_CHARS_MIN || CONTROLS.test(text)) return undefined;
  const out = new MappedTextWriter(text.length);
  const unitsPerByte = isHex ? 2 : 4 / 3;
  let byte = 0;
  for (const character of text) {
    const next = byte + Buffer.byteLength(character);
    const first = Math.floor(byte * unitsPerByte);
    const last = Math.min(places.length, Math.ceil(next * unitsPerByte)) - 1;
    out.write(character, places[first] as number, (places[last] as number) + 1);
    byte = next;
  }
  return out.finish();
}

/** Where each character of the run that is no line end stands in the text. */
function placesOf(run: string, index: number): number[] {
  const places: number[] = [];
  for (let i = 0; i < run.length; i++) if (run.charCodeAt(i) > 0x20) places.push(index + i);
  return places;
}
