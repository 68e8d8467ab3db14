import test from 'ava';
import type { Segment } from '../../sidecar/kernel/evaluation.js';
import { idsOf, judge, packOf, policyOf, rule, segment } from './inline-pack.js';

const general = rule({ id: 'G', pattern: '[a-z]+[0-9]+' });

test('a specific rule takes the place of a general one where their matches overlap', (t) => {
  const policy = policyOf(packOf(general + rule({ id: 'S', pattern: 'key[0-9]', action: 'flag', suppresses: ['G'] })));
  t.deepEqual(idsOf(judge(policy, 'key1')), ['S']);
  t.deepEqual(idsOf(judge(policy, 'key1 and other2')), ['G', 'S']);
  t.is(judge(policy, 'key1').raw, 'FLAG');
});

test('a specific rule may take the place of a general one anywhere', (t) => {
  const policy = policyOf(
    packOf(general + rule({ id: 'S', pattern: 'key[0-9]', suppresses: [{ id: 'G', where: 'anywhere' }] })),
  );
  t.deepEqual(idsOf(judge(policy, 'key1 and other2')), ['S']);
});

test('two rules that suppress each other never both disappear', (t) => {
  const policy = policyOf(
    packOf(rule({ id: 'A', pattern: 'a', suppresses: ['B'] }) + rule({ id: 'B', pattern: 'a', suppresses: ['A'] })),
  );
  t.deepEqual(idsOf(judge(policy, 'a')), ['A']);
});

test('a rule that does not reach its count suppresses nothing', (t) => {
  const policy = policyOf(packOf(general + rule({ id: 'S', pattern: 'key[0-9]', min_count: 2, suppresses: ['G'] })));
  t.deepEqual(idsOf(judge(policy, 'key1')), ['G']);
});

test('suppressed matches do not count', (t) => {
  const policy = policyOf(
    packOf(
      rule({ id: 'G', pattern: '[a-z][0-9]', min_count: 2 }) + rule({ id: 'S', pattern: 'k1', suppresses: ['G'] }),
    ),
  );
  t.deepEqual(idsOf(judge(policy, 'k1 a2')), ['S']);
  t.deepEqual(idsOf(judge(policy, 'k1 a2 b3')), ['G', 'S']);
});

const exempting = (exempts: unknown) =>
  policyOf(packOf(general + rule({ id: 'X', pattern: '"[^"]*"', action: 'allow', exempts: [exempts] })));

test('an exception covers matches inside of it, and no others', (t) => {
  const policy = exempting('G');
  t.is(judge(policy, '"key1"').raw, 'ALLOW');
  t.is(judge(policy, '"key1" key2').raw, 'BLOCK');
  t.is(judge(policy, '"key1" key2').findings.filter(({ ruleId }) => ruleId === 'G').length, 1);
});

test('an exception that only touches a match does not cover it', (t) => {
  const policy = policyOf(packOf(general + rule({ id: 'X', pattern: 'key[0-9]', action: 'allow', exempts: ['G'] })));
  t.is(judge(policy, 'key1').raw, 'ALLOW');
  t.is(judge(policy, 'akey12').raw, 'BLOCK');
});

test('an exception cannot be stretched by more exempted matches than findings are listed', (t) => {
  t.is(judge(exempting('G'), `${'"key1" '.repeat(1000)} key2`).raw, 'BLOCK');
});

test('an exception holds at its endpoint, for its tenant, until its end', (t) => {
  const policy = exempting({ id: 'test/G', endpoint: '/a/*', tenant: 'acme', expires: '2027-03-31' });
  const at = { endpoint: '/a/b', tenant: 'acme', nowMs: Date.parse('2027-03-31T23:59:59Z') };
  const rawAt = (scope: object) => judge(policy, '"key1"', { ...at, ...scope }).raw;
  t.is(rawAt({}), 'ALLOW');
  t.is(rawAt({ endpoint: '/b' }), 'BLOCK');
  t.is(rawAt({ endpoint: '' }), 'BLOCK');
  t.is(rawAt({ tenant: 'other' }), 'BLOCK');
  t.is(rawAt({ nowMs: Date.parse('2027-04-01T00:00:00Z') }), 'BLOCK');
  t.is(judge(policy, '"key1"', { endpoint: '/a/b', tenant: 'acme' }).raw, 'BLOCK', 'without a clock it does not hold');
});

