import { stopCoverage } from 'node:v8';
import test from 'ava';
import { parse } from 'yaml';
import type { Pack, Rule } from '../../../sidecar/policy/pack.js';
import { createPolicy, type Policy } from '../../../sidecar/policy/policy.js';
import { BUILTIN_PACKS, type BuiltinName, builtin, DEFAULT_PACKS, textOf } from './builtin-packs.js';

// Counting makes these loops many times as slow, and other tests go through the same lines.
stopCoverage();

/** Every key of a rule, but what this version refuses or does not ask. */
const FEATURES =
  'pattern min_count max_chars applies_to endpoints shadow_override keywords validators context score suppresses exempts tags mask enabled examples'.split(
    ' ',
  );

const loads = test.macro((t, name: BuiltinName) => {
  const { pack, problems } = builtin(name);
  t.deepEqual(problems, []);
  t.is(pack?.name, name);
});

for (const name of BUILTIN_PACKS)
  test(`the pack ${name} loads without a problem, so all its examples hold`, loads, name);

test('every rule that can match shows three matches and three near-misses', (t) => {
  const short = allRules().filter(
    ({ rule }) => (rule.pattern || rule.maxChars !== undefined) && (count(rule, true) < 3 || count(rule, false) < 3),
  );
  t.deepEqual(
    short.map(({ rule }) => rule.id),
    [],
  );
});

test('the default packs use every feature of the rule model', (t) => {
  const rules = DEFAULT_PACKS.flatMap(
    (name) => (parse(textOf(name), { maxAliasCount: -1 }) as { rules: Record<string, unknown>[] }).rules,
  );
  const used = new Set(rules.flatMap((rule) => Object.keys(rule)));
  t.deepEqual(
    FEATURES.filter((feature) => !used.has(feature)),
    [],
  );
  const values = (key: string) => [...new Set(rules.map((rule) => String(rule[key])))].sort();
  t.deepEqual(values('action'), ['allow', 'block', 'flag']);
  t.deepEqual(values('severity'), ['critical', 'high', 'low', 'medium']);
});

test('no id stands in two of the packs', (t) => {
  const ids = allRules().map(({ rule }) => rule.id);
  t.deepEqual(
    ids.filter((id, i) => ids.indexOf(id) !== i),
    [],
  );
});

test('what rules suppress and exempt exists', (t) => {
  const warnings = policyOf(BUILTIN_PACKS).warnings.map(({ message }) => message);
  t.deepEqual(warnings, ['llm_prompt is not asked: moderators.default is not configured']);
});

test('the moderation endpoint exempts every injection rule', (t) => {
  const rules = builtin('injection').pack?.rules ?? [];
  const exempted = rules.find(({ id }) => id === 'INJ-MODERATION-INPUT')?.exempts.map(({ id }) => id) ?? [];
  const open = rules.filter(({ action, id }) => action !== 'allow' && !exempted.includes(id));
  t.deepEqual(
    open.map(({ id }) => id),
    [],
  );
});

test('only shadow-proof rule of the default packs is one that flags', (t) => {
  const enforced = DEFAULT_PACKS.flatMap((name) => builtin(name).pack?.rules ?? []).filter(({ enforce }) => enforce);
  t.deepEqual(
    enforced.map(({ action }) => action),
    ['flag'],
  );
});

test('no example is spelt so that a scanner for secrets would take the file for a leak', (t) => {
  const policy = policyOf(['secrets']);
  // Such scanners do not undo escapes, as this engine does.
  const asTheyRead = (name: BuiltinName) => textOf(name).replaceAll('\\x', '?');
  const blocked = BUILTIN_PACKS.filter((name) => judge(policy, asTheyRead(name)).raw === 'BLOCK');
  t.deepEqual(blocked, []);
});

function policyOf(names: readonly BuiltinName[]): Policy {
  const packs = names.map((name) => builtin(name).pack).filter((pack): pack is Pack => pack !== undefined);
  return createPolicy(packs, { shadow: false, onError: 'deny', gapActions: {} });
}

function judge(policy: Policy, text: string) {
  const segments = [{ text, role: 'user' as const, pointer: '' }];
  return policy.judge({ segments, gaps: [] }, { direction: '', endpoint: '' });
}

function allRules(): { name: BuiltinName; rule: Rule }[] {
  return BUILTIN_PACKS.flatMap((name) => (builtin(name).pack?.rules ?? []).map((rule) => ({ name, rule })));
}

function count(rule: Rule, matches: boolean): number {
  return rule.examples.filter((example) => example.matches === matches).length;
}
