import { runEnd } from '../kernel/run-end.js';
import { readBase64, readCarriedBytes } from './carried-bytes.js';
import type { Draft } from './draft.js';
import { percentDecoded } from './percent.js';

/** What precedes the data of a `data:` URL (RFC 2397), white space taken out: a media type, parameters, a mark. */
const HEADER = /^data:((?:[\w.+-]+\/[\w.+-]+)?(?:;[\w.+-]+=(?:"[^"]*"|[^;"]*))*)(;base64)?$/i;
/** Longest header that is looked at. */
const HEADER_CHARS_MAX = 256;
const MARK = /;base64,/gi;
/** The part of it that has no case: to look for it costs a tenth, and nearly no text has it. */
const MARK_END = '64,';
/** What may stand between `data:` and the mark; in JSON in a string a slash may be escaped. */
const TYPE = /^[\w.+\\/;=" -]*$/;
const BASE64 = /[A-Za-z0-9+/_%=-]{1,1000}/y;
/** Shorter data in the middle of a text is an example or a beginning: there code and manuals write such URLs. */
const EMBEDDED_CHARS_MIN = 24;
/** A text that is shorter has no `data:` URL with anything in it. */
const CHARS_MIN = 'data:,x'.length;

/**
 * Reads the `data:` URLs of a text that was added already: one that the text is, in whatever form, and those in base64
 * anywhere in it. Texts are judged decoded, anything else is named. True when the text as a whole is one. Time is linear.
 */
export function readDataUrls(draft: Draft, text: string, pointer: string): boolean {
  if (text.length < CHARS_MIN) return false;
  if (readWhole(draft, text, pointer)) return true;
  if (!text.includes(MARK_END)) return false;
  for (let found = markFrom(text, 0); found; found = markFrom(text, found.index + found[0].length)) {
    const { index: at, 0: mark } = found;
    const before = text.slice(Math.max(0, at - HEADER_CHARS_MAX), at);
    const start = before.toLowerCase().lastIndexOf('data:');
    // A slash that JSON in a string had escaped.
    const type = start < 0 ? undefined : before.slice(start + 'data:'.length);
    const data = text.slice(at + mark.length, runEnd(text, at + mark.length, BASE64));
    if (type === undefined || !TYPE.test(type) || data.length < EMBEDDED_CHARS_MIN) continue;
    readBase64(
      draft,
      data.includes('%') ? percentDecoded(data).toString('latin1') : data,
      type.replaceAll('\\', ''),
      pointer,
    );
  }
  return false;
}

/** Without an iterator for each string of each body. What is read of a URL may hold others, so that no place is kept between two. */
function markFrom(text: string, start: number): RegExpExecArray | null {
  MARK.lastIndex = start;
  return MARK.exec(text);
}

/** False when the text as a whole is no `data:` URL. */
function readWhole(draft: Draft, text: string, pointer: string): boolean {
  // The colon first: this runs for every string of every body. White space may precede a URL.
  if (text.charCodeAt(4) !== 0x3a && text.charCodeAt(0) > 0x20) return false;
  const start = text.slice(0, HEADER_CHARS_MAX);
  const comma = start.indexOf(',');
  const [, type, mark] = HEADER.exec(start.slice(0, Math.max(0, comma)).replaceAll(/\s/g, '')) ?? [];
  if (type === undefined) return false;
  const data = text.slice(comma + 1);
  const bytes = data.includes('%') ? percentDecoded(data) : undefined;
  if (mark === undefined) readCarriedBytes(draft, bytes ?? Buffer.from(data), type, pointer);
  else readBase64(draft, bytes?.toString('latin1') ?? data, type, pointer);
  return true;
}
