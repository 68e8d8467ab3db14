import { LIMITS } from '../kernel/limits.js';
import { looksLikeJson } from './json-start.js';

/** Line ends, and the sign before each text of a JSON text sequence (RFC 7464). */
const SEPARATORS = /[\n\x1e]/g;

/**
 * The lines of a text that has one JSON text in each, to judge by how they start: objects or arrays, because a list of
 * numbers is plain text. Undefined when some line is none, or when there are fewer than two or more than
 * `LIMITS.jsonLinesMax`.
 */
export function jsonLinesOf(text: string): readonly string[] | undefined {
  let separators = 0;
  for (const _ of text.matchAll(SEPARATORS)) if (++separators > LIMITS.jsonLinesMax) return undefined;
  const lines = text.split(SEPARATORS).filter((line) => line.trim() !== '');
  return lines.length >= 2 && lines.every(looksLikeJson) ? lines : undefined;
}
