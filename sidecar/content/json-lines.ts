import { looksLikeJson } from './json-start.js';
import { walkJson } from './json-walk.js';

/** Line ends, and the sign before each text of a JSON text sequence (RFC 7464). */
const SEPARATOR = /[\n\x1e]/;

/**
 * The JSON texts of a text that has one a line, as batches and training files do; undefined when some line is none, or
 * when there are fewer than two. Lines are objects or arrays: a list of numbers is plain text.
 */
export function jsonLinesOf(text: string): readonly string[] | undefined {
  const lines = text.split(SEPARATOR).filter((line) => line.trim() !== '');
  return lines.length >= 2 && lines.every(isJson) ? lines : undefined;
}

function isJson(line: string): boolean {
  return looksLikeJson(line) && walkJson(line, NOBODY) === 'complete';
}

const NOBODY = {
  enter: () => {},
  leave: () => {},
  key: () => {},
  string: () => {},
  number: () => {},
  duplicate: () => {},
  full: () => false,
};
