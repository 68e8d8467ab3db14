import { stopCoverage } from 'node:v8';
import test from 'ava';
import { parse } from 'yaml';
import type { Segment } from '../../../sidecar/kernel/evaluation.js';
import { takeSteps } from '../../../sidecar/kernel/steps.js';
import { WorkBudget } from '../../../sidecar/policy/budget.js';
import { createEngine } from '../../../sidecar/policy/engine.js';
import type { Pack, Rule } from '../../../sidecar/policy/pack.js';
import { createPolicy, type Policy } from '../../../sidecar/policy/policy.js';
import { planOf, type RulePlan } from '../../../sidecar/policy/rule-plan.js';
import { prepareRules } from '../../../sidecar/policy/rule-set.js';
import { BUILTIN_PACKS, type BuiltinName, builtin, DEFAULT_PACKS, textOf } from './builtin-packs.js';

// Counting makes these loops many times as slow, and other tests go through the same lines.
stopCoverage();

/** Longer examples are tried elsewhere. */
const EXAMPLE_CHARS_MAX = 500;

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

test('trying rules where their literals and words are finds what trying every rule on every text finds', (t) => {
  const packs = DEFAULT_PACKS.map((name) => builtin(name).pack as Pack);
  const { rules, groups } = takeSteps(prepareRules(packs));
  const engine = takeSteps(createEngine(groups));
  const plan = planOf(rules);
  const every: RulePlan = {
    ...planOf([]),
    others: rules.filter(({ rule }) => rule.pattern).sort((a, b) => a.minLength - b.minLength),
    ofLength: plan.ofLength,
    hasInjection: true,
  };
  const found = (segment: Segment, by: RulePlan) => {
    const { matches } = engine.match([segment], by, new WorkBudget(Number.POSITIVE_INFINITY));
    return matches.map(({ prepared, spans }) => `${prepared.rule.id} ${JSON.stringify(spans)}`);
  };
  let matched = 0;
  const missed: string[] = [];
  for (const segment of packs.flatMap((pack) => pack.rules).flatMap(segmentsOf)) {
    const expected = found(segment, every);
    matched += expected.length;
    const own = found(segment, plan);
    if (own.join() !== expected.join()) missed.push(`${segment.pointer} ${segment.text}: ${own} not ${expected}`);
  }
  t.deepEqual(missed, []);
  t.true(matched > 5000, String(matched));
});

/** The examples of a rule, and what looks like a value in them, by itself and under the name of a word that the rule asks for. */
function segmentsOf({ examples, pattern }: Rule): Segment[] {
  const texts = examples.map(({ text }) => text).filter((text) => text.length <= EXAMPLE_CHARS_MAX);
  const [word] = [...(pattern?.keywords ?? []), ...(pattern?.context?.words ?? [])];
  const values = texts.flatMap((text) => text.match(/[\w.-]{5,40}/g)?.at(-1) ?? []);
  const ofPointer = (pointer: string) => (text: string) => ({ text, role: 'user', pointer }) as const;
  return [...texts.map(ofPointer('')), ...values.map(ofPointer('')), ...values.map(ofPointer(`/${word ?? 'name'}`))];
}
