import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Five or more single letters with one and the same kind of thing between them: `i g n o r e`, `i.g.n.o.r.e`. */
const SPACED =
  /(?<![A-Za-z0-9])[A-Za-z](?:([ .\-_*])[A-Za-z](?=\1|[^A-Za-z0-9]|$)){4,}(?:[ .\-_*]{2,}[A-Za-z](?:\1[A-Za-z](?=\1|[^A-Za-z0-9]|$))*)*/g;
/** Letters with digits and signs among them that look like letters, one before a letter at least. */
const LEET_WORD = /(?<![A-Za-z0-9])[A-Za-z013457@$!|]{3,40}(?![A-Za-z0-9])/g;
const LEET_INSIDE = /[013457@$!|][A-Za-z]/;
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
/** One such word is a name or a version; a sentence has more. */
const LEET_WORDS_MIN = 2;

/** The text with words in single letters written together; undefined when there are none. */
export function joinedLetters(text: string): MappedText | undefined {
  let out: MappedTextWriter | undefined;
  let copied = 0;
  for (const { 0: run, index, 1: separator } of text.matchAll(SPACED)) {
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

/** The text with digits and signs that stand for letters (leetspeak) replaced; undefined when there are too few. */
export function lettersForDigits(text: string): MappedText | undefined {
  const words = [...text.matchAll(LEET_WORD)].filter(
    ({ 0: word }) => LEET_INSIDE.test(word) && (word.match(/[A-Za-z]/g)?.length ?? 0) >= 2,
  );
  if (words.length < LEET_WORDS_MIN) return undefined;
  const out = new MappedTextWriter(text.length);
  let copied = 0;
  for (const { 0: word, index } of words) {
    out.copy(text, copied, index);
    for (let i = 0; i < word.length; i++) {
      const letter = word[i] as string;
      out.write(LEET[letter] ?? letter, index + i, index + i + 1);
    }
    copied = index + word.length;
  }
  out.copy(text, copied, text.length);
  return out.finish();
}
