import { LIMITS } from '../kernel/limits.js';
import { addDerivedText, type Draft } from './draft.js';
import { resolveEscapes } from './json-escapes.js';
import { looksLikeJson } from './json-start.js';
import { type JsonWalkEnd, walkJson } from './json-walk.js';
import { createMemberTexts } from './member-texts.js';
import { createScatteredText, scatteredInto } from './scattered-text.js';

/** What only JSON and its like are written with. The short escapes are no sign: paths and source code are full of them. */
const UNICODE_ESCAPE = /\\u[0-9a-fA-F]{4}/;
/** An escape that may hide what a word says or where it ends; others only stand for the sign behind the backslash. */
const HIDING_ESCAPE = /\\[bfnrtu]/;
/** JSON behind blanks of any kind, a string included: only with escapes does one say anything else than it looks like. */
const BEGINS_AS_JSON = /^["{[]/;
/** Half a surrogate pair: some readers leave it out, and join what stands around it. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

/**
 * Adds what a text says to those who read it as JSON: tool arguments, results of tools, logs. The text itself is a
 * segment already. Models write such JSON and break it, so that broken JSON is no gap here: then the escape sequences
 * of the whole text are resolved, and nothing of it stays hidden, names given twice and deep nesting included.
 * `isJson`: the place of the text says that it is JSON, however it begins.
 */
export function readNestedJson(draft: Draft, text: string, pointer: string, isJson = false): void {
  follow({ draft, pointer }, text, isJson, 1);
}

/** Adds what the escape sequences of a text say whose strings were read already, as far as it is JSON. */
export function readEscapes(draft: Draft, text: string, pointer: string): void {
  if (text.includes('\\')) followResolved({ draft, pointer }, text, 1);
}

interface Target {
  readonly draft: Draft;
  readonly pointer: string;
}

/** `level` counts how often the text was decoded, this time included. */
function follow(target: Target, text: string, isJson: boolean, level: number): void {
  const hasEscapes = text.includes('\\');
  const isContainer = looksLikeJson(text);
  if (!isContainer && !(hasEscapes && (isJson || BEGINS_AS_JSON.test(text.trimStart()) || UNICODE_ESCAPE.test(text))))
    return;
  if (level > LIMITS.nestedJsonMax) {
    if (HIDING_ESCAPE.test(text)) target.draft.gaps.add('json:depth');
    return;
  }
  if (isContainer && readStrings(target, text, hasEscapes, level)) return;
  if (hasEscapes) followResolved(target, text, level);
}

/** Adds the strings and names of a JSON text as far as it is well-formed; false when a rest was left that is no gap yet. */
function readStrings(target: Target, text: string, hasEscapes: boolean, level: number): boolean {
  const { draft, pointer } = target;
  const strings: string[] = [];
  const addTogether = scatteredInto(draft, () => pointer);
  const scattered = createScatteredText(addTogether);
  const members = createMemberTexts(addTogether);
  const end: JsonWalkEnd = walkJson(text, {
    enter: scattered.enter,
    leave(place) {
      scattered.leave();
      members.leave(place);
    },
    key(_place, name) {
      strings.push(name);
      scattered.key(name);
    },
    string(place, inner) {
      strings.push(inner);
      scattered.string(place, inner);
      if (place !== undefined) members.string(place, inner);
    },
    number: scattered.number,
    duplicate: () => {},
    full: () => draft.segments.length + strings.length >= LIMITS.segmentsMax,
  });
  if (end === 'full') draft.gaps.add('json:too_many_segments');
  for (const inner of strings) {
    const whole = withoutHalves(inner);
    if (!addDerivedText(draft, whole, pointer)) return true;
    // Of a text that is broken further on, all is followed in one go afterwards.
    if (end === 'complete' && hasEscapes) follow(target, whole, false, level + 1);
  }
  return end === 'complete' || end === 'full';
}

function followResolved(target: Target, text: string, level: number): void {
  const resolved = resolveEscapes(text);
  if (resolved.length === text.length) return;
  const whole = withoutHalves(resolved);
  if (addDerivedText(target.draft, whole, target.pointer)) follow(target, whole, false, level + 1);
}

function withoutHalves(text: string): string {
  return text.isWellFormed() ? text : text.replace(LONE_SURROGATE, '');
}
