import { runEnd } from '../kernel/run-end.js';
import { skipSpace } from './json-scanner.js';

/** White space of any kind, byte order marks included, and the sign that parts JSON texts (RFC 7464). */
const BLANKS = /[\s\x1e]{1,1000}/y;
const SPACE = /\s{1,1000}/y;
/** A name without quotes. */
const NAME = /[\w$]{1,1000}/y;

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
    at = runEnd(text, at, BLANKS);
    const comment = text.startsWith('/*', at) ? '*/' : text.startsWith('//', at) ? '\n' : undefined;
    if (comment === undefined) return opensJson(text, at);
    const end = text.indexOf(comment, at + 2);
    if (end < 0) return false;
    at = end + comment.length;
  }
}

/** Whether there is an object with a member, or a list of objects or strings; lenient parsers take names without quotes too. */
function opensJson(text: string, at: number): boolean {
  const opening = text[at];
  if (opening !== '{' && opening !== '[') return false;
  const next = runEnd(text, at + 1, SPACE);
  const first = text[next] ?? '';
  if (opening === '[') return /["'{[]/.test(first);
  if (/["'}/]/.test(first)) return true;
  const nameEnd = runEnd(text, next, NAME);
  return nameEnd > next && text[runEnd(text, nameEnd, SPACE)] === ':';
}
