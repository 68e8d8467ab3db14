import test from 'ava';
import type { HeldBack, Segment } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import {
  type Answer,
  type ClassifierQuestion,
  type OpenJudgement,
  settleJudgement,
  withAnswers,
} from '../../sidecar/policy/classifier.js';
import type { Policy } from '../../sidecar/policy/policy.js';
import type { Scope } from '../../sidecar/policy/scope.js';
import type { VerdictSettings } from '../../sidecar/policy/verdict.js';
import { idsOf, packOf, policyOf, rule, segment } from './inline-pack.js';

const CLASSIFIERS = new Map([
  ['default', 'flag'],
  ['strict', 'deny'],
  ['mild', 'allow'],
] as const);

function policyWith(rules: string, settings: Partial<VerdictSettings> = {}, name?: string): Policy {
  return policyOf(packOf(rules, name === undefined ? {} : { name }), { classifiers: CLASSIFIERS, ...settings });
}

/** Judges as far as that goes without classifiers. */
function open(policy: Policy, texts: string | readonly Segment[], scope: Partial<Scope> = {}): OpenJudgement {
  const segments = typeof texts === 'string' ? [segment(texts)] : texts;
  return policy.judge({ segments, gaps: [] }, { direction: '', endpoint: '', ...scope });
}

const askedIds = (judgement: OpenJudgement) => judgement.questions?.map(({ rule: { id } }) => id) ?? [];
const yes: Answer = { said: 'yes', model: 'm' };
const no: Answer = { said: 'no', model: 'm' };
const failed: Answer = { said: 'failed', model: 'm' };
const asks = (keys: Record<string, unknown>) => rule({ llm_prompt: `prompt of ${keys['id']}`, ...keys });

test('a rule asks its own classifier, or the one called default', (t) => {
  const policy = policyWith(asks({ id: 'A' }) + asks({ id: 'B', classifier: 'strict' }));
  const { questions = [], ...judgement } = open(policy, 'the text');
  t.deepEqual(
    questions.map(({ classifier, prompt, text, isCut }) => [classifier, prompt, text, isCut]),
    [
      ['default', 'prompt of A', 'the text', false],
      ['strict', 'prompt of B', 'the text', false],
    ],
  );
  t.like(judgement, { raw: 'ALLOW', matched: [] });
  t.deepEqual(
    policy.rules.map(({ enabled, streaming }) => [enabled, streaming]),
    [
      [true, 'whole'],
      [true, 'whole'],
    ],
  );
  t.deepEqual(policy.warnings, []);
});

test('a rule whose classifier is not configured is not asked, and a warning says so', (t) => {
  const policy = policyWith(
    asks({ id: 'A', classifier: 'absent' }) + asks({ id: 'B', classifier: 'constructor', pattern: 'b' }),
  );
  t.deepEqual(askedIds(open(policy, 'the text')), []);
  t.deepEqual(
    policy.rules.map(({ enabled }) => enabled),
    [false, true],
  );
  t.deepEqual(
    policy.warnings.map(({ line, message }) => `${line} ${message}`),
    [
      '4 llm_prompt is not asked: moderators.absent is not configured',
      '5 llm_prompt is not asked: moderators.constructor is not configured',
    ],
  );
});

test('a rule that is switched off is not asked', (t) => {
  t.deepEqual(askedIds(open(policyWith(asks({ id: 'A', enabled: false })), 'x')), []);
});

test('only rules in scope are asked', (t) => {
  const policy = policyWith(
    asks({ id: 'IN', applies_to: ['inbound'] }) +
      asks({ id: 'OUT', applies_to: ['outbound'] }) +
      asks({ id: 'X', endpoints: ['/x/*'] }),
  );
  t.deepEqual(askedIds(open(policy, 'x', { direction: 'inbound' })), ['IN']);
  t.deepEqual(askedIds(open(policy, 'x', { direction: 'outbound', endpoint: '/x/y' })), ['OUT', 'X']);
  t.deepEqual(askedIds(open(policy, 'x', { packs: [] })), []);
});

test('conditions are OR-ed: what has matched already is not asked', (t) => {
  const policy = policyWith(
    asks({ id: 'A', action: 'flag', pattern: 'apple' }) + asks({ id: 'B', action: 'flag', max_chars: 8 }),
  );
  t.deepEqual(askedIds(open(policy, 'an apple')), ['B']);
  t.deepEqual(askedIds(open(policy, 'one pear and more')), ['A']);
});

test('nothing is asked once it is a block', (t) => {
  const policy = policyWith(rule({ id: 'WORD', pattern: 'apple' }) + asks({ id: 'A' }));
  t.is(open(policy, 'an apple').questions, undefined);
  t.deepEqual(askedIds(open(policy, 'a pear')), ['A']);
});

