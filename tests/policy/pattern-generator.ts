import fc from 'fast-check';

/** Patterns over a small alphabet, so that texts over it hit them often. */
const pattern = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', '1', 'abc', '[ab]', '[^a]', '\\d', '\\w', '\\b', '.', '-', '(?i:B)', 'é', '😀'),
    fc.tuple(tie('node'), tie('node')).map(([x, y]) => x + y),
    fc.tuple(tie('node'), tie('node')).map(([x, y]) => `(?:${x}|${y})`),
    fc
      .tuple(tie('node'), fc.constantFrom('?', '{2}', '{1,3}', '{0,2}', '*', '+', '{1,2}?'))
      .map(([x, y]) => `(?:${x})${y}`),
  ),
})).node;
const boundary = fc.constantFrom('', '', '(?<![ab])', '(?<!\\d)', '(?<=-)');
const ending = fc.constantFrom('', '', '(?![ab])', '(?=-|$)', '\\b');
/** Patterns with boundaries at their ends. */
export const source = fc.tuple(boundary, pattern, ending).map((parts) => parts.join(''));
/** Texts that such patterns hit often. */
export const text = fc
  .array(fc.constantFrom('a', 'b', 'B', '1', 'abc', '-', ' ', 'é', '😀', '12345', 'x'), { maxLength: 14 })
  .map((parts) => parts.join(''));
