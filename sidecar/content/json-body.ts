import { CarriedMedia } from './carried-media.js';
import { Conversation } from './conversation.js';
import { readDataUrls } from './data-urls.js';
import { addDerivedText, addText, assignRole, type Draft, isFull, markDerived, readUnder } from './draft.js';
import { jsonLinesOf } from './json-lines.js';
import { commonPointer, pointerOfMember } from './json-pointer.js';
import { beginsAsLenientJson, looksLikeJson } from './json-start.js';
import { type JsonPlace, type JsonVisitor, walkJson } from './json-walk.js';
import { createMemberTexts, type MemberTexts } from './member-texts.js';
import { readEscapes, readNestedJson } from './nested-json.js';
import { createScatteredText, type ScatteredText, scatteredInto } from './scattered-text.js';

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
  const end = walkJson(text, new BodyVisitor(draft, text));
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
    const end = readUnder(draft, `/${number}`, () => walkJson(line, new BodyVisitor(draft, line)));
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

/** A class, because of a body as short as most are, ten functions of its own would be a tenth of the cost. */
class BodyVisitor implements JsonVisitor {
  readonly #draft: Draft;
  /** Only such an escape can make half a surrogate pair. */
  readonly #hasUnicodeEscapes: boolean;
  /** Only these leave a backslash in a decoded string, and with it something to be decoded once more. */
  readonly #hasBackslashes: boolean;
  readonly #conversation: Conversation;
  readonly #media: CarriedMedia;
  readonly #scattered: ScatteredText;
  readonly #members: MemberTexts;

  constructor(draft: Draft, body: string) {
    const hasEscapes = body.includes('\\');
    this.#draft = draft;
    this.#hasUnicodeEscapes = hasEscapes && body.includes('\\u');
    this.#hasBackslashes = hasEscapes && (body.includes('\\\\') || (this.#hasUnicodeEscapes && /\\u005c/i.test(body)));
    this.#conversation = new Conversation(draft);
    this.#media = new CarriedMedia(draft);
    const addTogether = scatteredInto(draft, ownPointer);
    this.#scattered = createScatteredText(addTogether);
    this.#members = createMemberTexts(addTogether);
  }

  enter(place: JsonPlace): void {
    this.#scattered.enter();
    this.#conversation.enter(place);
  }

  leave(place: JsonPlace): void {
    this.#scattered.leave();
    this.#members.leave(place);
    this.#media.leave(place);
    this.#conversation.leave(place);
  }

  key(place: JsonPlace, name: string): void {
    const draft = this.#draft;
    const pointer = `${pointerOfMember(place)}#`;
    addText(draft, name, pointer);
    if (this.#hasUnicodeEscapes) noteLoneSurrogate(draft, name);
    this.#conversation.key(place, name);
    this.#scattered.key(name);
    if (this.#hasBackslashes && name.includes('\\')) readNestedJson(draft, name, pointer);
  }

  string(place: JsonPlace | undefined, text: string): void {
    const draft = this.#draft;
    const pointer = pointerOfMember(place);
    addText(draft, text, pointer);
    if (this.#hasUnicodeEscapes) noteLoneSurrogate(draft, text);
    if (place !== undefined) {
      const isJoined = this.#conversation.string(place, text);
      this.#media.string(place, text);
      if (isJoined) this.#scattered.leave();
      else {
        this.#scattered.string(place, text);
        this.#members.string(place, text);
      }
    } else readDataUrls(draft, text, pointer);
    if (looksLikeJson(text) || (this.#hasBackslashes && text.includes('\\')))
      readNestedJson(draft, text, pointer, place?.member === 'arguments');
  }

  number(place: JsonPlace | undefined, literal: string): void {
    if (place !== undefined) {
      this.#media.number(place);
      this.#scattered.number(place, literal);
    }
    if (literal.length < NUMBER_DIGITS_MIN || literal.replaceAll(/\D/g, '').length < NUMBER_DIGITS_MIN) return;
    const pointer = pointerOfMember(place);
    addText(this.#draft, literal, pointer);
    const plain = plainInteger(literal);
    if (plain !== undefined) addDerivedText(this.#draft, plain, pointer);
  }

  duplicate(): void {
    this.#draft.gaps.add('json:duplicate_key');
  }

  full(): boolean {
    return isFull(this.#draft);
  }
}

function ownPointer(place: JsonPlace): string {
  return commonPointer(place, place);
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