test('in shadow a block that holds nothing back ends the asking, but for rules that enforce', (t) => {
  const rules =
    rule({ id: 'WORD', pattern: 'apple' }) + asks({ id: 'A' }) + asks({ id: 'B', shadow_override: 'enforce' });
  t.deepEqual(askedIds(open(policyWith(rules, { shadow: true }), 'an apple')), ['B']);
  t.deepEqual(askedIds(open(policyWith(rules, { shadow: true }), 'a pear')), ['A', 'B']);
});

test('nothing is asked about nothing', (t) => {
  const policy = policyWith(asks({ id: 'A' }));
  for (const segments of [[], [segment('')], [segment(' \n')]]) t.is(open(policy, segments).questions, undefined);
});

test('a rule whose matches another one would take away anywhere is not asked', (t) => {
  const policy = policyWith(
    rule({ id: 'S', action: 'flag', pattern: 'apple', suppresses: [{ id: 'A', where: 'anywhere' }, 'B'] }) +
      asks({ id: 'A' }) +
      asks({ id: 'B' }),
  );
  t.deepEqual(askedIds(open(policy, 'an apple')), ['B']);
  t.deepEqual(askedIds(open(policy, 'a pear')), ['A', 'B']);
});

test('a rule that promises to suppress by its prompt is warned about', (t) => {
  const policy = policyWith(asks({ id: 'A', suppresses: ['B'] }) + rule({ id: 'B', pattern: 'b' }));
  t.deepEqual(
    policy.warnings.map(({ message }) => message),
    ['a match by llm_prompt suppresses and exempts nothing'],
  );
});

test('the text is what values say, in order, without names and without what stands there twice', (t) => {
  const [question] =
    open(policyWith(asks({ id: 'A' })), [
      segment('messages', { pointer: '/messages#' }),
      segment('Be kind.', { pointer: '/messages/0/content', role: 'system' }),
      segment('a/b~c', { pointer: '/a~1b~0c#' }),
      segment('part one', { pointer: '/messages/1/content/0/text' }),
      segment('part two', { pointer: '/messages/1/content/1/text' }),
      segment('part onepart two', { pointer: '/messages/1/content', derived: true }),
      segment('a value whose name ends so', { pointer: '/x#' }),
    ]).questions ?? [];
  t.is(question?.text, 'Be kind.\npart one\npart two\na value whose name ends so');
});

test('an injection rule is not asked about instructions', (t) => {
  const policy = policyWith(asks({ id: 'A', tags: ['injection'] }) + asks({ id: 'B' }));
  const { questions } = open(policy, [segment('Be kind.', { role: 'system' }), segment('Hi')]);
  t.deepEqual(
    questions?.map(({ text }) => text),
    ['Hi', 'Be kind.\nHi'],
  );
});

test('of a long text the end is asked about, and the question says so', (t) => {
  const max = LIMITS.classifierTextCharsMax;
  const cut = (...texts: string[]) => {
    const [question] =
      open(
        policyWith(asks({ id: 'A' })),
        texts.map((text) => segment(text)),
      ).questions ?? [];
    return [question?.text.length, question?.isCut, question?.text.slice(-3)];
  };
  t.deepEqual(cut('a'.repeat(max)), [max, false, 'aaa']);
  t.deepEqual(cut(`b${'a'.repeat(max - 3)}end`), [max, true, 'end']);
  t.deepEqual(cut('old', 'a'.repeat(max)), [max, true, 'aaa']);
  t.deepEqual(cut('old', 'a'.repeat(max - 1)), [max - 1, true, 'aaa']);
  t.deepEqual(cut('o', 'a'.repeat(max - 2)), [max, false, 'aaa']);
});

test('what is sent is well-formed, also where the cut divides a pair', (t) => {
  const [question] =
    open(policyWith(asks({ id: 'A' })), [segment(`😀${'a'.repeat(LIMITS.classifierTextCharsMax - 1)}`), segment('')])
      .questions ?? [];
  t.true(question?.text.isWellFormed());
  t.is(question?.text.length, LIMITS.classifierTextCharsMax);
});

test('a yes makes the rule match, in its place in the file', (t) => {
  const policy = policyWith(
    asks({ id: 'A', action: 'flag' }) +
      rule({ id: 'B', action: 'flag', pattern: 'x' }) +
      asks({ id: 'C' }) +
      asks({ id: 'D', action: 'flag' }) +
      rule({ id: 'E', action: 'allow', pattern: 'x' }),
  );
  const judgement = withAnswers(open(policy, 'x'), [yes, yes, no]);
  t.deepEqual(idsOf(judgement), ['A', 'B', 'C', 'E']);
  t.like(judgement, { raw: 'BLOCK', effective: 'BLOCK', gaps: [] });
  t.deepEqual(judgement.answers, [
    { ruleId: 'A', classifier: 'default', model: 'm', said: 'yes' },
    { ruleId: 'C', classifier: 'default', model: 'm', said: 'yes' },
    { ruleId: 'D', classifier: 'default', model: 'm', said: 'no' },
  ]);
  t.false('questions' in judgement);
});

