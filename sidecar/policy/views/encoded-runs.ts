import { runEnd } from '../../kernel/run-end.js';
import type { Stretch } from '../windows.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Begins a line of base64 in either alphabet (RFC 4648 4 and 5); hexadecimal digits are among it. */
const LINE_START = /[A-Za-z0-9+/_-]{4}/g;
const LINE = /[A-Za-z0-9+/_-]{1,1000}/y;
/** The first line of encoded text is at least so long. */
const FIRST_LINE_CHARS_MIN = 16;
const NO_HEX = /[^0-9A-Fa-f]/;
const HEX_CHARS_MIN = 24;
/** Text that a person could have written: none of the controls but tab and line ends. */
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]/;
const PIECE_START = /[A-Za-z0-9+]{16}/g;
const PIECE = /[A-Za-z0-9+]{1,1000}/y;
const START = Buffer.alloc(32);
const IS_CONTROL = Uint8Array.from({ length: 0x80 }, (_, byte) => (CONTROLS.test(String.fromCharCode(byte)) ? 1 : 0));
/** Fewer characters say nothing that a rule could find. */
const DECODED_CHARS_MIN = 6;

/** The texts that are encoded in [from, to) of `text` as base64 or hexadecimal. */
export function* decodedRuns(text: string, from: number, to: number): Generator<MappedText> {
  for (const [start, end] of runsOf(text.slice(from, to))) {
    const run = text.slice(from + start, from + end);
    const whole = decoded(run, from + start);
    if (whole) yield whole;
    else yield* pieces(run, from + start);
  }
}

/** Lines that may be encoded, with those that follow directly taken for the same text (RFC 2045 6.8). */
function* runsOf(text: string): Generator<Stretch> {
  let [start, end] = [-1, -1];
  for (const [lineStart, lineEnd] of stretchesOf(text, LINE_START, LINE)) {
    const isNext = start >= 0 && lineStart - end <= 2 && /^\r?\n$/.test(text.slice(end, lineStart));
    if (!isNext) {
      if (start >= 0) yield [start, end];
      start = lineEnd - lineStart >= FIRST_LINE_CHARS_MIN ? lineStart : -1;
    }
    end = lineEnd;
  }
  if (start >= 0) yield [start, end];
}

function* stretchesOf(text: string, beginning: RegExp, rest: RegExp): Generator<Stretch> {
  for (let at = 0; ; ) {
    beginning.lastIndex = at; // where it was is lost when another search begins before this one has ended
    const found = beginning.exec(text);
    if (!found) return;
    at = runEnd(text, beginning.lastIndex, rest);
    yield [found.index, at];
  }
}

/** The tokens, with those that only a line end parts taken as one: encoded text is broken into lines. */
export function overLineEnds(text: string, tokens: readonly Stretch[]): readonly Stretch[] {
  const joined: [number, number][] = [];
  for (const [from, to] of tokens) {
    const last = joined.at(-1);
    if (last && from - last[1] <= 2 && text[from - 1] === '\n') last[1] = to;
    else joined.push([from, to]);
  }
  return joined;
}

/** `/`, `-` and `_` are letters of base64, but in paths and names they stand between its runs; so do line ends. */
function* pieces(run: string, index: number): Generator<MappedText> {
  for (const [start, end] of stretchesOf(run, PIECE_START, PIECE)) {
    const made = end - start < run.length ? decoded(run.slice(start, end), index + start) : undefined;
    if (made) yield made;
  }
}

function decoded(run: string, index: number): MappedText | undefined {
  const characters = run.includes('\n') ? run.replace(/[\r\n]/g, '') : run;
  const { length } = characters;
  const isHex = length >= HEX_CHARS_MIN && length % 2 === 0 && !NO_HEX.test(characters);
  if (!beginsAsText(characters, isHex)) return undefined;
  const bytes = Buffer.from(characters, isHex ? 'hex' : 'base64');
  const text = bytes.toString('utf8');
  if (text.length < DECODED_CHARS_MIN || CONTROLS.test(text)) return undefined;
  const places = placesOf(run, index);
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

/** Whether what the first characters decode to can begin a text in UTF-8: names and paths look like base64 and are not. */
function beginsAsText(characters: string, isHex: boolean): boolean {
  const length = START.write(characters.slice(0, 32), isHex ? 'hex' : 'base64');
  let continuations = 0;
  for (let i = 0; i < length; i++) {
    const byte = START[i] as number;
    if (byte < 0x80 ? continuations > 0 || IS_CONTROL[byte] === 1 : (byte & 0xc0) === 0x80 && continuations === 0)
      return false;
    if ((byte & 0xc0) === 0x80) continuations--;
    else if (byte >= 0xc2) {
      if (continuations > 0 || byte > 0xf4) return false;
      continuations = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    } else if (byte >= 0x80) return false;
  }
  return true;
}

/** Where each character of the run that is no line end stands in the text. */
function placesOf(run: string, index: number): Int32Array {
  const places = new Int32Array(run.length);
  let count = 0;
  for (let i = 0; i < run.length; i++) if (run.charCodeAt(i) > 0x20) places[count++] = index + i;
  return places.subarray(0, count);
}
