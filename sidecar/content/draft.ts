import type { Role, Segment } from '../kernel/evaluation.js';
import type { Gap, GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';

/** What a piece of content says, as far as it could be read, and what could not. */
export interface Reading {
  readonly segments: readonly Segment[];
  /** Each kind once, in order of appearance. */
  readonly gaps: readonly Gap[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A reading while it is being made, over all content of one evaluation. */
export interface Draft {
  /** Roles are settled after their texts: a message may name its role last. */
  readonly segments: Mutable<Segment>[];
  readonly gaps: Set<GapKind>;
  /** UTF-16 units of derived text so far. */
  derivedChars: number;
  /** UTF-16 units of texts put together from pieces so far. */
  scatteredChars: number;
}

export function createDraft(): Draft {
  return { segments: [], gaps: new Set(), derivedChars: 0, scatteredChars: 0 };
}

/** True when no more segments are read; the caller notes the gap. */
export function isFull(draft: Draft): boolean {
  return draft.segments.length >= LIMITS.segmentsMax;
}

/** Adds a text with the role `user`. */
export function addText(draft: Draft, text: string, pointer: string): void {
  draft.segments.push({ text, role: 'user', pointer });
}

/** Adds a text that may not be one, but a name or a key: what is found in it flags at most. */
export function addGuessedText(draft: Draft, text: string, pointer: string): void {
  draft.segments.push({ text, role: 'user', pointer, flagsOnly: true });
}

/**
 * Adds a text that stands in another segment too; see `Segment.derived`. False when it was not added, which is noted as
 * a gap: over `LIMITS.derivedCharsMax` none is.
 */
export function addDerivedText(draft: Draft, text: string, pointer: string, role: Role = 'user'): boolean {
  draft.derivedChars += text.length;
  if (isFull(draft) || draft.derivedChars > LIMITS.derivedCharsMax) {
    draft.gaps.add('json:too_many_segments');
    return false;
  }
  draft.segments.push({ text, role, pointer, derived: true });
  return true;
}

/**
 * Adds a text that may have been cut into the pieces that it was put together from. Over `LIMITS.scatteredCharsMax` none is added
 * any more, which is no gap: lists and forms are cut for good reasons. `isCertain`: it is nothing else.
 */
export function addScatteredText(draft: Draft, text: string, pointer: string, isCertain: boolean): void {
  draft.scatteredChars += text.length;
  if (isFull(draft) || draft.scatteredChars > LIMITS.scatteredCharsMax) return;
  draft.segments.push({ text, role: 'user', pointer, derived: true, ...(!isCertain && { flagsOnly: true }) });
}

/** Puts the pointers of all that `read` adds under another one, and gives what it gave. */
export function readUnder<T>(draft: Draft, pointer: string, read: () => T): T {
  const start = draft.segments.length;
  const result = read();
  for (let index = start; index < draft.segments.length; index++) {
    const segment = draft.segments[index];
    if (segment !== undefined) segment.pointer = boundedUnder(pointer, segment.pointer);
  }
  return result;
}

function boundedUnder(pointer: string, inner: string): string {
  return pointer.length + inner.length <= LIMITS.pointerCharsMax ? `${pointer}${inner}` : pointer;
}

/** Gives a role to every segment from `start` on, up to `end` (all that there are). */
export function assignRole(draft: Draft, start: number, role: Role, end = draft.segments.length): void {
  for (let index = start; index < end; index++) {
    const segment = draft.segments[index];
    if (segment !== undefined) segment.role = role;
  }
}

/** Marks every segment from `start` on as derived: their text follows once more as a whole. */
export function markDerived(draft: Draft, start: number): void {
  for (let index = start; index < draft.segments.length; index++) {
    const segment = draft.segments[index];
    if (segment !== undefined) segment.derived = true;
  }
}

export function readingOf(draft: Draft): Reading {
  return { segments: draft.segments, gaps: Array.from(draft.gaps, (kind) => ({ kind })) };
}
