import confusables from 'unhomoglyph/data.json' with { type: 'json' };
import { foldUnit } from '../fold.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Marks that are put on any letter: generic combining diacritics (Unicode blocks of that name), grapheme joiner included. */
const COMBINING = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/g;
/**
 * What is not seen: format characters, variation selectors (Default_Ignorable_Code_Point), the marks of annotations, and
 * control characters that are no white space.
 */
const UNSEEN = '\\p{Default_Ignorable_Code_Point}\\ufff9-\\ufffb\\0-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f';
const IGNORABLE = new RegExp(`^[${UNSEEN}]$`, 'u');
/** What looks like a space and is not folded to one: other separators, next line, blank Braille, fillers of Hangul. */
const BLANK = /^[\p{Z}\x85\u115f\u1160\u2800\u3164\uffa0]$/u;
/** Unseen characters where two words meet. */
const UNSEEN_BETWEEN = new RegExp(`(?<=[A-Za-z0-9])[${UNSEEN}]+(?=[A-Za-z0-9])`, 'gu');
const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORD = /^[A-Za-z0-9]{1,3}$/;

/** Alphabets in the order of ASCII that are pictures of its letters, and of which Unicode does not say so: the first of each. */
const PICTURED: readonly (readonly [first: number, a: string])[] = [
  [0x249c, 'a'], // in parentheses
  [0x1f150, 'A'], // white on a black circle
  [0x1f170, 'A'], // white on a black square
  [0x1f1e6, 'A'], // regional indicators: in pairs, flags
];
/** Capitals of the size of small letters, of phonetic alphabets. `q`, `s` and `x` have none that is used. */
const SMALL_CAPITALS = new Map(
  Array.from('ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ', (one, i) => [one.codePointAt(0), 'abcdefghijklmnoprtuvwyz'[i]] as const),
);

const remembered = new Map<number, string | undefined>();

/**
 * What a code point looks like to a reader, as ASCII: nothing for one that is not seen, the letters of its compatibility
 * decomposition without marks (NFKD), else those that Unicode lists as confusable with it (UTS 39). Undefined when it
 * stands for itself, or when folding does it already (see fold.ts).
 */
function skeletonOf(point: number): string | undefined {
  if (point >= 0x20 && point < 0x7f) return undefined;
  if (!remembered.has(point)) remembered.set(point, findSkeleton(point));
  return remembered.get(point);
}

function findSkeleton(point: number): string | undefined {
  const character = String.fromCodePoint(point);
  if (BLANK.test(character)) return ' ';
  if (IGNORABLE.test(character) || character.replace(COMBINING, '') === '') return '';
  const pictured = picturedLetter(point);
  if (pictured !== undefined) return pictured;
  if (point <= 0xffff && foldUnit(point) !== point) return undefined;
  const decomposed = character.normalize('NFKD').replace(COMBINING, '');
  // Line ends and tabs stand for themselves.
  if (ASCII.test(decomposed)) return decomposed === character ? undefined : decomposed;
  const lookalike = lookalikeOf(character);
  return ASCII_WORD.test(lookalike) ? lookalike : undefined;
}

function picturedLetter(point: number): string | undefined {
  const alphabet = PICTURED.find(([first]) => point >= first && point < first + 26);
  if (!alphabet) return SMALL_CAPITALS.get(point);
  return String.fromCharCode(alphabet[1].charCodeAt(0) + point - alphabet[0]);
}

/** Unicode's table takes capital I, digit 1 and small l for one; the small letter of a capital tells which is meant. */
function lookalikeOf(character: string): string {
  const table = confusables as Readonly<Record<string, string>>;
  const direct = table[character] ?? '';
  const small = character.toLowerCase();
  const found = direct === 'l' && small !== character ? (table[small]?.toUpperCase() ?? direct) : direct;
  return found.normalize('NFKD').replace(COMBINING, '');
}

/** Whether a unit is, or begins, a code point that does not stand for itself. Ideographs, Hangul and private use do. */
export function mayHaveSkeleton(unit: number): boolean {
  if (unit >= 0xd800 && unit < 0xe000) return ASTRAL_LEADS.has(unit);
  if ((unit >= 0x3400 && unit < 0xa000) || (unit >= 0xac00 && unit < 0xf900)) return false;
  return skeletonOf(unit) !== undefined;
}

/** Whether a unit is a character that is not seen, or begins tags and variation selectors. */
export function mayBeUnseen(unit: number): boolean {
  return unit === 0xdb40 || IGNORABLE.test(String.fromCharCode(unit));
}

/** Lead surrogates of mathematical letters, enclosed letters, tags and variation selectors. */
const ASTRAL_LEADS: ReadonlySet<number> = new Set([0xd835, 0xd83c, 0xdb40]);

/** The text as a reader sees it; undefined when that is the text itself. */
export function skeletonText(text: string): MappedText | undefined {
  let out: MappedTextWriter | undefined;
  let copied = 0;
  for (let at = 0; at < text.length; ) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x20 && unit < 0x7f) {
      at++;
      continue;
    }
    const point = text.codePointAt(at) as number;
    const next = at + (point > 0xffff ? 2 : 1);
    const skeleton = skeletonOf(point);
    if (skeleton !== undefined) {
      out ??= new MappedTextWriter(text.length);
      out.copy(text, copied, at);
      out.write(skeleton, at, next);
      copied = next;
    }
    at = next;
  }
  out?.copy(text, copied, text.length);
  return out?.finish();
}

/** The text with a space wherever only something unseen parts two words, if it does; undefined where nothing does. */
export function partedText(text: string): MappedText | undefined {
  let out: MappedTextWriter | undefined;
  let copied = 0;
  for (const { 0: unseen, index } of text.matchAll(UNSEEN_BETWEEN)) {
    out ??= new MappedTextWriter(text.length);
    out.copy(text, copied, index);
    copied = index + unseen.length;
    out.write(' ', index, copied);
  }
  out?.copy(text, copied, text.length);
  return out?.finish();
}
