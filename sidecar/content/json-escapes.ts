const BACKSLASH = 0x5c;

/** Escape sequences of two characters (RFC 8259 section 7), by the unit behind the backslash. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  Array.from('"\\/bfnrt', (sign, index) => [sign.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]),
);

/**
 * A text with every escape sequence of JSON strings resolved once, wherever it stands; what is none stays as it is.
 * A loop over the units, because a hostile text may be nothing but millions of escapes.
 */
export function resolveEscapes(text: string): string {
  const units = new Uint16Array(text.length);
  let length = 0;
  let seen = 0;
  for (let at = 0; at < text.length; ) {
    let unit = text.charCodeAt(at++);
    if (unit === BACKSLASH) {
      const kind = text.charCodeAt(at);
      const resolved = kind === 0x75 ? hexUnit(text, at + 1) : SHORT_ESCAPES.get(kind);
      if (resolved !== undefined) {
        unit = resolved;
        at += kind === 0x75 ? 5 : 1;
      }
    }
    units[length++] = unit;
    seen |= unit;
  }
  const found = units.subarray(0, length);
  // Text in one byte a unit is half as large, and matched faster.
  if (seen <= 0xff) return Buffer.from(found).toString('latin1');
  return Buffer.from(found.buffer, 0, 2 * length).toString('utf16le');
}

/** The unit that four hexadecimal digits name; undefined if they are none. */
function hexUnit(text: string, start: number): number | undefined {
  let unit = 0;
  for (let at = start; at < start + 4; at++) {
    const digit = hexDigit(text.charCodeAt(at));
    if (digit === undefined) return undefined;
    unit = unit * 16 + digit;
  }
  return unit;
}

function hexDigit(unit: number): number | undefined {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
