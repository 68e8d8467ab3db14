import test from 'ava';
import fc from 'fast-check';
import { judge, packOf, policyOf, rule, segment } from './inline-pack.js';

const policy = policyOf(
  packOf(
    rule({ id: 'PLAIN', pattern: 'apple\\d' }) +
      rule({ id: 'NAMED', pattern: '\\d{4}', context: { words: ['pin'], required: true } }) +
      rule({ id: 'KEYED', pattern: '[a-z]{3}\\d', keywords: ['pear'] }) +
      rule({ id: 'SPOKEN', pattern: 'order', tags: ['injection'] }),
    { builtin: true },
  ),
);

const segments = fc.array(
  fc.record({
    text: fc.constantFrom('role', '1234', 'apple1', 'abc1', 'order', 'pin 1234', 'a\u00adpple1', '', '😀'),
    pointer: fc.constantFrom('', '/a', '/1/pin', '/22/pin', '/pin/3', '/pear/0/x', '/pear/17/x#', '/1234'),
    role: fc.constantFrom('user' as const, 'system' as const),
    flagsOnly: fc.constantFrom(undefined, true as const),
  }),
  { maxLength: 40 },
);

test('a text is found wherever it stands, however often the same was judged before', (t) => {
  fc.assert(
    fc.property(segments, (records) => {
      const all = records.map(({ text, flagsOnly, ...more }) =>
        segment(text, { ...more, ...(flagsOnly && { flagsOnly }) }),
      );
      const places = (from: typeof all) =>
        judge(policy, from)
          .findings.map(({ ruleId, pointer, start, end }) => `${ruleId} ${pointer} ${start} ${end}`)
          .sort();
      t.deepEqual(places(all), all.flatMap((one) => places([one])).sort());
    }),
  );
});
