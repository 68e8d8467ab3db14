import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** A plus sign and UTF-16 in base64 (RFC 2152), of which the first character is ASCII. */
const SHIFTED = /\+(A[A-H][A-Za-z0-9+/]{1,1000})-?/g;
const PRINTABLE = /^[\t\n\r -~]+$/;
/** A byte of quoted-printable text (RFC 2045 6.7) that is printable ASCII. */
const QUOTED = /=([2-7][0-9A-Fa-f])/g;
/** Behind the first characters of a value (`x=48`) stands no letter; three such are no accident. */
const QUOTED_INSIDE = /=[2-7][0-9A-Fa-f][A-Za-z=]/g;
const QUOTED_MIN = 3;

/** The text with characters in UTF-7 decoded; undefined when it has none. */
export function withoutUtf7(text: string): MappedText | undefined {
  if (!text.includes('+A')) return undefined;
  return replaced(text, SHIFTED, ([, run = '']) => {
    const bytes = Buffer.from(run, 'base64');
    const decoded = bytes
      .subarray(0, bytes.length & ~1)
      .swap16()
      .toString('utf16le');
    return PRINTABLE.test(decoded) ? decoded : undefined;
  });
}

/** The text with bytes of quoted-printable decoded; undefined when there are too few to be meant. */
export function withoutQuotedPrintable(text: string): MappedText | undefined {
  QUOTED_INSIDE.lastIndex = 0;
  for (let count = 0; count < QUOTED_MIN; count++) {
    if (!QUOTED_INSIDE.test(text)) return undefined;
    QUOTED_INSIDE.lastIndex -= 1; // the sign behind one may begin the next
  }
  return replaced(text, QUOTED, ([, hex = '']) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function replaced(
  text: string,
  what: RegExp,
  by: (found: RegExpExecArray) => string | undefined,
): MappedText | undefined {
  let out: MappedTextWriter | undefined;
  let copied = 0;
  for (const found of text.matchAll(what)) {
    const decoded = by(found);
    if (decoded === undefined) continue;
    out ??= new MappedTextWriter(text.length);
    out.copy(text, copied, found.index);
    copied = found.index + found[0].length;
    out.write(decoded, found.index, copied);
  }
  out?.copy(text, copied, text.length);
  return out?.finish();
}
