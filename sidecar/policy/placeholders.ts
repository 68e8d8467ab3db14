import type { Mask } from './mask.js';

/** A placeholder has no more: a name of at most 128 characters, a digest, brackets. */
const PLACEHOLDER_CHARS_MAX = 160;
const DIGEST = /:[a-p]{12}$/;
const STARRED = /^\*{4,8}[\p{L}\p{N}]{0,4}$/u;

/** Whether the match [start, end) of a text is, or lies inside of, what masking left there. */
export type PlaceholderTest = (text: string, start: number, end: number) => boolean;

/**
 * Makes the test for what these masks leave behind. A rule that takes any word behind `password` for a secret takes a
 * placeholder for one too, and the name in it may be a word that rules look for: masked text would be masked again, or held
 * back, for ever. Undefined when nothing is masked.
 */
export function placeholderTest(masks: readonly Mask[]): PlaceholderTest | undefined {
  if (masks.length === 0) return undefined;
  const names = new Set(masks.map(({ name }) => name));
  const hasStars = masks.some(({ style }) => style === 'stars' || style === 'last4');
  return (text, start, end) => {
    if (end - start > PLACEHOLDER_CHARS_MAX) return false;
    if (hasStars && STARRED.test(text.slice(start, end))) return true;
    const before = text.slice(Math.max(0, end - PLACEHOLDER_CHARS_MAX), start + 1);
    const open = before.lastIndexOf('[');
    if (open < 0) return false;
    const from = start + 1 - before.length + open;
    const close = text.slice(from, from + PLACEHOLDER_CHARS_MAX).indexOf(']');
    if (close < 0 || from + close + 1 < end) return false;
    const name = text.slice(from + 1, from + close);
    return names.has(name) || names.has(name.replace(DIGEST, ''));
  };
}
