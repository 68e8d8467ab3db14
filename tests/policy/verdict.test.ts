import test from 'ava';
import fc from 'fast-check';
import type { HeldBack } from '../../sidecar/kernel/evaluation.js';
import { FIXED_GAP_KINDS, GAP_ACTIONS, GAP_KINDS, type GapKind } from '../../sidecar/kernel/gap.js';
import { ACTIONS, VERDICTS } from '../../sidecar/kernel/verdict.js';
import { verdictsOf } from '../../sidecar/policy/verdict.js';
import { judge, packOf, policyOf, rule } from './inline-pack.js';

const kinds = Object.keys(GAP_KINDS) as GapKind[];
const action = fc.constantFrom(...ACTIONS);
const matched = fc.array(
  fc.record({
    action,
    effectiveAction: action,
    id: fc.constant('A'),
    pack: fc.constant('p'),
    title: fc.constant(''),
    severity: fc.constant(''),
  }),
  { maxLength: 6 },
);
const gaps = fc.array(fc.record({ kind: fc.constantFrom(...kinds) }), { maxLength: 4 });
const settings = fc.record({
  shadow: fc.boolean(),
  onError: fc.constantFrom(...GAP_ACTIONS),
  gapActions: fc.constant({}),
});
const rank = (verdict: string) => VERDICTS.indexOf(verdict as (typeof VERDICTS)[number]);

test('the verdict of two evidences together is the stricter of their verdicts, in any order', (t) => {
  fc.assert(
    fc.property(matched, matched, gaps, gaps, settings, (rulesA, rulesB, gapsA, gapsB, set) => {
      const joint = verdictsOf([...rulesB, ...rulesA], [...gapsA, ...gapsB], set);
      const [a, b] = [verdictsOf(rulesA, gapsA, set), verdictsOf(rulesB, gapsB, set)];
      return (
        rank(joint.raw) === Math.max(rank(a.raw), rank(b.raw)) &&
        rank(joint.effective) === Math.max(rank(a.effective), rank(b.effective))
      );
    }),
  );
  t.pass();
});

test('shadow never makes a verdict stricter', (t) => {
  fc.assert(
    fc.property(gaps, settings, (found, set) => {
      const { raw, effective } = verdictsOf([], found, { ...set, shadow: true });
      return rank(effective) <= rank(raw);
    }),
  );
  t.pass();
});

test('block is stricter than flag, flag than allow', (t) => {
  const policy = policyOf(
    packOf(
      rule({ id: 'A', pattern: 'a', action: 'allow' }) +
        rule({ id: 'F', pattern: 'f', action: 'flag' }) +
        rule({ id: 'B', pattern: 'b' }),
    ),
  );
  const rawOf = (text: string) => judge(policy, text).raw;
  t.deepEqual(['', 'a', 'af', 'fba'].map(rawOf), ['ALLOW', 'ALLOW', 'FLAG', 'BLOCK']);
});

test('in shadow only the action of an enforcing rule itself counts', (t) => {
  const rules =
    rule({ id: 'B', pattern: 'b' }) + rule({ id: 'E', pattern: 'e', action: 'flag', shadow_override: 'enforce' });
  const policy = policyOf(packOf(rules), { shadow: true });
  const both = judge(policy, 'be');
  t.deepEqual([both.raw, both.effective], ['BLOCK', 'FLAG']);
  t.deepEqual(
    both.matched.map(({ effectiveAction }) => effectiveAction),
    ['allow', 'flag'],
  );
  t.is(judge(policy, 'b').effective, 'ALLOW');
});

test('every gap kind has its default, its setting, and its shadow', (t) => {
  for (const kind of kinds) {
    const isFixed = FIXED_GAP_KINDS.includes(kind);
    const isEngine = kind.startsWith('engine:');
    const base = { shadow: false, onError: 'flag', gapActions: { [kind]: 'allow' } } as const;
    const expected = isFixed ? 'BLOCK' : isEngine ? 'FLAG' : 'ALLOW';
    t.is(verdictsOf([], [{ kind }], base).raw, expected, kind);
    const shadowed = verdictsOf([], [{ kind }], { ...base, gapActions: {}, shadow: true });
    t.is(shadowed.effective, isFixed ? 'BLOCK' : 'ALLOW', kind);
  }
});

