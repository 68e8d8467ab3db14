import fc from 'fast-check';

/** Items of a list, with much that looks like an item of it, and is none. Lines after the first stand below the dash. */
const ITEMS = [
  '{id: a, tags: [b, c]}',
  'id: a\n  tags:\n  - b\n  - c',
  '- a\n  - b',
  '|\n   - text\n   rules:\n',
  '|+\n   kept\n\n',
  '>-\n   folded\n\n   - on',
  '|\n',
  'a: |2\n    deep\n     - text',
  '"two\n   - lines"',
  "'it''s\n   [one'",
  'plain\n   - goes on',
  '[a,\n   b, {c: d}]',
  '&x {id: y}',
  'a: {k: &x 1, l: *x}',
  'a: &x 1\n  b: *x',
  'a: &x {b: &y 1}\n  c: &y 2\n  d: *x\n  e: *y',
  'a: &x {b: &y 1, c: *y}\n  d: &y 2\n  e: *x',
  '# only a comment\n  a: b',
  'a: b # behind',
  'a: 12\n\n  b: 012\n',
  '',
];
/** Faults, or what makes one of an alias. */
const RARE_ITEMS = [
  '[a,\n   - b]',
  '[a,\n  b\n  ]',
  '&x y',
  '*x',
  'a: &x [*x]',
  'a: 1\n  a: 2',
  '? a\n  : b',
  '!!str a',
  '"a\n- b"',
];
const BETWEEN = ['\n', '# a comment\n', '    # - deep\n', '  \n'];
const RARE_BETWEEN = ['\t\n', ' - \n', 'a: b\n', '\t- a\n'];
const HEADS = [
  'name: x\nrules:\n',
  'rules:\n',
  '---\nrules: # of mine\n',
  '',
  '---\n',
  '\ufeff# begins\nrules:\n',
  'a: |\n rules:\nrules:\n',
];
const RARE_HEADS = [
  'rules: &x\n',
  '&x\n',
  'except:\n  - {id: a}\nrules:\n',
  'rules: !!seq\n',
  '%YAML 1.2\n---\nrules:\n',
  'a: [\nrules:\n',
  '? rules\n:\n',
  '"rules":\n',
  'rules:\n  rules:\n',
  'rules: [a]\nrules:\n',
  'rules:\n- a\nexcept:\n',
  'a: "\nrules:\n"\nb:\n',
];
const RARE_TAILS = ['name: x\n', '...\n', '---\na: b\n', '  name: x\n', '}\n', '\t', 'rules: []\n'];
const DAMAGES = [
  '"',
  "'",
  ': ',
  '- ',
  '\n',
  '\n- ',
  '\n  - ',
  '{',
  ']',
  '|\n',
  '\t',
  '*x',
  '&x ',
  '#',
  '!',
  '%',
  '\n---\n',
  '\n...\n',
  '\x02',
  '\x1f',
  '\r',
];

const rarely = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight: number) =>
  fc.oneof({ arbitrary: usual, weight }, { arbitrary: rare, weight: 1 });

const item = fc.tuple(
  rarely(fc.constantFrom(...ITEMS), fc.constantFrom(...RARE_ITEMS), 60),
  rarely(fc.constant(''), rarely(fc.constantFrom(...BETWEEN), fc.constantFrom(...RARE_BETWEEN), 15), 3),
);

/** Files of which a list is the end, some of them damaged. */
export const listFiles = fc
  .record({
    head: rarely(fc.constantFrom(...HEADS), fc.constantFrom(...RARE_HEADS), 4),
    indent: fc.constantFrom('', '  ', '  ', '   '),
    items: fc.array(item, { maxLength: 40, size: 'max' }),
    tail: rarely(fc.constantFrom('', '# end\n'), fc.constantFrom(...RARE_TAILS), 5),
    damage: fc.option(fc.tuple(fc.constantFrom(...DAMAGES), fc.double({ min: 0, max: 1, noNaN: true }))),
    lineEnd: fc.constantFrom('\n', '\n', '\r\n'),
  })
  .map(({ head, indent, items, tail, damage, lineEnd }) => {
    const lines = items.map(([text, between]) => `${indent}- ${text.replaceAll('\n', `\n${indent}`)}\n${between}`);
    const text = `${head}${lines.join('')}${tail}`.replaceAll('\n', lineEnd);
    const at = Math.floor((damage?.[1] ?? 0) * text.length);
    return `${text.slice(0, at)}${damage?.[0] ?? ''}${text.slice(at)}`;
  });
