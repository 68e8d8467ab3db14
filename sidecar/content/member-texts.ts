import { LIMITS } from '../kernel/limits.js';
import { beginsAsToken, mayBeginAsToken } from '../kernel/token-prefixes.js';
import { cardGroups } from './card-groups.js';
import { cutSentences } from './cut-sentences.js';
import type { JsonPlace } from './json-walk.js';
import { INSTRUCTIONS } from './prompt-members.js';
import type { AddText } from './scattered-text.js';

/** Follows a walk through JSON, and puts together what the members of one object say where it looks like one text that was cut. */
export interface MemberTexts {
  /** A string value that is joined with no others yet. */
  string(place: JsonPlace, text: string): void;
  leave(place: JsonPlace): void;
}

const NONE: readonly string[] = [];
/** An object with more is a table or a dictionary: to join its members would judge it three times for nothing. */
const MEMBERS_MAX = 16;
/** By ASCII unit: 1 for what tokens are made of. */
const WORD_UNITS = Uint8Array.from({ length: 0x80 }, (_, unit) =>
  Number(/[A-Za-z0-9_+/=.-]/.test(String.fromCharCode(unit))),
);
/** Shorter ones are no tokens. */
const TOKEN_CHARS_MIN = 16;

/** Tells what the members of objects say together. All that are being read share two lists, so that most objects cost no list of their own. */
export function createMemberTexts(add: AddText): MemberTexts {
  /** The objects being read that have strings, outermost first, and where in the lists those of each begin. */
  const places: JsonPlace[] = [];
  const starts: number[] = [];
  const texts: string[] = [];
  const names: string[] = [];
  return {
    string(place, text) {
      if (place.isArray || text === '') return;
      const last = places.length - 1;
      if (places[last] !== place) {
        places.push(place);
        starts.push(texts.length);
      } else if (texts.length - (starts[last] as number) > MEMBERS_MAX) return;
      texts.push(text);
      names.push(place.member as string);
    },
    leave(place) {
      if (places[places.length - 1] !== place) return;
      places.pop();
      const start = starts.pop() as number;
      const count = texts.length - start;
      if (count > 1 && count <= MEMBERS_MAX)
        for (const text of textsOfMembers(texts.slice(start), names, start)) add(text, place, false);
      while (texts.length > start) {
        texts.pop();
        names.pop();
      }
    },
  };
}

/** What members in a row make together; nothing when nothing tells that they are pieces of one. Those that instruct a model are judged by other rules. */
function textsOfMembers(texts: readonly string[], names: readonly string[], start: number): readonly string[] {
  const found = textsOf(texts);
  if (found.length === 0) return found;
  const others = texts.filter((_, index) => !INSTRUCTIONS.has(names[start + index] as string));
  return others.length === texts.length ? found : textsOf(others);
}

function textsOf(texts: readonly string[]): readonly string[] {
  const [sentences, tokens, numbers] = [cutSentences(texts), cutTokens(texts), cardGroups(texts)];
  return sentences.length + tokens.length + numbers.length > 0 ? [...sentences, ...tokens, ...numbers] : NONE;
}

/**
 * Words in a row that together begin as a token of a vendor does, after each of them, as words of one text. None goes on where another
 * such token begins: else a few members that all begin so would make many times as much text as they have.
 */
function cutTokens(texts: readonly string[]): readonly string[] {
  let found: string | undefined;
  for (let at = 0; at + 1 < texts.length; at++) {
    const first = texts[at] as string;
    const start = lastWordStart(first);
    if (start > first.length - 2 ? start === first.length : !mayBeginAsToken(first, start)) continue;
    let word = first.slice(start);
    const seams: number[] = [];
    for (let next = at + 1; next < texts.length; next++) {
      const text = texts[next] as string;
      const more = firstWord(text);
      if (word !== '') seams.push(word.length);
      word += more;
      if (more === '' || !beginsAsToken(word) || seams.some((seam) => beginsAsTokenAt(word, seam))) break;
      if (word.length >= TOKEN_CHARS_MIN) found = found === undefined ? word : `${found} ${word}`;
      if (more.length < text.length) break;
    }
  }
  return found === undefined ? NONE : [found];
}

function beginsAsTokenAt(word: string, at: number): boolean {
  return mayBeginAsToken(word, at) && beginsAsToken(word.slice(at));
}

function lastWordStart(text: string): number {
  let start = text.length;
  const first = Math.max(0, text.length - LIMITS.seamCharsMax);
  while (start > first && WORD_UNITS[text.charCodeAt(start - 1)] === 1) start--;
  return start;
}

function firstWord(text: string): string {
  let end = 0;
  const last = Math.min(text.length, LIMITS.seamCharsMax);
  while (end < last && WORD_UNITS[text.charCodeAt(end)] === 1) end++;
  return text.slice(0, end);
}
