import { carriedGap } from './carried-media.js';
import { createConversation } from './conversation.js';
import { addDerivedText, addText, type Draft, isFull, markDerived } from './draft.js';
import { pointerOfMember } from './json-pointer.js';
import { skipSpace } from './json-scanner.js';
import { type JsonVisitor, type JsonWalkEnd, walkJson } from './json-walk.js';

/** An object with a member, or a list of objects or strings, behind what lenient parsers skip: spaces, BOMs, comments. */
const BEGINS_AS_JSON = /^(?:[\s\ufeff]|\/\*[^*]{0,200}\*\/|\/\/[^\n]{0,200}\n)*(?:\{\s*["'}/]|\[\s*["'{[])/;

/** A number with fewer digits is no identifier of anything that rules look for. */
const NUMBER_DIGITS_MIN = 6;

/**
 * Reads a text as JSON: every decoded string and name and every long number becomes a segment. What ends the reading
 * early is noted as a gap and the text as a whole is judged as well, so that nothing goes unread.
 * Malformed JSON is a gap when the body says that it is JSON, and when it begins as only JSON does: many servers do not
 * look at the Content-Type, and lenient parsers read what ours does not. Anything else is plain text, and no gap.
 */
export function readJsonBody(draft: Draft, text: string, declared: boolean): void {
  const start = draft.segments.length;
  const end = walkJson(text, createBodyVisitor(draft, text.includes('\\u')));
  if (end === 'complete') return;
  if (end !== 'malformed') draft.gaps.add(end === 'depth' ? 'json:depth' : 'json:too_many_segments');
  else if (declared || BEGINS_AS_JSON.test(text)) draft.gaps.add('json:malformed');
  markDerived(draft, start);
  addText(draft, text, '');
}

/** Only a `\u` escape can make half a surrogate pair: `hasUnicodeEscapes` says whether there is one at all. */
function createBodyVisitor(draft: Draft, hasUnicodeEscapes: boolean): JsonVisitor {
  const conversation = createConversation(draft);
  return {
    enter: conversation.enter,
    leave: conversation.leave,
    key(place, name) {
      addText(draft, name, `${pointerOfMember(place)}#`);
      if (hasUnicodeEscapes) noteLoneSurrogate(draft, name);
      conversation.key(place, name);
    },
    string(place, text) {
      const pointer = pointerOfMember(place);
      addText(draft, text, pointer);
      if (hasUnicodeEscapes) noteLoneSurrogate(draft, text);
      if (place !== undefined) {
        conversation.string(place, text);
        const gap = carriedGap(place, text);
        if (gap !== undefined) draft.gaps.add(gap);
      }
      if (looksLikeJson(text)) readNested(draft, text, pointer);
    },
    number(place, literal) {
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

/** Reads JSON inside a string (tool arguments, tool results), one level deep. Malformed or too deep: the string itself is judged. */
function readNested(draft: Draft, text: string, pointer: string): void {
  const add = (inner: string) => addDerivedText(draft, inner, pointer);
  const end: JsonWalkEnd = walkJson(text, {
    enter: () => {},
    leave: () => {},
    key: (_place, name) => add(name),
    string: (_place, inner) => add(inner),
    number: () => {},
    duplicate: () => {},
    full: () => isFull(draft),
  });
  if (end === 'full') draft.gaps.add('json:too_many_segments');
}

/** Whether a text starts as a JSON object or array does; whether it is one shows in reading it. */
export function looksLikeJson(text: string): boolean {
  const unit = skipSpace({ text, at: 0 });
  return unit === 0x7b || unit === 0x5b;
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
