/** A value that says of itself that it is none: P@ssw0rd_HERE, todo-set-in-env1. */
const SAYS_SO = /^(?:todo|insert|enter|replace|set)[-_ ]|[-_ ]here$/i;

/** Words that stand-ins are made of, and those of them that make one: test-key-123, but not user-key-123. */
const WORD =
  /^(?:key|token|secret|pass|password|passwd|pwd|api|apikey|app|access|auth|bearer|client|private|user|admin|db|value|string|the|a|is|in|for|only|real|v?\d{1,6})$/;
const STAND_IN_WORD = /^(?:dummy|fake|sample|mock|tests?|testing|demo|foo|bar|baz|some|not|your|this)$/;

/** Whether a value is words that say that it is none, set off from each other by signs. */
export function isSaidToBeNone(text: string): boolean {
  if (SAYS_SO.test(text)) return true;
  const words = text.toLowerCase().split(/[-_. ]+/);
  return (
    words.length > 1 &&
    words.some((word) => STAND_IN_WORD.test(word)) &&
    words.every((word) => STAND_IN_WORD.test(word) || WORD.test(word))
  );
}

/** Whether a text is words of a language with the marks of a sentence behind them: a label, a message, a hint. */
export function isSentence(text: string): boolean {
  const words = text.trim().split(/\s+/);
  return words.length > 1 && words.every((word) => /^[("'¿¡]?[\p{L}\p{M}’'-]+[)"']?[.,:;!?…]{0,3}$/u.test(word));
}

/** No token drawn by lot has them: a letter twelve times in a row, a digit sixteen times, the UUID of zeros. */
const REPEATED = /([a-z])\1{11}|([0-9])\2{15}|0{8}-0{4}-0{4}/i;

/** Whether a token's body is one character again and again, whatever its prefix is. */
export function isRepeated(text: string): boolean {
  return REPEATED.test(text);
}

/** Below this length a plain run or a repetition is a weak password rather than filler. */
const FILLER_CHARS_MIN = 16;
const FILLER_CHARS_MAX = 256;
const FILLER_BLOCK_MAX = 8;
const IN_ORDER_MIN = 0.65;
const REPEATED_MIN = 0.75;

/**
 * Whether a long value is what documentation fills a key with: hexadecimal digits in their order (1234567890abcdef...)
 * or a few characters again and again (deadbeefdeadbeef). No key drawn by lot comes near.
 */
export function isFiller(text: string): boolean {
  if (text.length < FILLER_CHARS_MIN || text.length > FILLER_CHARS_MAX) return false;
  if (isRepeated(text)) return true;
  const lower = text.toLowerCase();
  return (/^[0-9a-f]+$/.test(lower) && inOrderShare(lower) >= IN_ORDER_MIN) || isRepetition(lower);
}

/** Share of the characters that follow the one before them in the alphabet or among the digits. */
function inOrderShare(lower: string): number {
  let inOrder = 0;
  for (let i = 1; i < lower.length; i++) {
    const step = lower.charCodeAt(i) - lower.charCodeAt(i - 1);
    if (Math.abs(step) === 1 || lower.startsWith('90', i - 1)) inOrder++;
  }
  return inOrder / (lower.length - 1);
}

function isRepetition(lower: string): boolean {
  for (let block = 2; block <= FILLER_BLOCK_MAX; block++) {
    let same = 0;
    for (let i = block; i < lower.length; i++) if (lower[i] === lower[i - block]) same++;
    if (same / (lower.length - block) >= REPEATED_MIN) return true;
  }
  return false;
}
