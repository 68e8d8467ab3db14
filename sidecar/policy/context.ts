import { foldText } from './fold.js';
import type { ContextRule } from './pack.js';

/** Looks for a rule's context words near a match. */
export interface ContextFinder {
  /** Whether a word stands within the window around [start, end) of the (folded) text, or among the pointer's names. */
  isNear(text: string, start: number, end: number, pointer: string): boolean;
}

/** Letters and digits of any script: what a whole word must not be continued by. */
const WORD_CHAR = /[\p{L}\p{N}]/u;

/** Scripts that put no space between words, or hang particles on them: where a word ends cannot be seen. */
const UNSPACED_CHAR = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Thai}]/u;

/** Blanks that may stand around a match which is a text of its own. */
const BLANKS_AROUND = 16;

/**
 * Unix time from 2020 to 2030, in seconds down to nanoseconds, and YYYYMMDDhhmm(ss): what a field of digits mostly is,
 * and what answers of LLM APIs hold (`created`).
 */
const POINT_IN_TIME =
  /^(?:1[6-8]\d{8}(?:\d{3}){0,3}|20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d){1,2})$/;

/** Whether the text is the match at [start, end) and a few blanks, and no point in time. */
export function standsAlone(text: string, start: number, end: number): boolean {
  if (text.length - (end - start) > BLANKS_AROUND) return false;
  if (text.slice(0, start).trim() !== '' || text.slice(end).trim() !== '') return false;
  return !POINT_IN_TIME.test(text.slice(start, end));
}

/** The longest part of each word or phrase, of which a text with context holds one; none when a part is too short to be searched for. */
export function wordsToScan(rule: ContextRule): readonly string[] {
  const parts = rule.words.map((word) => partsOf(word).reduce((a, b) => (b.length > a.length ? b : a), ''));
  return parts.every((part) => part.length >= 2) ? [...new Set(parts)] : [];
}

export function createContextFinder(rule: ContextRule): ContextFinder {
  const usable = rule.words.map(partsOf).filter((parts) => parts.length > 0);
  return {
    isNear(text, start, end, pointer) {
      const before = text.slice(Math.max(0, start - rule.windowChars), start);
      const after = text.slice(end, end + rule.windowChars);
      const cutBefore = start - rule.windowChars - 1;
      const near = [
        // A word that the window cuts in two is none: keep the character before it.
        (cutBefore >= 0 ? (text[cutBefore] ?? '') : '') + before,
        after + (text[end + rule.windowChars] ?? ''),
        pointer,
      ].map(inLowerCase);
      return usable.some((parts) => near.some((place) => holdsPhrase(place, parts)));
    },
  };
}

/** What a word or phrase consists of, as it is compared. */
function partsOf(word: string): string[] {
  return inLowerCase(foldText(word))
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** Whether the parts of a phrase stand in the text as whole words. */
function holdsPhrase(text: string, parts: readonly string[]): boolean {
  const first = parts[0] as string;
  for (let at = text.indexOf(first); at >= 0; at = text.indexOf(first, at + 1)) {
    const end = continuesWord(text, at - 1, at) ? -1 : endOfPhrase(text, at, parts);
    if (end >= 0 && !continuesWord(text, end, end - 1)) return true;
  }
  return false;
}

/** End of the phrase that begins at `at`, one to three other characters between its parts; -1 when it does not go on. */
function endOfPhrase(text: string, at: number, parts: readonly string[]): number {
  let end = at + (parts[0] as string).length;
  for (const part of parts.slice(1)) {
    let gap = 0;
    while (gap < 4 && end + gap < text.length && !isWordChar(text, end + gap)) gap++;
    if (gap < 1 || gap > 3 || !text.startsWith(part, end + gap)) return -1;
    end += gap + part.length;
  }
  return end;
}

/** Whether the character at `neighbour` goes on with the word whose edge is at `edge`. */
function continuesWord(text: string, neighbour: number, edge: number): boolean {
  return isWordChar(text, neighbour) && !UNSPACED_CHAR.test(text[edge] as string);
}

function isWordChar(text: string, at: number): boolean {
  return at >= 0 && at < text.length && WORD_CHAR.test(text[at] as string);
}

/** The small sigma at the end of a word counts as the other one: capitals do not tell them apart. */
function inLowerCase(text: string): string {
  return text.toLowerCase().replaceAll('ς', 'σ');
}
