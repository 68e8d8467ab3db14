import confusables from 'unhomoglyph/data.json' with { type: 'json' };
import { foldUnit } from '../fold.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Marks that are put on any letter: generic combining diacritics (Unicode blocks of that name), grapheme joiner included. */
const COMBINING = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/g;
/** What is not seen: format characters, fillers, variation selectors (Default_Ignorable_Code_Point). */
const IGNORABLE = /^\p{Default_Ignorable_Code_Point}$/u;
const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORD = /^[A-Za-z0-9]{1,3}$/;

const remembered = new Map<number, string | undefined>();

/**
 * What a code point looks like to a reader, as ASCII: nothing for one that is not seen, the letters of its compatibility
 * decomposition without marks (NFKD), else those that Unicode lists as confusable with it (UTS 39). Undefined when it
 * stands for itself, or when folding does it already (see fold.ts).
 */
function skeletonOf(point: number): string | undefined {
  if (point < 0x80) return undefined;
  if (!remembered.has(point)) remembered.set(point, findSkeleton(point));
  return remembered.get(point);
}

function findSkeleton(point: number): string | undefined {
  const character = String.fromCodePoint(point);
  if (IGNORABLE.test(character) || character.replace(COMBINING, '') === '') return '';
  if (point <= 0xffff && foldUnit(point) !== point) return undefined;
  const decomposed = character.normalize('NFKD').replace(COMBINING, '');
  if (ASCII.test(decomposed)) return decomposed;
  const lookalike = lookalikeOf(character);
  return ASCII_WORD.test(lookalike) ? lookalike : undefined;
}

/** Unicode's table takes capital I, digit 1 and small l for one; the small letter of a capital tells which is meant. */
function lookalikeOf(character: string): string {
  const table = confusables as Readonly<Record<string, string>>;
  const direct = table[character] ?? '';
  const small = character.toLowerCase();
  const found = direct === 'l' && small !== character ? (table[small] ?? direct) : direct;
  return found.normalize('NFKD').replace(COMBINING, '');
}

/** Whether a unit is, or begins, a code point that does not stand for itself. Ideographs, Hangul and private use do. */
export function mayHaveSkeleton(unit: number): boolean {
  if (unit >= 0xd800 && unit < 0xe000) return ASTRAL_LEADS.has(unit);
  if ((unit >= 0x3400 && unit < 0xa000) || (unit >= 0xac00 && unit < 0xf900)) return false;
  return skeletonOf(unit) !== undefined;
}

/** Lead surrogates of mathematical letters, enclosed letters, tags and variation selectors. */
const ASTRAL_LEADS: ReadonlySet<number> = new Set([0xd835, 0xd83c, 0xdb40]);

/** The text as a reader sees it; undefined when that is the text itself. */
export function skeletonText(text: string): MappedText | undefined {
  const out = new MappedTextWriter(text.length);
  let copied = 0;
  for (let at = 0; at < text.length; ) {
    const point = text.codePointAt(at) as number;
    const next = at + (point > 0xffff ? 2 : 1);
    const skeleton = skeletonOf(point);
    if (skeleton !== undefined) {
      out.copy(text, copied, at);
      out.write(skeleton, at, next);
      copied = next;
    }
    at = next;
  }
  if (copied === 0) return undefined;
  out.copy(text, copied, text.length);
  return out.finish();
}