test('a gap is listed once, in order of appearance', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'a' })));
  const found = (['coding:stacked', 'json:depth', 'coding:stacked'] as const).map((kind) => ({ kind }));
  const { gaps: listed } = policy.judge({ segments: [], gaps: found }, { direction: '', endpoint: '' });
  t.deepEqual(listed, [{ kind: 'coding:stacked' }, { kind: 'json:depth' }]);
});

test('the revision is stable, and changes with packs and with every setting', (t) => {
  const pack = packOf(rule({ id: 'A', pattern: 'a' }));
  const other = packOf(rule({ id: 'A', pattern: 'b' }));
  const revision = policyOf(pack).revision;
  t.regex(revision, /^[0-9a-f]{64}$/);
  t.is(
    policyOf(packOf(rule({ id: 'A', pattern: 'a' })), { gapActions: { 'coding:stacked': 'deny' } }).revision,
    revision,
  );
  const others = [
    policyOf(other),
    policyOf([pack, packOf(rule({ id: 'A', pattern: 'a' }), { name: 'two' })]),
    policyOf(pack, { shadow: true }),
    policyOf(pack, { onError: 'allow' }),
    policyOf(pack, { gapActions: { 'coding:stacked': 'flag' } }),
  ].map((policy) => policy.revision);
  t.is(new Set([revision, ...others]).size, 6);
});

test('maintenance of packs holds back their rules, but for those that enforce; of everything gaps too', (t) => {
  const one = packOf(rule({ id: 'A', pattern: 'a' }) + rule({ id: 'E', pattern: 'e', shadow_override: 'enforce' }), {
    name: 'one',
  });
  const policy = policyOf([one, packOf(rule({ id: 'B', pattern: 'b' }), { name: 'two' })]);
  const effective = (text: string, heldBack: HeldBack) => judge(policy, text, { heldBack }).effective;
  const texts = ['a', 'b', 'e'];
  t.deepEqual(
    texts.map((text) => effective(text, ['one'])),
    ['ALLOW', 'BLOCK', 'BLOCK'],
  );
  t.deepEqual(
    texts.map((text) => effective(text, ['one', 'two'])),
    ['ALLOW', 'ALLOW', 'BLOCK'],
  );
  t.deepEqual(
    texts.map((text) => effective(text, 'all')),
    ['ALLOW', 'ALLOW', 'BLOCK'],
  );
  t.is(judge(policy, 'a', { heldBack: 'all' }).raw, 'BLOCK');
  const ofGap = (kind: GapKind, heldBack: HeldBack) =>
    policy.judge({ segments: [], gaps: [{ kind }] }, { direction: '', endpoint: '', heldBack }).effective;
  t.is(ofGap('json:depth', ['one', 'two']), 'BLOCK');
  t.is(ofGap('json:depth', 'all'), 'ALLOW');
  t.is(ofGap('config:packs', 'all'), 'BLOCK', 'as in shadow');
});

test('what a named route says of gaps and errors goes before what holds elsewhere, gap by gap', (t) => {
  const policy = policyOf(packOf(rule({ id: 'B', pattern: 'b' })), {
    gapActions: { 'uninspectable:image': 'deny', 'reference:url': 'deny' },
    routes: new Map([['images', { gapActions: { 'uninspectable:image': 'allow' }, onError: 'flag' as const }]]),
  });
  const rawOf = (kind: GapKind, route?: string) =>
    policy.judge({ segments: [], gaps: [{ kind }] }, { direction: '', endpoint: '', ...(route && { route }) }).raw;
  t.is(rawOf('uninspectable:image'), 'BLOCK');
  t.is(rawOf('uninspectable:image', 'images'), 'ALLOW');
  t.is(rawOf('uninspectable:image', 'gone'), 'BLOCK');
  t.is(rawOf('reference:url', 'images'), 'BLOCK');
  t.is(rawOf('engine:error', 'images'), 'FLAG');
  t.is(rawOf('engine:error'), 'BLOCK');
  t.is(rawOf('config:packs', 'images'), 'BLOCK');
});
