import { runEnd } from '../../kernel/run-end.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** The first five of single letters with something between them: `i g n o r e`, `i.g.n.o.r.e`. */
const SPACED = /(?<![A-Za-z0-9])[A-Za-z](?:[ .\-_*/+,:;|~#][A-Za-z](?![A-Za-z0-9])){4}/g;
const NEXT_LETTERS = /(?:[ .\-_*/+,:;|~#][A-Za-z](?![A-Za-z0-9])){1,1000}/y;
const NEXT_LETTER = /[ .\-_*/+,:;|~#][A-Za-z](?![A-Za-z0-9])/y;
const BETWEEN_WORDS = /[ .\-_*]{1,1000}/y;
/** Tags that change how letters look, and comments. */
const MARKUP =
  /(?:<!--[^<>]{0,100}-->|<\/?(?:a|b|em|font|i|mark|s|small|span|strong|sub|sup|u|wbr)\s{0,100}\/?>){1,1000}/gi;
const MARKUP_INSIDE = new RegExp(`(?<=[A-Za-z])${MARKUP.source}(?=[A-Za-z])`, 'i');
/** Comments, which nobody sees where text is shown. */
const COMMENT = /<!--[^<>]{0,100}-->/g;
const COMMENT_INSIDE = new RegExp(`(?<=[A-Za-z0-9])${COMMENT.source}(?=[A-Za-z0-9])`);
/** Signs of emphasis, backslashes and small pictures (surrogate pairs of the blocks that hold emoji). */
const PICTURE = '(?:[\\ud83c-\\ud83e][\\udc00-\\udfff])';
const SIGNS = new RegExp(`\\*{1,3}|\\\\|~~|${PICTURE}{1,3}`, 'g');
const PICTURES_INSIDE = new RegExp(`(?:[A-Za-z]${PICTURE}{1,3}){3}[A-Za-z]`);
/** Signs of one kind in a row that are taken for one. */
const SIGN_CHARS_MAX = 3;
/** What stands behind a backslash where it is an escape in source code. */
const ESCAPED = /[bfnrtux]/;
/** Fewer are names, paths, products, line ends in source code. */
const SIGNS_INSIDE_MIN = 3;
/** A digit or sign that looks like a letter, before one. */
const LEET_INSIDE = /[013457@$!|][A-Za-z]/g;
const LEET_WORD = /^(?=.*[A-Za-z].*[A-Za-z])[A-Za-z013457@$!|]{3,40}$/;
const LEET_WORD_PART = /[A-Za-z0-9@$!|]/;
const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
};
const LEET_CHARS_MAX = 40;
/** One such word is a name or a version; a sentence has more. */
const LEET_WORDS_MIN = 2;

/** Whether a token can hold single letters with one of the signs between them that tokens have too. */
export function hasJoinedSingles(token: string): boolean {
  return /(?:[A-Za-z][._/+-]){4}/.test(token);
}

/** The text with words in single letters written together; undefined when there are none. */
export function joinedLetters(text: string): MappedText | undefined {
  let out: MappedTextWriter | undefined;
  let copied = 0;
  SPACED.lastIndex = 0;
  for (let found = SPACED.exec(text); found; found = SPACED.exec(text)) {
    const { index } = found;
    const { end, separator } = spacedFrom(text, SPACED.lastIndex);
    const run = text.slice(index, end);
    SPACED.lastIndex = end;
    out ??= new MappedTextWriter(text.length);
    out.copy(text, copied, index);
    for (let i = 0; i < run.length; i++) {
      const isSeparator = run[i] === separator && run[i + 1] !== separator && run[i - 1] !== separator;
      const isLetter = /[A-Za-z]/.test(run[i] as string);
      if (isLetter) out.copy(text, index + i, index + i + 1);
      else if (!isSeparator && /[A-Za-z]/.test(run[i - 1] as string)) out.write(' ', index + i, index + i + 1);
    }
    copied = index + run.length;
  }
  out?.copy(text, copied, text.length);
  return out?.finish();
}

/** The text without markup, if some stands within a word; else undefined. */
export function withoutMarkup(text: string): MappedText | undefined {
  if (!MARKUP_INSIDE.test(text)) return undefined;
  return without(text, MARKUP, () => true);
}

/** The text without its comments, if one stands within a word; else undefined. */
export function withoutComments(text: string): MappedText | undefined {
  if (!text.includes('<!--') || !COMMENT_INSIDE.test(text)) return undefined;
  return without(text, COMMENT, () => true);
}

/** The text without the signs that stand within words, if they do so more than by accident; else undefined. */
export function withoutSigns(text: string, hasPairs: boolean): MappedText | undefined {
  const inside = ['*', '\\', '~~'].reduce((sum, sign) => sum + countInside(text, sign), 0);
  if (inside < SIGNS_INSIDE_MIN && !(hasPairs && PICTURES_INSIDE.test(text))) return undefined;
  return without(text, SIGNS, (from, to) => /[A-Za-z ]/.test(text[from - 1] ?? '') && /[A-Za-z ]/.test(text[to] ?? ''));
}

/** How often a sign stands between two letters, as far as it matters. */
function countInside(text: string, sign: string): number {
  let count = 0;
  for (let at = text.indexOf(sign); at >= 0 && count < SIGNS_INSIDE_MIN; ) {
    let end = at + sign.length;
    while (end - at < SIGN_CHARS_MAX && text.startsWith(sign, end)) end += sign.length;
    const isEscape = sign === '\\' && ESCAPED.test(text[end] ?? '');
    if (isLetter(text.charCodeAt(at - 1)) && isLetter(text.charCodeAt(end)) && !isEscape) count++;
    at = text.indexOf(sign, end);
  }
  return count;
}

function isLetter(unit: number): boolean {
  const small = unit | 0x20;
  return small >= 0x61 && small <= 0x7a && unit <= 0x7a;
}

/** The text without what is found and `isGone`. */
function without(text: string, what: RegExp, isGone: (from: number, to: number) => boolean): MappedText | undefined {
  let out: MappedTextWriter | undefined;
  let copied = 0;
  for (const { 0: found, index } of text.matchAll(what)) {
    if (!isGone(index, index + found.length)) continue;
    out ??= new MappedTextWriter(text.length);
    out.copy(text, copied, index);
    copied = index + found.length;
  }
  out?.copy(text, copied, text.length);
  return out?.finish();
}

/**
 * Where single letters end of which the first ones end at `firstEnd`, and what stands between them. Behind the first word come
 * further ones, with two or more of what may stand between letters before them, and the same between theirs.
 */
function spacedFrom(text: string, firstEnd: number): { end: number; separator: string } {
  let end = runEnd(text, firstEnd, NEXT_LETTERS);
  const separator = text[end - 2] as string;
  for (;;) {
    const word = runEnd(text, end, BETWEEN_WORDS);
    if (word - end < 2 || !/[A-Za-z]/.test(text[word] ?? '')) return { end, separator };
    for (end = word + 1; text[end] === separator; end += 2) {
      NEXT_LETTER.lastIndex = end;
      if (!NEXT_LETTER.test(text)) break;
    }
  }
}

/** The text with digits and signs that stand for letters (leetspeak) replaced; undefined when there are too few. */
export function lettersForDigits(text: string): MappedText | undefined {
  const words = leetWords(text);
  if (words.length < LEET_WORDS_MIN) return undefined;
  const out = new MappedTextWriter(text.length);
  let copied = 0;
  for (const [from, to] of words) {
    out.copy(text, copied, from);
    for (let i = from; i < to; i++) {
      const letter = text[i] as string;
      out.write(LEET[letter] ?? letter, i, i + 1);
    }
    copied = to;
  }
  out.copy(text, copied, text.length);
  return out.finish();
}

/** Places of the words that are written so, in order. */
function leetWords(text: string): (readonly [from: number, to: number])[] {
  const words: (readonly [number, number])[] = [];
  for (const { index } of text.matchAll(LEET_INSIDE)) {
    if (index < (words.at(-1)?.[1] ?? 0)) continue;
    const isPart = (at: number) => LEET_WORD_PART.test(text[at] ?? '');
    let [from, to] = [index, index + 2];
    while (from > 0 && index - from < LEET_CHARS_MAX && isPart(from - 1)) from--;
    while (to < text.length && to - index < LEET_CHARS_MAX && isPart(to)) to++;
    if (LEET_WORD.test(text.slice(from, to))) words.push([from, to]);
  }
  return words;
}
