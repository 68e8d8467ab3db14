/** Fatal: a replaced byte could hide what a lenient server reads. Drops a byte order mark (RFC 3629 section 6). */
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text of UTF-8 bytes; undefined when they are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Whether bytes are text in UTF-16 or UTF-32: by their byte order mark, or because they start as JSON does, with the
 * zero bytes that RFC 4627 section 3 tells encodings apart by (Python's `json.loads` still does).
 */
export function isWideText(bytes: Uint8Array): boolean {
  const [first, second, third, fourth, fifth, sixth, seventh] = bytes;
  if ((first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe)) return true;
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return fifth === 0 && sixth === 0;
  if (startsJson(first)) return second === 0;
  if (first !== 0) return false;
  return startsJson(second) || (second === 0 && third === 0 && startsJson(fourth) && !fifth && !sixth && !seventh);
}

/** Whether the first byte that is no white space opens a JSON object or array; a UTF-8 byte order mark may precede it. */
export function startsAsJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (isSpace(bytes[at])) at++;
  return bytes[at] === 0x7b || bytes[at] === 0x5b;
}

function startsJson(byte: number | undefined): boolean {
  return byte === 0x7b || byte === 0x5b || byte === 0x22 || isSpace(byte);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
