import { cutAtSeams, lacksSpaceBehind } from './seams.js';

/** Characters on each side of a seam within a sentence: half of one. */
const SEAM_CHARS_MAX = 64;
/** A rest of a number by itself. */
const DIGITS_ONLY = /^\d{1,16}$/;
/** So many characters at most are looked at for a number on each side of a seam. */
const NUMBER_CHARS_MAX = 24;
const LAST_NUMBER = /\d[\d -]*$/;
const FIRST_NUMBER = /^[\d -]*\d/;
/**
 * Wherever one begins: a number grouped as on cards (ISO/IEC 7812), or not at all, or as social security numbers are. Two phone
 * numbers beside one another are in other groups.
 */
const NUMBER =
  /(?<!\d)(?=(\d{4}([ -]?)\d{4}\2\d{4}\2\d{1,4}(?:\2\d{1,3})?|\d{4}([ -]?)\d{6}\3\d{4,5}|\d{3}-\d{2}-\d{4})(?!\d))/g;
const SPACE = 0x20;
const NONE: readonly string[] = [];

/** What a character at a seam is, as far as it matters for whether a word is cut there. */
type Kind = 'small' | 'capital' | 'digit' | 'other';

/**
 * What sentences say that go on in the next of the texts, joined by nothing, and by a space: where a small letter follows a small one,
 * capitals or digits follow capitals, or digits make one number. Sentences of their own mostly begin with a capital behind a full stop.
 */
export function cutSentences(texts: readonly string[]): readonly string[] {
  let found: string[] | undefined;
  let chain: string[] | undefined;
  let last: string | undefined;
  const end = () => {
    if (chain === undefined) return;
    found ??= [];
    for (const cut of cutAtSeams(chain, SEAM_CHARS_MAX)) {
      found.push(cut.join(''));
      if (cut.some(lacksSpaceBehind)) found.push(cut.join(' '));
    }
    chain = undefined;
  };
  for (let index = 0; index < texts.length; index++) {
    const text = texts[index] as string;
    if (!text.includes(' ') && !(last !== undefined && DIGITS_ONLY.test(text))) continue;
    if (last === undefined || !goesOn(chain ?? [last], texts, index)) end();
    else if (chain === undefined) chain = [last, text];
    else chain.push(text);
    last = text;
  }
  end();
  return found ?? NONE;
}

function goesOn(chain: readonly string[], texts: readonly string[], index: number): boolean {
  const last = lastKind(chain.at(-1) as string);
  const first = firstKind(texts[index] as string);
  if (last === 'other' || first === 'other') return false;
  if (last === 'digit' && first === 'digit') return isOneNumber(chain, texts, index);
  return last === 'small' || first === 'small' ? last === first : true;
}

/** Whether what stands around a seam is the number of a card or a social security number, joined by nothing or by spaces. */
function isOneNumber(before: readonly string[], texts: readonly string[], index: number): boolean {
  const ends = before.map((text) => text.slice(-NUMBER_CHARS_MAX));
  const starts: string[] = [];
  for (let next = index, chars = 0; next < texts.length && chars < NUMBER_CHARS_MAX; next++) {
    const start = (texts[next] as string).slice(0, NUMBER_CHARS_MAX);
    starts.push(start);
    chars += start.length;
  }
  return ['', ' '].some((joint) => {
    const last = LAST_NUMBER.exec(ends.join(joint))?.[0] ?? '';
    const first = FIRST_NUMBER.exec(starts.join(joint))?.[0] ?? '';
    const behind = last.length + joint.length;
    const numbers = [...(last + joint + first).matchAll(NUMBER)];
    return numbers.some(({ 1: number = '', index }) => index < last.length && index + number.length > behind);
  });
}

function lastKind(text: string): Kind {
  let at = text.length - 1;
  while (at > 0 && text.charCodeAt(at) === SPACE) at--;
  return kindOf(text, at);
}

function firstKind(text: string): Kind {
  let at = 0;
  while (at < text.length - 1 && text.charCodeAt(at) === SPACE) at++;
  return kindOf(text, at);
}

function kindOf(text: string, at: number): Kind {
  const unit = text.charCodeAt(at);
  if (unit >= 0x61 && unit <= 0x7a) return 'small';
  if (unit >= 0x41 && unit <= 0x5a) return 'capital';
  if (unit >= 0x30 && unit <= 0x39) return 'digit';
  const letter = text.charAt(at);
  if (unit < 0x80 || letter.toLowerCase() === letter.toUpperCase()) return 'other';
  return letter === letter.toLowerCase() ? 'small' : 'capital';
}
