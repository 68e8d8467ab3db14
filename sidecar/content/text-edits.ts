import type { Replacement } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';

/** A piece of a text, by UTF-16 indexes, and what is to stand there. */
export type Edit = Pick<Replacement, 'start' | 'end' | 'by'>;

/** The edits of a text at a pointer, in order and without overlap; empty for a text that stays. */
export type EditsOf = (pointer: string, text: string) => readonly Edit[];

/** The text with all edits made. They are in order and do not overlap. */
export function edited(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end, by } of edits) {
    pieces.push(text.slice(at, start), by);
    at = end;
  }
  pieces.push(text.slice(at));
  return pieces.join('');
}

/**
 * Finds the texts of a content to which replacements belong. A text that is made of others (joined parts, JSON within a string)
 * stands nowhere as such: what is to go there is looked for in the texts below its pointer, but only when nothing else is
 * left to replace, because mostly it goes with what it was made of.
 */
export function editsFor(replacements: readonly Replacement[]): EditsOf | undefined {
  const own = replacements.filter(({ segment }) => !segment.derived);
  return own.length > 0 ? byPlace(own) : byContent(replacements);
}

/** Pointers alone are not enough: one over the length bound stands for many texts. */
function byPlace(replacements: readonly Replacement[]): EditsOf {
  const places = new Map<string, Map<string, Edit[]>>();
  for (const { segment, start, end, by } of replacements) {
    const texts = places.get(segment.pointer) ?? new Map<string, Edit[]>();
    const edits = texts.get(segment.text) ?? [];
    // The same text again at the same pointer, as in an object with two members of one name.
    if (start >= (edits.at(-1)?.end ?? 0)) edits.push({ start, end, by });
    places.set(segment.pointer, texts.set(segment.text, edits));
  }
  return (pointer, text) => places.get(pointer)?.get(text) ?? [];
}

function byContent(replacements: readonly Replacement[]): EditsOf | undefined {
  const sought = new Map<string, { pointer: string; value: string; by: string }>();
  for (const { segment, start, end, by } of replacements) {
    const value = segment.text.slice(start, end);
    sought.set(JSON.stringify([segment.pointer, value]), { pointer: segment.pointer, value, by });
    if (sought.size > LIMITS.soughtValuesMax) return undefined;
  }
  return (pointer, text) => {
    const found: Edit[] = [];
    for (const { pointer: container, value, by } of sought.values()) {
      for (let at = isBelow(pointer, container) ? text.indexOf(value) : -1; at >= 0; ) {
        found.push({ start: at, end: at + value.length, by });
        at = text.indexOf(value, at + value.length);
      }
    }
    return withoutOverlap(found);
  };
}

function isBelow(pointer: string, container: string): boolean {
  return pointer === container || pointer.startsWith(`${container}/`) || pointer === `${container}#`;
}

function withoutOverlap(edits: Edit[]): Edit[] {
  edits.sort((a, b) => a.start - b.start || b.end - a.end);
  let last = 0;
  return edits.filter(({ start, end }) => {
    const isFree = start >= last;
    if (isFree) last = end;
    return isFree;
  });
}
