import { skipSpace } from './json-scanner.js';

/** White space of any kind, byte order marks included, and the sign that parts JSON texts (RFC 7464). */
const BLANKS = /[\s\x1e]*/y;
/** An object with a member, or a list of objects or strings; lenient parsers take names without quotes too. */
const OPENING = /\{\s*(?:["'}/]|[\w$]+\s*:)|\[\s*["'{[]/y;

/** Whether a text starts as a JSON object or array does; whether it is one shows in reading it. */
export function looksLikeJson(text: string): boolean {
  const first = text.charCodeAt(0);
  const unit = first > 0x20 ? first : skipSpace({ text, at: 0 });
  return unit === 0x7b || unit === 0x5b;
}

/**
 * Whether a text begins as only JSON does, to readers that are more lenient than ours: behind blanks of any kind and
 * comments. Time is linear in the text.
 */
export function beginsAsLenientJson(text: string): boolean {
  for (let at = 0; ; ) {
    BLANKS.lastIndex = at;
    BLANKS.test(text);
    at = BLANKS.lastIndex;
    const comment = text.startsWith('/*', at) ? '*/' : text.startsWith('//', at) ? '\n' : undefined;
    if (comment === undefined) {
      OPENING.lastIndex = at;
      return OPENING.test(text);
    }
    const end = text.indexOf(comment, at + 2);
    if (end < 0) return false;
    at = end + comment.length;
  }
}
