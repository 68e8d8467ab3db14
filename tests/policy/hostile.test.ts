import { stopCoverage } from 'node:v8';
import test from 'ava';
import { compilePattern } from '../../sidecar/policy/pattern.js';
import { idsOf, judge, packOf, policyOf, rule, segment } from './inline-pack.js';

// Counting makes these loops many times as slow, and other tests go through the same lines.
stopCoverage();

/** Nothing here is timed: a pattern that backtracked would not finish within the test runner's limit. */
const finishes = test.macro<[pattern: string, text: string, expected: boolean]>({
  exec: (t, pattern, text, expected) => {
    for (const builtin of [true, false]) {
      const policy = policyOf(packOf(rule({ id: 'A', pattern }), { builtin }));
      t.is(idsOf(judge(policy, text)).length > 0, expected);
    }
  },
  title: (_, pattern, text) => `${pattern} finishes on ${text.length} characters`,
});

const many = 'a'.repeat(5000);
test(finishes, '^(a+)+$', `${many}!`, false);
test(finishes, '^(?:a|a)*$', `${many}!`, false);
test(finishes, '(?:a|aa)+$', `${many}!`, false);
test(finishes, '(?:a*)*b', many, false);
test(finishes, '(?:a?){60}a{60}', 'a'.repeat(59), false);
test(finishes, '(?:[a-z]{1,20}){1,20}!', many, false);
test(finishes, '(?:.{0,200}x){5}', `${many}y`, false);
test(finishes, '[a-z]{0,64}[a-z0-9]{0,64}@', '0a'.repeat(500_000), false);
test(finishes, '(?:\\d[ -]?){13,19}x', '4111 '.repeat(200_000), false);
test(finishes, '[a-z0-9._-]{1,64}@(?:[a-z0-9-]{1,63}\\.){1,8}[a-z]{2,24}\\b', 'a@a.'.repeat(250_000), false);
test(finishes, '(?<![a-z])[a-z]{40}(?![a-z])', 'a'.repeat(1_000_000), false);
test(finishes, '\\w{1000}y', 'x'.repeat(200_000), false);

test('too much work is a gap, decided by onError, and the same every time', (t) => {
  const rules = Array.from({ length: 12 }, (_, i) =>
    rule({ id: `R${i}`, pattern: `[a-z]+[0-9]+[a-z]{${i + 1},}`, action: 'flag' }),
  ).join('');
  const policy = policyOf(packOf(rules), { onError: 'flag' });
  const text = `7 ${'ab '.repeat(1_500_000)}`;
  const workMax = 2_000_000_000;
  const first = judge(policy, text, { workMax });
  t.deepEqual(first.gaps, [{ kind: 'engine:budget' }]);
  t.deepEqual([first.raw, first.effective], ['FLAG', 'FLAG']);
  t.deepEqual(judge(policy, text, { workMax }), first);
});

test('each match on a linear engine counts, because finding its parts takes as long as finding it', (t) => {
  const policy = policyOf(
    packOf(rule({ id: 'A', pattern: 'x[^y]*(?P<value>y[a-z]{0,60}[0-9]{0,60}[a-z0-9]{0,60})z', action: 'flag' }), {
      builtin: true,
    }),
  );
  const judged = (count: number) =>
    judge(policy, `${'xyz'.repeat(count)}${'a'.repeat(3000 - 3 * count)}`, { workMax: 20_000_000 }).gaps.length;
  t.deepEqual([judged(1), judged(1000)], [0, 1]);
});

/** Whatever the clock says: judging ends because its work is counted. */
const endsInBudget = test.macro<[keys: Record<string, unknown>, text: string]>({
  exec: (t, keys, text) => {
    const { gaps, raw } = judge(policyOf(packOf(rule({ id: 'A', ...keys }))), text);
    t.deepEqual(gaps, [{ kind: 'engine:budget' }]);
    t.is(raw, 'BLOCK');
  },
  title: (_, keys, text) => `${keys['pattern']} on ${text.length} characters is too much work`,
});