test('a no changes nothing but the record', (t) => {
  const judged = open(policyWith(asks({ id: 'A' })), 'x');
  const { answers, ...judgement } = withAnswers(judged, [no]);
  const { questions, ...before } = judged;
  t.deepEqual(judgement, before);
  t.is(answers?.length, questions?.length);
});

for (const [action, effective] of [
  ['block', 'BLOCK'],
  ['flag', 'FLAG'],
  ['allow', 'ALLOW'],
] as const) {
  test(`shadow holds back a yes of a rule that would ${action}, unless it enforces`, (t) => {
    const verdicts = (keys: object) => {
      const policy = policyWith(asks({ id: 'A', action, ...keys }), { shadow: true });
      const judgement = withAnswers(open(policy, 'x'), [yes]);
      return [judgement.raw, judgement.effective];
    };
    t.deepEqual(verdicts({}), [effective, 'ALLOW']);
    t.deepEqual(verdicts({ shadow_override: 'enforce' }), [effective, effective]);
  });
}

for (const [classifier, raw] of [
  ['default', 'FLAG'],
  ['strict', 'BLOCK'],
  ['mild', 'ALLOW'],
] as const) {
  test(`no answer of the classifier ${classifier} is a gap and means ${raw}`, (t) => {
    const judged = (settings: Partial<VerdictSettings>, keys: object = {}) =>
      withAnswers(open(policyWith(asks({ id: 'A', classifier, ...keys }), settings), 'x'), [failed]);
    t.like(judged({}), { raw, effective: raw, matched: [], gaps: [{ kind: 'classifier:unavailable' }] });
    t.like(judged({ shadow: true }), { raw, effective: 'ALLOW' });
    t.like(judged({ shadow: true }, { shadow_override: 'enforce' }), { raw, effective: raw });
  });
}

test('an answer about a part of the text is a gap whose action is a setting', (t) => {
  const long = 'a'.repeat(LIMITS.classifierTextCharsMax + 1);
  const judged = (settings: Partial<VerdictSettings>, answer: Answer) =>
    withAnswers(open(policyWith(asks({ id: 'A', action: 'flag' }), settings), long), [answer]);
  t.like(judged({}, no), { raw: 'FLAG', effective: 'FLAG', gaps: [{ kind: 'classifier:partial' }] });
  t.like(judged({ gapActions: { 'classifier:partial': 'allow' } }, no), { raw: 'ALLOW' });
  t.like(judged({ gapActions: { 'classifier:partial': 'deny' }, shadow: true }, yes), {
    raw: 'BLOCK',
    effective: 'ALLOW',
    gaps: [{ kind: 'classifier:partial' }],
  });
  t.deepEqual(judged({}, failed).gaps, [{ kind: 'classifier:unavailable' }]);
});

test('all questions are put at once', async (t) => {
  const policy = policyWith(asks({ id: 'A' }) + asks({ id: 'B' }));
  const pending: { question: Pick<ClassifierQuestion, 'prompt'>; answer: (answer: Answer) => void }[] = [];
  const settled = settleJudgement(open(policy, 'x'), {
    ask: (question) => new Promise((answer) => pending.push({ question, answer })),
  });
  t.is(pending.length, 2);
  for (const { question, answer } of pending.toReversed()) answer(question.prompt === 'prompt of A' ? yes : no);
  t.deepEqual(idsOf(await settled), ['A']);
});

test('which classifiers there are, and what their failure means, is part of the revision', (t) => {
  const revision = (classifiers?: VerdictSettings['classifiers']) =>
    policyOf(packOf(asks({ id: 'A' })), classifiers ? { classifiers } : {}).revision;
  const revisions = [revision(), revision(new Map([['default', 'flag']])), revision(new Map([['default', 'deny']]))];
  t.is(new Set(revisions).size, 3);
});

test('maintenance holds back answers as shadow does, of its packs only', (t) => {
  const policy = policyWith(asks({ id: 'A', classifier: 'strict', action: 'block' }));
  const verdict = (heldBack: HeldBack, answer: Answer) => {
    const { raw, effective } = withAnswers(open(policy, 'x', { heldBack }), [answer]);
    return [raw, effective];
  };
  for (const answer of [yes, failed]) {
    t.deepEqual(verdict('all', answer), ['BLOCK', 'ALLOW']);
    t.deepEqual(verdict(['test'], answer), ['BLOCK', 'ALLOW']);
    t.deepEqual(verdict(['other'], answer), ['BLOCK', 'BLOCK']);
  }
});
