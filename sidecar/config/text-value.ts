import { expectedOf, type SchemaNode } from './keys.js';

/** A value, or what was expected instead. */
export type TextValue = { readonly value: unknown } | { readonly expected: string };

/**
 * The value that a variable or flag says by its text: `true`, `false`, `1`, `0` for booleans; digits for numbers;
 * lists between commas, blanks around an item dropped, an empty text being the empty list. Range and choice are
 * checked later, by the schema.
 */
export function textToValue(text: string, node: SchemaNode): TextValue {
  if (node.anyOf) return unionValue(text, node.anyOf, expectedOf(node));
  switch (node.type) {
    case 'boolean':
      return booleanValue(text);
    case 'integer':
      return /^-?\d{1,15}$/.test(text) ? { value: Number(text) } : { expected: expectedOf(node) };
    case 'array':
      return { value: text.trim() === '' ? [] : text.split(',').map((item) => item.trim()) };
    default:
      return { value: text };
  }
}

function booleanValue(text: string): TextValue {
  if (text === 'true' || text === '1') return { value: true };
  if (text === 'false' || text === '0') return { value: false };
  return { expected: 'true, false, 1 or 0' };
}

function unionValue(text: string, nodes: readonly SchemaNode[], expected: string): TextValue {
  for (const node of nodes) {
    if (node.const === text) return { value: text };
    if (node.const !== undefined) continue;
    const read = textToValue(text, node);
    if ('value' in read) return read;
  }
  return { expected };
}
