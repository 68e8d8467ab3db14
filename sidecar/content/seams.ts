import type { Role } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { addDerivedText, type Draft } from './draft.js';
import { commonPointer } from './json-pointer.js';
import type { JsonPlace } from './json-walk.js';

/** A text that a model reads right after the one before it. */
export interface Part {
  /** The container that it stands in. */
  readonly place: JsonPlace;
  readonly text: string;
}

/** So far back or forth a cut is moved to the next white space: half a number must not look like a whole one. */
const WORD_CHARS_MAX = 64;

/** Texts in a row of one speaker. */
export interface Run {
  /** Texts of the next message, if it has any; those of another speaker end the row. `role` is for what is joined. */
  add(next: Part[] | undefined, speaker: Role, role: Role): void;
  /** Ends the row and adds what it says joined. */
  end(): void;
}

/** A run without texts. One message with one text, as nearly all have, costs nothing but keeping it. */
export function createRun(draft: Draft): Run {
  let parts: Part[] | undefined;
  let lastSpeaker: Role = 'user';
  let lastRole: Role = 'user';
  const end = () => {
    if (parts !== undefined && parts.length > 1) addSeams(draft, parts, lastRole);
    parts = undefined;
  };
  return {
    add(next, speaker, role) {
      if (speaker !== lastSpeaker) end();
      lastSpeaker = speaker;
      lastRole = role;
      if (parts === undefined) parts = next;
      else if (next !== undefined) for (const part of next) parts.push(part);
    },
    end,
  };
}

/**
 * Adds what stands around the seams of texts that follow one another, as models read them: joined by nothing, and by
 * white space (one space here). All this is at most twice as long as the texts, and far shorter where they are long.
 */
function addSeams(draft: Draft, parts: readonly Part[], role: Role): void {
  eachCut(
    parts.map(({ text }) => text),
    (pieces, first, last) => {
      const pointer = commonPointer((parts[first] as Part).place, (parts[last] as Part).place);
      addDerivedText(draft, pieces.join(''), pointer, role);
      if (pieces.some(lacksSpaceBehind)) addDerivedText(draft, pieces.join(' '), pointer, role);
    },
  );
}

/** The pieces of texts that follow one another, by what is to be joined; see `eachCut`. */
export function cutAtSeams(
  texts: readonly string[],
  charsMax: number = LIMITS.seamCharsMax,
): readonly (readonly string[])[] {
  const cuts: (readonly string[])[] = [];
  eachCut(texts, (pieces) => cuts.push(pieces), charsMax);
  return cuts;
}

/** Long texts are cut to `charsMax` and the rest of a word at a seam, short ones join more than one seam. */
function eachCut(
  texts: readonly string[],
  visit: (pieces: readonly string[], first: number, last: number) => void,
  charsMax: number = LIMITS.seamCharsMax,
): void {
  let first = 0;
  let pieces = [endOf(texts[0] as string, charsMax)];
  for (let index = 1; index < texts.length; index++) {
    const text = texts[index] as string;
    const isLast = index === texts.length - 1;
    if (!isLast && text.length <= 2 * charsMax) {
      pieces.push(text);
      continue;
    }
    pieces.push(startOf(text, charsMax));
    visit(pieces, first, index);
    first = index;
    pieces = [endOf(text, charsMax)];
  }
}

/** Whether no white space parts a piece from the next one. */
export function lacksSpaceBehind(piece: string, index: number, pieces: readonly string[]): boolean {
  const next = pieces[index + 1];
  return next !== undefined && !isSpaceAt(piece, piece.length - 1) && !isSpaceAt(next, 0);
}

function startOf(text: string, charsMax: number): string {
  let end = Math.min(text.length, charsMax);
  const last = Math.min(text.length, end + WORD_CHARS_MAX);
  while (end < last && !isSpaceAt(text, end)) end++;
  return text.slice(0, end);
}

function endOf(text: string, charsMax: number): string {
  let start = Math.max(0, text.length - charsMax);
  const first = Math.max(0, start - WORD_CHARS_MAX);
  while (start > first && !isSpaceAt(text, start - 1)) start--;
  return text.slice(start);
}

function isSpaceAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}
