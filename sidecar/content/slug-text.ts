/** Signs that stand for spaces in slugs and names. */
const PARTS = /[-_+.,~:;!]+/;
const LETTERS = /^\p{L}{2,30}$/u;
/** Words that sentences have and names of models, ids and keys do not. */
const SENTENCE_WORDS: ReadonlySet<string> = new Set(
  (
    'a about all an and are as at be before by can do for from have how i if in into is it its me my no not now of on or our ' +
    'please so that the their them then there these they this to was we what when where which who will with you your'
  ).split(' '),
);
/** Words that names of credentials are made of: how many of them there are says nothing. */
const KEY_WORDS: ReadonlySet<string> = new Set(
  'access api app auth client credential demo dev key keys live local pass password prod public secret sk test token user'.split(
    ' ',
  ),
);
/** Fewer are a name. */
const WORDS_MIN = 3;
/** Groups of a card or of a social security number, as they are written, with nothing else in the word that they stand in. */
const NUMBER = /(?<![\w.-])(?:\d{4}([-_.])\d{4}\1\d{4}\1\d{4}|3\d{3}([-_.])\d{6}\2\d{5}|\d{3}-\d{2}-\d{4})(?![\w.-])/;
/** A sign that stands for a space; between digits a dot, a comma or a dash belongs to the number. */
const SPACE = /[_+~]|(?<!\d)[-.,]|[-.,](?!\d)/g;

/**
 * What a value without spaces says that should be the name or id of something, or a key: a sentence with other signs for its spaces,
 * or the groups of a number. Character for character as long as the value. Undefined when it looks like what it should be.
 * Time is linear in the value.
 */
export function textOfSlug(value: string): string | undefined {
  if (!PARTS.test(value)) return undefined;
  return isSentence(value) || NUMBER.test(value) ? value.replaceAll(SPACE, ' ') : undefined;
}

function isSentence(value: string): boolean {
  const words = value.toLowerCase().split(PARTS);
  if (!words.some((word) => SENTENCE_WORDS.has(word))) return false;
  return words.filter((word) => LETTERS.test(word) && !KEY_WORDS.has(word)).length >= WORDS_MIN;
}