test(endsInBudget, { pattern: '(?:a{1,50}b?){1,20}z' }, `${'aaab'.repeat(150_000)}z`);
test(endsInBudget, { pattern: '(?:.{0,200}x){5}y' }, `${'abx'.repeat(100_000)}y`);
test(endsInBudget, { pattern: '(?:[ab]?){1000}(?:[ab]?){1000}[cd]' }, 'ab'.repeat(50_000));
test(endsInBudget, { pattern: '[ab]*a[ab]{500}[cd]' }, 'abba'.repeat(50_000));
// Each of the matches costs a look at the rest of the text.
test(endsInBudget, { pattern: 'a.*b|a', validators: ['luhn'] }, 'a'.repeat(30_000));
test(endsInBudget, { pattern: 'a[^b]*b|c', action: 'mask' }, 'ac'.repeat(30_000));

const workOf = (pattern: string, text: string): number => {
  const { matcher } = compilePattern(pattern, { builtin: false, dialect: 're2' });
  let units = 0;
  const spend = (more: number) => {
    units += more;
  };
  matcher.each(text, 0, text.length, () => true, spend);
  return units;
};

test('ordinary patterns on ordinary text cost little, however many states they have', (t) => {
  const text = 'Please write to jane.doe@mail.example.com, or call +1 202 555 0143 before noon.\n'.repeat(1000);
  const email = '[a-z0-9._-]{1,64}@(?:[a-z0-9-]{1,63}\\.){1,8}[a-z]{2,24}\\b';
  for (const pattern of [email, '\\w+@\\w+', '"[^"]{1,100}"', 'call.*noon', '(?:\\+?[0-9][ -]?){7,15}']) {
    const perCharacter = workOf(pattern, text) / text.length;
    t.true(perCharacter < 1000, `${pattern}: ${perCharacter}`);
  }
});

test('work grows with the text, and in the square of it only where each match costs a look at the rest', (t) => {
  const ratio = (pattern: string, text: string) => workOf(pattern, text.repeat(2)) / workOf(pattern, text);
  t.true(ratio('(?:a{1,50}b?){1,20}z', 'aaab'.repeat(2000)) < 2.1);
  t.true(ratio('\\w+@\\w+', 'me@home you@work '.repeat(500)) < 2.1);
  t.true(ratio('a.*b|a', 'aa\n'.repeat(1000)) < 2.1);
  t.true(ratio('a.*b|a', 'a'.repeat(3000)) > 3.5);
});

test('a validator costs nothing where the required word is not near', (t) => {
  const checks = { validators: [{ phone: ['US'] }], context: { words: ['phone'], required: true } };
  const policy = policyOf(packOf(rule({ id: 'A', pattern: '[0-9]{10}', ...checks })));
  const { gaps, raw } = judge(policy, '4155552671 '.repeat(100_000));
  t.deepEqual([gaps, raw], [[], 'ALLOW']);
});

test('an engine that throws is a gap, decided by onError', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'a' })));
  const broken = {
    get text(): string {
      throw new Error('broken');
    },
    role: 'user',
    pointer: '',
  } as const;
  const { gaps, raw, fault } = policy.judge({ segments: [broken], gaps: [] }, { direction: '', endpoint: '' });
  t.deepEqual([gaps, raw, fault?.cause], [[{ kind: 'engine:error' }], 'BLOCK', 'Error']);
});

test('a million matches of an excepted rule end in a verdict', (t) => {
  const rules =
    rule({ id: 'G', pattern: '[a-z]' }) + rule({ id: 'X', pattern: '[a-z]', action: 'allow', exempts: ['G'] });
  t.is(judge(policyOf(packOf(rules)), 'a'.repeat(1_000_000)).raw, 'BLOCK');
});

test('many small segments are judged like one text', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'needle', min_count: 3 })));
  const segments = Array.from({ length: 50_000 }, (_, i) => segment(i % 20_000 === 7 ? 'a needle' : 'hay'));
  t.deepEqual(idsOf(judge(policy, segments)), ['A']);
});
