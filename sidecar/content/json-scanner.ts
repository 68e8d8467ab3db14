import { runEnd } from '../kernel/run-end.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Longer strings are left to the engine's own parser: it checks and decodes several times faster than a loop does. */
const LOOP_CHARS_MAX = 256;
/** A JSON number (RFC 8259 section 6). */
const NUMBER = /-?(?:0|[1-9]\d{0,99})(?:\.\d{1,100})?(?:[eE][+-]?\d{1,100})?/y;
const DIGITS = /\d{1,1000}/y;
const FURTHER_PARTS = [/\.\d/y, /[eE][+-]?\d/y];

/** A cursor over a JSON text. A read moves `at` behind what was read; after one that gave undefined nothing may be read. */
export interface JsonScanner {
  readonly text: string;
  at: number;
}

/** Skips white space (RFC 8259 section 2) and gives the code unit that follows; NaN at the end of the text. */
export function skipSpace(scanner: JsonScanner): number {
  const { text } = scanner;
  let at = scanner.at;
  let unit = text.charCodeAt(at);
  while (unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09) unit = text.charCodeAt(++at);
  scanner.at = at;
  return unit;
}

/** Reads a string whose opening quote stands at the cursor and gives its decoded value. */
export function readString(scanner: JsonScanner): string | undefined {
  const { text } = scanner;
  const start = scanner.at + 1;
  const last = Math.min(text.length, start + LOOP_CHARS_MAX);
  // One pass over what nearly all strings are: short, and without an escape.
  for (let at = start; at < last; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      scanner.at = at + 1;
      return text.slice(start, at);
    }
    if (unit === BACKSLASH) break;
    // Control characters must not stand bare in a string (RFC 8259 section 7).
    if (unit < 0x20) return undefined;
  }
  return readDecoded(scanner, start);
}

/** A string that is long or has escapes. */
function readDecoded(scanner: JsonScanner, start: number): string | undefined {
  const { text } = scanner;
  const end = closingQuote(text, start);
  if (end < 0) return undefined;
  scanner.at = end + 1;
  const isParsed = end - start > LOOP_CHARS_MAX || isWellFormed(text, start, end);
  return isParsed ? parsed(text.slice(start - 1, end + 1)) : undefined;
}

/** Reads a number that starts at the cursor and gives its literal text. */
export function readNumber(scanner: JsonScanner): string | undefined {
  NUMBER.lastIndex = scanner.at;
  if (!NUMBER.test(scanner.text)) return undefined;
  const { text, at } = scanner;
  const end = NUMBER.lastIndex;
  scanner.at = isDigit(text.charCodeAt(end)) ? longNumberEnd(text, at) : end;
  return text.slice(at, scanner.at);
}

/** Where a number ends that has more digits than the expression takes, or digits behind a zero, which are none of its. */
function longNumberEnd(text: string, from: number): number {
  let end = text[from] === '-' ? from + 1 : from;
  end = text[end] === '0' ? end + 1 : runEnd(text, end, DIGITS);
  for (const part of FURTHER_PARTS) {
    part.lastIndex = end;
    if (part.test(text)) end = runEnd(text, part.lastIndex, DIGITS);
  }
  return end;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** Reads `true`, `false` or `null` at the cursor. */
export function readLiteral(scanner: JsonScanner): boolean {
  for (const literal of ['true', 'false', 'null']) {
    if (!scanner.text.startsWith(literal, scanner.at)) continue;
    scanner.at += literal.length;
    return true;
  }
  return false;
}

/** The quote that ends a string: the first one behind an even number of backslashes. -1 if there is none. */
function closingQuote(text: string, start: number): number {
  let quote = text.indexOf('"', start);
  while (quote > start && text.charCodeAt(quote - 1) === BACKSLASH) {
    let first = quote - 1;
    while (first > start && text.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((quote - first) % 2 === 0) return quote;
    quote = text.indexOf('"', quote + 1);
  }
  return quote;
}

/**
 * Looks at a short string before it is decoded, so that the parser below need not throw: thousands of exceptions are
 * what a hostile body with thousands of broken strings would cost.
 */
function isWellFormed(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20) return false;
    if (unit !== BACKSLASH) continue;
    const length = escapeLength(text, at);
    if (length === 0) return false;
    at += length - 1;
  }
  return true;
}

/** Code units of the escape sequence at a backslash; 0 if it is none of RFC 8259 section 7. */
function escapeLength(text: string, at: number): number {
  const kind = text.charAt(at + 1);
  if (kind === 'u') return /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6)) ? 6 : 0;
  return '"\\/bfnrt'.includes(kind) ? 2 : 0;
}

function parsed(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}
