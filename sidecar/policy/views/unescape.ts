import { decodeHTML } from 'entities';
import { runEnd } from '../../kernel/run-end.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/**
 * Percent-encoded bytes (RFC 3986 2.1) and `%u` with a code unit (`unescape` of ECMA-262 B.2.1), HTML character references
 * (those by number without their semicolon too, as browsers read them), and the escapes of JSON, JavaScript, Python and C.
 */
const ESCAPES =
  /%[0-9A-Fa-f]{2}|%u[0-9A-Fa-f]{4}|&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z][A-Za-z0-9]{1,30};)|\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\x[0-9A-Fa-f]{2}|\\[01][0-7]{2}/g;
/** Further bytes after one. */
const BYTES = /(?:%[0-9A-Fa-f]{2}){1,1000}/y;

/** The text with its escapes decoded; undefined when it has none that stand for something else. */
export function unescapedText(text: string): MappedText | undefined {
  let out: MappedTextWriter | undefined;
  let copied = 0;
  ESCAPES.lastIndex = 0;
  for (let found = ESCAPES.exec(text); found; found = ESCAPES.exec(text)) {
    const { 0: first, index } = found;
    const written = /^%[^u]/.test(first) ? text.slice(index, runEnd(text, index, BYTES)) : first;
    out ??= new MappedTextWriter(text.length);
    out.copy(text, copied, index);
    copied = index + written.length;
    writeDecoded(out, written, index);
    ESCAPES.lastIndex = copied;
  }
  out?.copy(text, copied, text.length);
  const made = out?.finish();
  return made && made.text !== text ? made : undefined;
}

function writeDecoded(out: MappedTextWriter, written: string, at: number): void {
  const end = at + written.length;
  if (written.startsWith('&')) out.write(decodeHTML(written), at, end);
  else if (written.startsWith('\\') || written.startsWith('%u')) out.write(characterOf(written), at, end);
  else writeBytes(out, written, at);
}

/** Percent-encoded bytes that are not UTF-8 stay as they are. */
function writeBytes(out: MappedTextWriter, written: string, at: number): void {
  const text = Buffer.from(written.replaceAll('%', ''), 'hex').toString('utf8');
  if (text.includes('\ufffd')) {
    out.write(written, at, at + written.length);
    return;
  }
  let byte = 0;
  for (const character of text) {
    const next = byte + Buffer.byteLength(character);
    out.write(character, at + byte * 3, at + next * 3);
    byte = next;
  }
}

/** The character of an escape with an octal or hexadecimal code point; the escape itself when there is none. */
function characterOf(written: string): string {
  if (/^\\\d/.test(written)) return String.fromCharCode(Number.parseInt(written.slice(1), 8));
  const point = Number.parseInt(written.replace(/[^0-9A-Fa-f]/g, ''), 16);
  return point <= 0x10ffff ? String.fromCodePoint(point) : written;
}
