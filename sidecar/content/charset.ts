import type { GapKind } from '../kernel/gap.js';
import type { DeclaredCharset } from './media-type.js';

/** Fatal: a replaced byte could hide what a lenient server reads. Drops a byte order mark (RFC 3629 section 6). */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const UTF_16_LE = new TextDecoder('utf-16le', { fatal: true });
const UTF_16_BE = new TextDecoder('utf-16be', { fatal: true });
/** What `iso-8859-1` means on the web: WHATWG Encoding section 4.2 gives it this decoder. Every byte is a character. */
const WINDOWS_1252 = new TextDecoder('windows-1252');

/** What no text of Latin letters has in UTF-16, where every second byte of it is a NUL. */
const RUN_WITHOUT_NUL = /[^\0]{8}/;

/** The text of bytes, and of what else they may be read as. */
export interface Decoded {
  /** Undefined when the bytes are no text that is read. */
  readonly text: string | undefined;
  /** The text to those who go by the declared charset, or do not know a mark of UTF-16, where it differs. */
  readonly asDeclared?: string;
  /** Why the text, if there is any, may not be what others read. */
  readonly gap?: GapKind;
}

/**
 * Decodes text by its byte order mark, else as UTF-8, and where a Latin-1 is declared by that. JSON is UTF-8 (RFC 8259
 * section 8.1): readers of JSON do not look at the charset, and take bytes that are no UTF-8 in ways of their own, so that
 * there Latin-1 is only what else it may be. Everything else that may be meant is a gap.
 */
export function decodeText(bytes: Uint8Array, declared: DeclaredCharset, isJson: boolean): Decoded {
  const marked = markedText(bytes);
  if (marked) return marked;
  // Text in UTF-16 without a mark is valid UTF-8 too, with a NUL beside each letter.
  const doubt = declared === 'other' || isWideText(bytes) ? { gap: 'charset:unknown' as const } : {};
  const text = decoded(UTF_8, bytes);
  if (declared !== 'latin-1') return { text, ...doubt };
  const asDeclared = WINDOWS_1252.decode(bytes);
  if (text === undefined) return { text: isJson || startsAsJson(bytes) ? undefined : asDeclared, ...doubt };
  return text === asDeclared ? { text, ...doubt } : { text, asDeclared, ...doubt };
}

/** Whether the first byte that is no white space opens a JSON object or array; a UTF-8 byte order mark may precede it. */
export function startsAsJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (isSpace(bytes[at])) at++;
  return bytes[at] === 0x7b || bytes[at] === 0x5b;
}

/** Text with a byte order mark of UTF-16 or UTF-32 (Unicode 16.0 section 23.8); undefined without one. */
function markedText(bytes: Uint8Array): Decoded | undefined {
  const first = bytes[0];
  if (first !== undefined && first !== 0 && first < 0xfe) return undefined; // no mark begins so, and nearly all text does
  const [, second, third, fourth] = bytes;
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return utf32Text(bytes, false);
  // The mark of UTF-16 and a NUL, to some: text never begins so.
  if (first === 0xff && second === 0xfe && third === 0 && fourth === 0) return utf32Text(bytes, true);
  if (first === 0xff && second === 0xfe) return utf16Text(bytes, UTF_16_LE);
  if (first === 0xfe && second === 0xff) return utf16Text(bytes, UTF_16_BE);
  return undefined;
}

/**
 * Two letters of ASCII are a letter of UTF-16 too. Servers that take every text for UTF-8, and what is none for Latin-1, see
 * such bytes behind a mark as they stand (Starlette does so with the fields of a form).
 */
function utf16Text(bytes: Uint8Array, decoder: typeof UTF_16_LE): Decoded {
  const text = decoded(decoder, bytes);
  if (text === undefined) return orUnknown(text);
  const asBytes = WINDOWS_1252.decode(bytes);
  return RUN_WITHOUT_NUL.test(asBytes) ? { text, asDeclared: asBytes } : { text };
}

function utf32Text(bytes: Uint8Array, isLittleEndian: boolean): Decoded {
  if (bytes.length % 4 !== 0) return orUnknown(undefined);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const utf16 = new Uint16Array(bytes.length / 2);
  let units = 0;
  for (let at = 4; at < bytes.length; at += 4) {
    const codePoint = view.getUint32(at, isLittleEndian);
    if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000)) return orUnknown(undefined);
    if (codePoint > 0xffff) {
      utf16[units++] = 0xd7c0 + (codePoint >> 10);
      utf16[units++] = 0xdc00 + (codePoint & 0x3ff);
    } else utf16[units++] = codePoint;
  }
  return { text: Buffer.from(utf16.buffer, 0, units * 2).toString('utf16le') };
}

function orUnknown(text: string | undefined): Decoded {
  return text === undefined ? { text, gap: 'charset:unknown' } : { text };
}

function decoded(decoder: typeof UTF_8, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Whether bytes without a mark are text in UTF-16 or UTF-32: they start as JSON does, with the zero bytes that RFC 4627
 * section 3 tells encodings apart by (Python's `json.loads` still does).
 */
function isWideText(bytes: Uint8Array): boolean {
  const first = bytes[0];
  if (startsJson(first)) return bytes[1] === 0;
  if (first !== 0) return false;
  const [, second, third, fourth, fifth, sixth, seventh] = bytes;
  return startsJson(second) || (second === 0 && third === 0 && startsJson(fourth) && !fifth && !sixth && !seventh);
}

function startsJson(byte: number | undefined): boolean {
  return byte === 0x7b || byte === 0x5b || byte === 0x22 || isSpace(byte);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
