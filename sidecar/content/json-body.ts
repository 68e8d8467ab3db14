import { createCarriedMedia } from './carried-media.js';
import { createConversation } from './conversation.js';
import { readDataUrls } from './data-urls.js';
import { addDerivedText, addText, assignRole, type Draft, isFull, markDerived, readUnder } from './draft.js';
import { jsonLinesOf } from './json-lines.js';
import { commonPointer, pointerOfMember } from './json-pointer.js';
import { beginsAsLenientJson, looksLikeJson } from './json-start.js';
import { type JsonVisitor, walkJson } from './json-walk.js';
import { createMemberTexts } from './member-texts.js';
import { readEscapes, readNestedJson } from './nested-json.js';
import { createScatteredText, scatteredInto } from './scattered-text.js';

/** What a body says of itself: one JSON text, several, or nothing of the kind. */
export type DeclaredJson = 'json' | 'lines' | undefined;

/** A number with fewer digits is no identifier of anything that rules look for. */
export const NUMBER_DIGITS_MIN = 6;

/**
 * Reads a text as JSON: every decoded string and name and every long number becomes a segment. What ends the reading
 * early is noted as a gap and the text as a whole is judged as well, so that nothing goes unread.
 * A body that is not declared as a single JSON text may hold one a line, each with a pointer under its number.
 * Malformed JSON is a gap when the body says that it is JSON, and when it begins as only JSON does: many servers do not
 * look at the Content-Type, and lenient parsers read what ours does not. Anything else is plain text, and no gap.
 * True when all of it was JSON.
 */
export function readJsonBody(draft: Draft, text: string, declared: DeclaredJson): boolean {
  const start = draft.segments.length;
  const end = walkJson(text, createBodyVisitor(draft, text));
  if (end === 'complete' || (end === 'malformed' && declared !== 'json' && readLines(draft, start, text, declared)))
    return true;
  if (end !== 'malformed') draft.gaps.add(end === 'depth' ? 'json:depth' : 'json:too_many_segments');
  else if (declared !== undefined || beginsAsLenientJson(text)) draft.gaps.add('json:malformed');
  markDerived(draft, start);
  addText(draft, text, '');
  readEscapes(draft, text, '');
  return false;
}

/**
 * Reads a text that has one JSON text a line, as batches and training files do, in place of what was read of it from
 * `start` on. False when some line is none, or there are too few or too many; then all is as it was. Only where the body
 * says so do its lines speak for more than a user; where not, people may read the lines as one text.
 */
function readLines(draft: Draft, start: number, text: string, declared: DeclaredJson): boolean {
  const lines = jsonLinesOf(text);
  if (!lines) return false;
  const before = draft.segments.splice(start);
  for (const [number, line] of lines.entries()) {
    const end = readUnder(draft, `/${number}`, () => walkJson(line, createBodyVisitor(draft, line)));
    if (end !== 'complete') {
      draft.segments.splice(start, Number.POSITIVE_INFINITY, ...before);
      return false;
    }
  }
  if (declared !== 'lines') {
    assignRole(draft, start, 'user');
    addDerivedText(draft, text, '');
  }
  return true;
}

function createBodyVisitor(draft: Draft, body: string): JsonVisitor {
  const hasEscapes = body.includes('\\');
  // Only such an escape can make half a surrogate pair.
  const hasUnicodeEscapes = hasEscapes && body.includes('\\u');
  // Only these leave a backslash in a decoded string, and with it something to be decoded once more.
  const hasBackslashes = hasEscapes && (body.includes('\\\\') || (hasUnicodeEscapes && /\\u005c/i.test(body)));
  const conversation = createConversation(draft);
  const media = createCarriedMedia(draft);
  const addTogether = scatteredInto(draft, (place) => commonPointer(place, place));
  const scattered = createScatteredText(addTogether);
  const members = createMemberTexts(addTogether);
  return {
    enter(place) {
      scattered.enter();
      conversation.enter(place);
    },
    leave(place) {
      scattered.leave();
      members.leave(place);
      media.leave(place);
      conversation.leave(place);
    },
    key(place, name) {
      const pointer = `${pointerOfMember(place)}#`;
      addText(draft, name, pointer);
      if (hasUnicodeEscapes) noteLoneSurrogate(draft, name);
      conversation.key(place, name);
      scattered.key(name);
      if (hasBackslashes && name.includes('\\')) readNestedJson(draft, name, pointer);
    },
    string(place, text) {
      const pointer = pointerOfMember(place);
      addText(draft, text, pointer);
      if (hasUnicodeEscapes) noteLoneSurrogate(draft, text);
      if (place !== undefined) {
        const isJoined = conversation.string(place, text);
        media.string(place, text);
        if (isJoined) scattered.leave();
        else {
          scattered.string(place, text);
          members.string(place, text);
        }
      } else readDataUrls(draft, text, pointer);
      if (looksLikeJson(text) || (hasBackslashes && text.includes('\\')))
        readNestedJson(draft, text, pointer, place?.member === 'arguments');
    },
    number(place, literal) {
      if (place !== undefined) {
        media.number(place);
        scattered.number(place, literal);
      }
      if (literal.length < NUMBER_DIGITS_MIN || literal.replaceAll(/\D/g, '').length < NUMBER_DIGITS_MIN) return;
      const pointer = pointerOfMember(place);
      addText(draft, literal, pointer);
      const plain = plainInteger(literal);
      if (plain !== undefined) addDerivedText(draft, plain, pointer);
    },
    duplicate: () => void draft.gaps.add('json:duplicate_key'),
    full: () => isFull(draft),
  };
}

/** `4111111111111111e0` and `4111111111111111.0` are card numbers to whoever parses them. */
function plainInteger(literal: string): string | undefined {
  if (!/[.eE]/.test(literal)) return undefined;
  const value = Number(literal);
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

function noteLoneSurrogate(draft: Draft, text: string): void {
  if (!text.isWellFormed()) draft.gaps.add('json:lone_surrogate');
}
