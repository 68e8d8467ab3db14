import type { Mark } from '../kernel/evaluation.js';

/** `match` = what a rule found; `near` = next to a match; `plain` = all else. */
export type SpanKind = 'plain' | 'near' | 'match';

/** A stretch of the document that is committed to, opened and withheld as one. */
export interface DocumentSpan {
  readonly kind: SpanKind;
  readonly bytes: Uint8Array;
}

/** So much text on each side of a match is near it, UTF-16 units. */
const NEAR_UNITS = 64;
/** A document is cut around so many matches; from the next one on, all of it is one match. */
const MATCHES_MAX = 256;

/**
 * The texts of one evaluation as one string of bytes, cut where matches and their surroundings begin and end. Put together
 * again the spans are, for each text, the length of its UTF-8 in decimal, a colon, and its UTF-8; a lone surrogate is written
 * as U+FFFD. No span is empty, no character is cut, and there are at most some thousand of them.
 */
export function documentSpans(texts: readonly string[], marks: readonly Mark[]): DocumentSpan[] {
  if (marks.length === 0) return wholeDocument(texts);
  const byText = new Map<number, Mark[]>();
  for (const mark of marks) {
    const list = byText.get(mark.text);
    if (list) list.push(mark);
    else byText.set(mark.text, [mark]);
  }
  const builder = new SpanBuilder();
  for (const [index, text] of texts.entries()) {
    builder.add('plain', Buffer.from(lengthOf(text), 'ascii'));
    const runs = mergedRuns(text, byText.get(index) ?? []);
    addRuns(builder, text, runs);
  }
  return builder.spans();
}

/** Most texts have no match: one span, made in one piece. */
function wholeDocument(texts: readonly string[]): DocumentSpan[] {
  const pieces: string[] = [];
  for (const text of texts) pieces.push(lengthOf(text), text);
  return pieces.length === 0 ? [] : [{ kind: 'plain', bytes: Buffer.from(pieces.join(''), 'utf8') }];
}

interface Run {
  start: number;
  end: number;
}

/** Marks in their order, those that touch as one, whole characters only. */
function mergedRuns(text: string, marks: readonly Mark[]): Run[] {
  const runs: Run[] = [];
  for (const mark of marks.toSorted((a, b) => a.start - b.start)) {
    const start = splitsPair(text, mark.start) ? mark.start - 1 : mark.start;
    const end = splitsPair(text, mark.end) ? mark.end + 1 : mark.end;
    const last = runs.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else if (end > start) runs.push({ start, end });
  }
  return runs;
}

function addRuns(builder: SpanBuilder, text: string, runs: readonly Run[]): void {
  let done = 0;
  for (const [index, { start, end }] of runs.entries()) {
    const nearFrom = inward(text, Math.max(done, start - NEAR_UNITS));
    builder.addText('plain', text, done, nearFrom);
    builder.addText('near', text, nearFrom, start);
    builder.addText('match', text, start, end);
    const next = runs[index + 1]?.start ?? text.length;
    done = Math.min(next, inward(text, Math.min(text.length, end + NEAR_UNITS)));
    builder.addText('near', text, end, done);
  }
  builder.addText('plain', text, done, text.length);
}

/** Gathers stretches; neighbours of one kind become one span. */
class SpanBuilder {
  #matches = 0;
  readonly #done: DocumentSpan[] = [];
  #kind: SpanKind = 'plain';
  #pieces: Uint8Array[] = [];

  addText(kind: SpanKind, text: string, start: number, end: number): void {
    if (end > start) this.add(kind, Buffer.from(text.slice(start, end), 'utf8'));
  }

  add(wanted: SpanKind, bytes: Uint8Array): void {
    if (wanted === 'match') this.#matches += 1;
    const kind = this.#matches > MATCHES_MAX ? 'match' : wanted;
    if (kind !== this.#kind) this.#flush();
    this.#kind = kind;
    this.#pieces.push(bytes);
  }

  spans(): DocumentSpan[] {
    this.#flush();
    return this.#done;
  }

  #flush(): void {
    if (this.#pieces.length > 0) this.#done.push({ kind: this.#kind, bytes: Buffer.concat(this.#pieces) });
    this.#pieces = [];
  }
}

function lengthOf(text: string): string {
  return `${Buffer.byteLength(text, 'utf8')}:`;
}

function inward(text: string, index: number): number {
  return splitsPair(text, index) ? index + 1 : index;
}

/** Whether a cut here would part the two halves of one character. */
function splitsPair(text: string, index: number): boolean {
  return (text.codePointAt(index - 1) ?? 0) > 0xffff && index > 0;
}
