import test from 'ava';
import fc from 'fast-check';
import { idsOf, judge, packOf, policyOf, rule, segment } from './inline-pack.js';

const piece = fc.constantFrom('a', 'é', '忽', '😀', '１', '\u00a0', 'x7', ' ', '\n', 'KEY-1234');

test('offsets of a finding cut the match out of the UTF-8 text', (t) => {
  for (const builtin of [true, false]) {
    const policy = policyOf(packOf(rule({ id: 'A', pattern: 'KEY-[0-9]{4}|x[0-9]' }), { builtin }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        const expected = text.match(/KEY-[0-9]{4}|x[0-9１]/gu) ?? [];
        const bytes = Buffer.from(text);
        const got = judge(policy, text).findings.map(({ start, end }) => bytes.subarray(start, end).toString());
        t.deepEqual(got, [...expected]);
      }),
    );
  }
});

test('a finding names its segment by pointer, and never holds text', (t) => {
  const pack = packOf(rule({ id: 'A', pattern: 'secret' }));
  const judgement = judge(policyOf(pack), ['x', segment('😀 secret', { pointer: '/messages/0/content' })]);
  t.deepEqual(judgement.findings, [
    {
      ruleId: 'A',
      pack: 'test',
      packDigest: pack.digest,
      pointer: '/messages/0/content',
      start: 5,
      end: 11,
      validator: '',
      score: 1,
    },
  ]);
});

test('a rule that only marks is listed, but has no findings, and takes no share of those of others', (t) => {
  const marks = rule({ id: 'M', pattern: 'b', action: 'allow' });
  const policy = policyOf(packOf(marks + rule({ id: 'A', pattern: 'a' })));
  const judgement = judge(policy, 'ab'.repeat(300));
  t.deepEqual(idsOf(judgement), ['M', 'A']);
  t.deepEqual([...new Set(judgement.findings.map(({ ruleId }) => ruleId))], ['A']);
  t.is(judgement.findings.length, 256);
});

test('judging is repeatable: the same reading gives the same judgement', (t) => {
  const policy = policyOf(
    packOf(rule({ id: 'A', pattern: '[a-z]+@[a-z]+' }) + rule({ id: 'B', pattern: '\\bKEY-[0-9]{4}\\b' })),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      t.deepEqual(judge(policy, text), judge(policy, text));
    }),
  );
  t.deepEqual(idsOf(judge(policy, 'a@b KEY-1234')), ['A', 'B']);
});
