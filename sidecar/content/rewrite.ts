import type { Content, Replacement } from '../kernel/evaluation.js';
import { plainTextOf } from './body.js';
import { pointerOfMember } from './json-pointer.js';
import { walkJson } from './json-walk.js';
import { type Edit, type EditsOf, edited, editsFor } from './text-edits.js';

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** A content written differently, and its text. */
export interface Rewritten {
  readonly content: Content;
  readonly text: string;
}

/**
 * A text or body with pieces of it replaced, all other characters as they were. In JSON a replacement goes into the string or
 * name that it belongs to, escaped as there; a number becomes a string. Undefined for what has no text of its own (a coded
 * body, a query), and when none of the pieces is found in it.
 */
export function rewriteContent(content: Content, replacements: readonly Replacement[]): Rewritten | undefined {
  const read = content.kind === 'text' ? { text: content.text, isJson: false } : undefined;
  const { text, isJson } = read ??
    (content.kind === 'body' ? plainTextOf(content) : undefined) ?? { text: '', isJson: false };
  const editsOf = editsFor(replacements);
  const edits = editsOf && ((isJson ? editsInJson(text, editsOf) : undefined) ?? editsOf('', text));
  if (!edits || edits.length === 0) return undefined;
  const made = edited(text, edits);
  return {
    text: made,
    content: content.kind === 'body' ? { ...content, bytes: Buffer.from(made) } : { kind: 'text', text: made },
  };
}

/** The edits of the strings, names and numbers of a JSON text as edits of that text; undefined when it is no JSON to its end. */
function editsInJson(json: string, editsOf: EditsOf): Edit[] | undefined {
  const edits: Edit[] = [];
  const addInside = (at: number, inside: readonly Edit[]) => {
    for (const edit of inLiteral(json, at, inside)) edits.push(edit);
  };
  const end = walkJson(json, {
    enter: () => {},
    leave: () => {},
    key: (place, name, at) => addInside(at, editsOf(`${pointerOfMember(place)}#`, name)),
    string: (place, text, at) => addInside(at, editsOf(pointerOfMember(place), text)),
    number(place, literal, at) {
      const inside = editsOf(pointerOfMember(place), literal);
      if (inside.length === 0) return;
      const by = JSON.stringify(inside.map((edit) => edit.by).join(''));
      edits.push({ start: at, end: at + literal.length, by });
    },
    duplicate: () => {},
    full: () => false,
  });
  return end === 'complete' ? edits : undefined;
}

/** Edits of a decoded string as edits of its literal, whose opening quote stands at `quote`. Each escape makes one unit. */
function inLiteral(json: string, quote: number, edits: readonly Edit[]): Edit[] {
  let at = quote + 1;
  let unit = 0;
  const placeOf = (wanted: number) => {
    for (; unit < wanted; unit++) {
      if (json.charCodeAt(at) !== BACKSLASH) at++;
      else at += json.charCodeAt(at + 1) === LETTER_U ? 6 : 2;
    }
    return at;
  };
  return edits.map(({ start, end, by }) => ({
    start: placeOf(start),
    end: placeOf(end),
    by: JSON.stringify(by).slice(1, -1),
  }));
}