test('a rule that matches by length exempts anywhere', (t) => {
  const policy = policyOf(
    packOf(
      rule({ id: 'L', max_chars: 3 }) +
        rule({ id: 'X', max_chars: 0, action: 'allow', endpoints: ['/batch/*'], exempts: ['L'] }),
    ),
  );
  t.is(judge(policy, 'abcdef', { endpoint: '/chat' }).raw, 'BLOCK');
  t.is(judge(policy, 'abcdef', { endpoint: '/batch/1' }).raw, 'ALLOW');
});

const lowering = (action: string, more: object = {}) =>
  policyOf(
    packOf(
      rule({ id: 'G', pattern: '[a-z]+[0-9]+', action, ...more }) +
        rule({ id: 'X', pattern: '"[^"]*"', action: 'allow', lowers: ['G'] }),
    ),
    { maskKey: 'key' },
  );

test('a match that is lowered flags, whatever the action, and is still found', (t) => {
  for (const [action, raw] of [
    ['block', 'FLAG'],
    ['mask', 'FLAG'],
    ['flag', 'FLAG'],
    ['allow', 'ALLOW'],
  ] as const) {
    t.is(judge(lowering(action), '"key1"').raw, raw, action);
  }
  t.deepEqual(idsOf(judge(lowering('block'), '"key1"')), ['G', 'X']);
  t.is(judge(lowering('block'), '"key1"').findings.length, 1);
  t.is(judge(lowering('block'), '"key1" key2').raw, 'BLOCK', 'another match is not lowered');
});

test('a count is reached in full only by matches that are not lowered', (t) => {
  const policy = lowering('block', { min_count: 2 });
  t.is(judge(policy, '"key1" key2').raw, 'FLAG');
  t.is(judge(policy, '"key1" key2 key3').raw, 'BLOCK');
  t.is(judge(policy, '"key1"').raw, 'ALLOW');
});

test('what is lowered is not masked', (t) => {
  const segments = [segment('"key1" key2')];
  const replaced = lowering('mask').replacements({ segments, gaps: [] }, { direction: '', endpoint: '' });
  t.deepEqual(
    replaced.map(({ start, end }) => [start, end]),
    [[7, 11]],
  );
});

test('an exception of the same text reaches past the match, but not into another text', (t) => {
  const policy = exempting({ id: 'G', where: 'text' });
  t.is(judge(policy, 'key1 "x" key2').raw, 'ALLOW');
  t.is(judge(policy, ['"x"', 'key1']).raw, 'BLOCK');
});

test('a rule may take exceptions away from a later one', (t) => {
  const policy = policyOf(
    packOf(
      rule({ id: 'N', pattern: 'really', action: 'allow', exempts: [{ id: 'X', where: 'text' }] }) +
        general +
        rule({ id: 'X', pattern: '"[^"]*"', action: 'allow', exempts: ['G'] }),
    ),
  );
  t.is(judge(policy, '"key1"').raw, 'ALLOW');
  t.is(judge(policy, '"key1", really').raw, 'BLOCK');
});

test('a rule with roles sees only their texts', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'key1', roles: ['tool', 'assistant'] })));
  const rawOf = (role: Segment['role']) => judge(policy, [segment('key1', { role })]).raw;
  t.deepEqual((['tool', 'assistant', 'user', 'system'] as const).map(rawOf), ['BLOCK', 'BLOCK', 'ALLOW', 'ALLOW']);
});

test('a bare id means the own pack first, then every other; a full one names its pack', (t) => {
  const one = packOf(general, { name: 'one' });
  const two = packOf(general + rule({ id: 'S', pattern: 'key[0-9]', suppresses: ['G'] }), { name: 'two' });
  const named = (judgement: ReturnType<typeof judge>) => judgement.matched.map(({ pack, id }) => `${pack}/${id}`);
  t.deepEqual(named(judge(policyOf([one, two]), 'key1')), ['one/G', 'two/S']);
  const three = packOf(rule({ id: 'S', pattern: 'key[0-9]', suppresses: ['G'] }), { name: 'three' });
  t.deepEqual(named(judge(policyOf([one, three]), 'key1')), ['three/S']);
  const four = packOf(general + rule({ id: 'S', pattern: 'key[0-9]', suppresses: ['one/G'] }), { name: 'four' });
  t.deepEqual(named(judge(policyOf([one, four]), 'key1')), ['four/G', 'four/S']);
});

test('a reference that names no loaded rule is a warning with its place', (t) => {
  const policy = policyOf(packOf(rule({ id: 'S', pattern: 'key[0-9]', suppresses: ['NOBODY'] })));
  t.like(policy.warnings[0], { severity: 'warning', file: 'test.yaml', line: 4 });
  t.is(policy.warnings.length, 1);
});
