import type { Role, Segment } from '../kernel/evaluation.js';

/** Longer texts are judged each time: they repeat less often, and what is kept stays small. */
const TEXT_CHARS_MAX = 64;
/** Texts kept of one evaluation. */
const TEXTS_KEPT = 8192;

/**
 * Short texts of one evaluation in which no pattern matched, so that they need not be judged again: half of the texts of a
 * long conversation are names of members, roles and types.
 */
export interface PlainTexts {
  /** Whether the same text was judged before, by a speaker of the same role, under names that make no difference. */
  has(segment: Segment, names: () => string): boolean;
  /** Keeps a text in which no pattern matched. `names`: those that it was judged by; undefined = by none. */
  keep(segment: Segment, names: string | undefined): void;
}

/** Under whatever names. */
const ANY = 'any';

/** Nothing is kept yet. */
export function createPlainTexts(): PlainTexts {
  /** By role and text; the names under which it is plain, or `ANY`. */
  const byRole = new Map<Role, Map<string, Set<string> | typeof ANY>>();
  let kept = 0;
  return {
    has({ text, role }, names) {
      if (text.length > TEXT_CHARS_MAX) return false;
      const under = byRole.get(role)?.get(text);
      return under === ANY || under?.has(names()) === true;
    },
    keep({ text, role }, names) {
      if (text.length > TEXT_CHARS_MAX || kept >= TEXTS_KEPT) return;
      kept++;
      const texts = byRole.get(role) ?? new Map<string, Set<string> | typeof ANY>();
      byRole.set(role, texts);
      const under = texts.get(text);
      if (names === undefined) texts.set(text, ANY);
      else if (under instanceof Set) under.add(names);
      else texts.set(text, new Set([names]));
    },
  };
}
