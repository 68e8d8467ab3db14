import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../kernel/limits.js';
import { beginsAsToken } from '../kernel/token-prefixes.js';
import { cardGroups } from './card-groups.js';
import { addScatteredText, type Draft } from './draft.js';
import type { JsonPlace } from './json-walk.js';
import { cutAtSeams } from './seams.js';

/** Told of what may be one text that is written in pieces, and of the container they stand in. `isCertain`: it is nothing else. */
export type AddText = (text: string, place: JsonPlace, isCertain: boolean) => void;

/** Follows a walk through JSON, and puts together what stands in a row there and was cut for nobody but a guard. */
export interface ScatteredText {
  enter(): void;
  /** What was put together so far ends here. */
  leave(): void;
  key(name: string): void;
  string(place: JsonPlace | undefined, text: string): void;
  number(place: JsonPlace | undefined, literal: string): void;
}

/** A name with a number behind it: `part1`, `p2`. */
const NUMBERED = /^(.{0,30}?)\d{1,4}$/s;
/** Longer names are none. */
const NAME_CHARS_MAX = 256;
const DIGITS_ONLY = /^[\d ]{1,8}$/;
/** Pieces and digits of a number of a payment card (ISO/IEC 7812), which is all that is told by its digits alone. */
const NUMBERS_MAX = 5;
const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;
/** Pieces that are cut to one length are at least so long; shorter ones are codes. */
const CUT_CHARS_MIN = 8;
/** A word as it stands in a sentence, without digits: numbers beside one another are cells of a table, but for the groups of a card. */
const WORD = /^\p{L}[\p{L}'’-]{0,30}[.,:;!?]?$/u;
/** Fewer words are a choice, or names. */
const WORDS_MIN = 4;
/** Fewer numbers are no text. */
const CODES_MIN = 12;
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** The texts that pieces make when they are put together; none when they do not look like pieces of one. */
export function textsOfPieces(all: readonly string[]): readonly string[] {
  if (all.length < 2) return [];
  const pieces = all.filter((piece) => piece !== '');
  if (pieces.length < 2) return [];
  if (pieces.every((piece) => DIGITS_ONLY.test(piece))) {
    const digits = pieces.join('').replaceAll(' ', '').length;
    const isCard = pieces.length <= NUMBERS_MAX && digits >= CARD_DIGITS_MIN && digits <= CARD_DIGITS_MAX;
    return isCard ? [pieces.join(' ')] : [];
  }
  return [...wholeOf(pieces), ...cardGroups(pieces)];
}

/** All pieces in one, as they are cut or as words of a sentence. */
function wholeOf(pieces: readonly string[]): readonly string[] {
  const [first = ''] = pieces;
  const isCut = first.length >= CUT_CHARS_MIN && pieces.every((piece, i) => isCutLike(piece, first, i, pieces.length));
  if (isCut || pieces.some((piece) => piece.includes(' '))) return cutAtSeams(pieces).map((cut) => cut.join(''));
  return pieces.length >= WORDS_MIN && pieces.every((piece) => WORD.test(piece)) ? [pieces.join(' ')] : [];
}

function isCutLike(piece: string, first: string, index: number, count: number): boolean {
  return piece.length === first.length || (index === count - 1 && piece.length < first.length);
}

/** Tells what the strings and numbers of a walk say together. */
export function createScatteredText(add: AddText): ScatteredText {
  /** The container whose strings or numbers are collected. */
  let owner: JsonPlace | undefined;
  let prefix: string | undefined;
  let pieces: string[] = [];
  let numbers: string[] = [];
  let codes: number[] | undefined = [];
  /** A name that is none, because white space stands in it or a token begins with it, and whose value comes next. */
  let name: string | undefined;

  const end = () => {
    if (owner === undefined) return;
    for (const text of textsOfPieces(pieces)) add(text, owner, false);
    for (const text of textsOfPieces(numbers)) add(text, owner, false);
    if (codes !== undefined && codes.length >= CODES_MIN)
      addCodes(codes, (text) => add(text, owner as JsonPlace, true));
    owner = prefix = undefined;
    pieces = [];
    numbers = [];
    codes = [];
  };
  const begin = (place: JsonPlace, of?: string) => {
    if (owner === place && prefix === of) return;
    end();
    owner = place;
    prefix = of;
  };
  return {
    enter() {
      name = undefined;
      end();
    },
    leave: end,
    key(named) {
      name = named.length <= NAME_CHARS_MAX && (named.includes(' ') || beginsAsToken(named)) ? named : undefined;
    },
    string(place, text) {
      if (place === undefined) return;
      if (name !== undefined) add(`${name}${text.slice(0, LIMITS.seamCharsMax)}`, place, false);
      name = undefined;
      const of = place.isArray ? undefined : numberedPrefix(place.member as string);
      if (!place.isArray && of === undefined) return end();
      begin(place, of);
      pieces.push(text);
    },
    number(place, literal) {
      name = undefined;
      if (place?.isArray !== true) return;
      begin(place);
      if (numbers.length <= NUMBERS_MAX) numbers.push(literal);
      if (codes === undefined) return;
      const code = literal.length <= 3 ? Number(literal) : -1;
      if (!(code >= 9 && code <= 0xff)) codes = undefined;
      else if (codes.push(code) >= LIMITS.scatteredCharsMax) {
        addCodes(codes, (text) => add(text, place, true));
        codes = [];
      }
    },
  };
}

/** Names whose last character is a digit are few, so that nearly all cost one look. */
function numberedPrefix(name: string): string | undefined {
  const last = name.charCodeAt(name.length - 1);
  return last >= 0x30 && last <= 0x39 ? NUMBERED.exec(name)?.[1] : undefined;
}

function addCodes(codes: readonly number[], add: (text: string) => void): void {
  const bytes = Buffer.from(codes);
  const text = isUtf8(bytes) ? bytes.toString() : '';
  if (text !== '' && !CONTROLS.test(text)) add(text);
}

/** What `createScatteredText` finds goes into the draft. */
export function scatteredInto(draft: Draft, pointerOf: (place: JsonPlace) => string): AddText {
  return (text, place, isCertain) => addScatteredText(draft, text, pointerOf(place), isCertain);
}
