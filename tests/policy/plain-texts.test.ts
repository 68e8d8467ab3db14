import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import fc from 'fast-check';
import { parseContentType } from '../../sidecar/content/media-type.js';
import { judge, packOf, policyOf, rule, segment } from './inline-pack.js';

setFlagsFromString('--expose-gc');
const collectAll = runInNewContext('gc') as () => void;

const pack = packOf(
  rule({ id: 'PLAIN', pattern: 'apple\\d' }) +
    rule({ id: 'NAMED', pattern: '\\d{4}', context: { words: ['pin'], required: true } }) +
    rule({ id: 'KEYED', pattern: '[a-z]{3}\\d', keywords: ['pear'] }) +
    rule({ id: 'SPOKEN', pattern: 'order', tags: ['injection'] }),
  { builtin: true },
);
const policy = policyOf(pack);

const segments = fc.array(
  fc.record({
    text: fc.constantFrom('role', '1234', 'apple1', 'abc1', 'order', 'pin 1234', 'a\u00adpple1', '', '😀'),
    pointer: fc.constantFrom(
      '',
      '/a',
      '/1/pin',
      '/22/pin',
      '/pin/3',
      '/pear/0/x',
      '/pear/17/x#',
      '/1234',
      '/role',
      '/pin#',
      '/pear/type',
    ),
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

test('what an evaluation may take does not depend on what was judged before', (t) => {
  const words = ['role', 'type', 'model', 'abc1', 'role'].map((text, i) => segment(text, { pointer: `/${i}#` }));
  const isTooMuch = (of: typeof policy, workMax: number) => judge(of, words, { workMax }).gaps.length > 0;
  const fresh = () => policyOf(pack);
  let [tooMuch, enough] = [0, 1_000_000];
  while (enough - tooMuch > 1) {
    const middle = Math.floor((tooMuch + enough) / 2);
    if (isTooMuch(fresh(), middle)) tooMuch = middle;
    else enough = middle;
  }
  for (const word of words) judge(policy, [word]);
  t.true(isTooMuch(policy, tooMuch));
  t.false(isTooMuch(policy, enough));
  t.false(isTooMuch(policy, enough), 'and again');
});

test('of a body whose words are remembered nothing else stays in memory', (t) => {
  const of = policyOf(pack);
  const bodyBytes = 8 * 1024 * 1024;
  const used = () => {
    // What became garbage while a collection was being made is left by it.
    for (let i = 0; i < 2; i++) collectAll();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  for (let i = 0; i < 8; i++) {
    const name = `name_of_a_member_${i}`;
    const body = Buffer.alloc(bodyBytes, `"${name}"`).toString('latin1');
    judge(of, [segment(body.slice(1, 1 + name.length), { pointer: '/a#' })]);
    parseContentType(body.slice(1, 1 + name.length));
  }
  // One of the eight: V8 keeps the text in which a regular expression matched last.
  t.true(used() - before < 2 * bodyBytes);
});
