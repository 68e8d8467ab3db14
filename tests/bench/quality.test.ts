import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readCases } from '../../bench/quality/cases.js';
import { globOf } from '../../bench/quality/claims.js';
import { policyOfPacks } from '../../bench/quality/judge.js';
import { claimsOf, measure, SCORED_PACKS } from '../../bench/quality/run.js';
import { missesOf, tableOf } from '../../bench/quality/table.js';
import { tempDirectory } from '../config/temp-directory.js';
import { packOf, policyOf, rule } from '../policy/inline-pack.js';
import { repositoryRoot } from '../processes/sidecar.js';

const SET = join(repositoryRoot, 'tests', 'bench', 'quality-set');
const ALPHA = '\\balpha-[0-9]{4}\\b';
const CLAIMS = `
structured_pii: ["pii/*", "!pii/AGE"]
entities:
  alpha: [secrets/ALPHA]
  "p*": [pii/AGE]
  "phone:*": [pii/PHONE, pii/PHONE-LOCAL]
  postcode: []
`;

/** Measures the test's own set; the pattern of one rule can be another. */
function measured({ alpha = ALPHA, ...filter }: { alpha?: string; category?: string; entity?: string } = {}) {
  const policy = policyOf([
    packOf(
      rule({ id: 'ALPHA', pattern: alpha }) +
        rule({ id: 'BETA', pattern: '\\bbeta-[0-9]{4}\\b', action: 'flag' }) +
        rule({ id: 'SHORT', pattern: '\\balpha-[0-9]{2}\\b', action: 'allow' }),
      { name: 'secrets' },
    ),
    packOf(
      rule({ id: 'PHONE', pattern: '\\+[0-9]{3,10}' }) +
        rule({ id: 'PHONE-LOCAL', pattern: '\\+[0-9]{2}$', action: 'allow' }) +
        rule({ id: 'AGE', pattern: 'aged [0-9]+', action: 'flag' }),
      { name: 'pii' },
    ),
    packOf(rule({ id: 'OVERRIDE', pattern: 'ignore the rules' }), { name: 'injection' }),
  ]);
  const { cases, faults } = readCases(SET);
  return { faults, ...measure(policy, claimsOf(policy, CLAIMS), cases, filter) };
}

const whole = measured();

type Said = readonly [kind: string, hit: boolean | undefined, entityHit: boolean | undefined];

const scores = test.macro({
  exec: (t, text: string, category: string, expected: Said) => {
    const found = whole.outcomes.filter((outcome) => outcome.case.text === text && outcome.category === category);
    t.deepEqual(
      found.map(({ kind, hit, entityHit }) => [kind, hit, entityHit]),
      [[...expected]],
    );
  },
  title: (why) => why ?? '',
});

test('a match is met by the rule of its entity', scores, 'the key is alpha-1234', 'secrets', ['match', true, true]);
test('a match is met by another rule of its category too, which the stricter figure shows', (t) => {
  const { outcomes } = measured({ alpha: 'never' });
  const { hit, entityHit } = outcomes.find(({ case: { text } }) => text.includes('then beta')) ?? {};
  t.deepEqual([hit, entityHit], [true, false]);
});
test('a rule that only marks meets no match', scores, 'the key is alpha-12', 'secrets', ['match', false, false]);
test('without a rule for its entity, a match is scored by its category', scores, 'the key is beta-1234', 'secrets', [
  'match',
  true,
  undefined,
]);
test('any rule of the category hits a category negative', scores, 'beta-12', 'secrets', [
  'category-negative',
  false,
  false,
]);
test('another rule may fire on an entity negative', scores, 'alpha-12 or beta-1234', 'secrets', [
  'entity-negative',
  false,
  false,
]);
test('an entity negative is left out when no rule stands for the entity', scores, 'beta-1234', 'secrets', [
  'entity-negative',
  undefined,
  undefined,
]);
test('a whole string is met but for the blanks around it', scores, ' +49301234 ', 'pii', ['whole-match', true, true]);
test('a whole string is not met by a part of it', scores, 'tel +49301234', 'pii', ['whole-match', false, false]);
test('a whole string is not hit by a part of it', scores, '(+49301234)', 'pii', ['whole-negative', false, false]);
test('a whole string that a rule only marks is not hit', scores, '+33', 'pii', ['whole-negative', false, false]);
test('a whole string is left out when no rule stands for it, whatever a shorter prefix says', scores, '12345', 'pii', [
  'whole-match',
  undefined,
  undefined,
]);
test('an age is no structured identifier', scores, 'she is aged 30', 'structured_pii', [
  'category-negative',
  false,
  undefined,
]);
test('a phone number is a structured identifier', scores, 'call +49301234', 'structured_pii', [
  'category-negative',
  true,
  undefined,
]);

test('an ordinary text is scored for each category in negative_for and for no other', (t) => {
  const categoriesOf = (text: string) =>
    whole.outcomes.filter((outcome) => outcome.case.text === text).map(({ category }) => category);
  t.deepEqual(categoriesOf('call +49301234'), ['prompt_injection', 'secrets', 'structured_pii']);
  t.deepEqual(categoriesOf('set alpha-9999'), ['prompt_injection']);
});

test('figures are shares of texts and means over entities', (t) => {
  const { match, matchByEntity, entityNegatives, spans, counts } = figuresOf(whole, 'secrets');
  t.like(match, { n: 4, unclaimed: 0, hits: 3, share: 3 / 4, macro: (2 / 3 + 1) / 2 });
  t.like(matchByEntity, { n: 3, unclaimed: 1, hits: 2 });
  t.like(entityNegatives, { n: 1, unclaimed: 1, hits: 0 });
  t.like(spans, { n: 3, hits: 2 });
  t.like(counts, { n: 3, hits: 2 });
});

test('ordinary texts are counted once, by pack and by what is blocked', (t) => {
  t.deepEqual(whole.report.benign, { n: 3, blocked: 2, flagged: 3, packs: { pii: 2 / 3, secrets: 1 / 3 } });
});

test('prompt injection is told by repository, as said by a user and by a tool', (t) => {
  const rows = whole.report.injection.map(({ source, role, figures }) => [source, role, figures.match.n]);
  t.deepEqual(rows, [
    ['ours/second', 'user', 0],
    ['ours/third', 'user', 1],
    ['ours/second', 'tool', 0],
    ['ours/third', 'tool', 1],
  ]);
});

test('a rule that finds nothing lowers recall', (t) => {
  const { match, matchByEntity, spans } = figuresOf(measured({ alpha: 'never' }), 'secrets');
  t.deepEqual([match.hits, matchByEntity.hits, spans.hits], [2, 0, 0]);
});

test('a rule that finds too much hits negatives', (t) => {
  const { categoryNegatives, entityNegatives } = figuresOf(measured({ alpha: '[a-z]+-[0-9]+' }), 'secrets');
  t.deepEqual([categoryNegatives.hits, entityNegatives.hits], [1, 1]);
});

test('a rule that finds the right text in the wrong place changes count and places', (t) => {
  const { match, spans, counts } = figuresOf(measured({ alpha: 'the' }), 'secrets');
  t.deepEqual([match.hits, spans.hits, counts.hits], [4, 0, 2]);
});

test('category and entity narrow down what is measured', (t) => {
  const names = (filter: { category?: string; entity?: string }) =>
    measured(filter).report.entities.map(({ category, entity }) => `${category} ${entity}`);
  t.deepEqual(names({ category: 'structured_pii' }), ['structured_pii chat']);
  t.deepEqual(names({ entity: 'phone:*' }), ['pii phone:de-DE', 'pii phone:fr-FR']);
});

test('misses name texts that are scored wrongly, so many of each entity, and nothing that acts on a terminal', (t) => {
  const { outcomes } = measured({ alpha: 'never' });
  t.is(missesOf(outcomes, 0), '');
  const secrets = outcomes.filter(({ category }) => category === 'secrets');
  t.is(
    missesOf(secrets, 1),
    'missed match  secrets alpha  ours/first:a.test.ts  [no rule]\n    the key is alpha-1234\n',
  );
  const hostile = secrets.map((outcome) => ({ ...outcome, case: { ...outcome.case, text: 'a\u001b[2J\nb' } }));
  t.true(missesOf(hostile, 1).endsWith('    a\\u{1b}[2J\\u{a}b\n'));
});

test('the table says what the figures say', (t) => {
  const text = tableOf(whole.report, whole.report.entities);
  t.regex(text, /secrets +75\.0 % of 4 \(83\.3 %\) +66\.7 % of 3 -1/);
  t.regex(text, /ordinary texts: 3, flagged 3, BLOCKED 2; by pack: pii 66\.7 %, secrets 33\.3 %/);
});

test('any .jsonl file is read, and a line that is no case is named and left out', (t) => {
  const folder = tempDirectory(t);
  const good = readFileSync(join(SET, 'ordinary.jsonl'), 'utf8').split('\n')[0];
  writeFileSync(join(folder, 'other name.jsonl'), `${good}\n\n{"text": \n{"category": "pets"}\n${good}`);
  writeFileSync(join(folder, 'notes.txt'), 'not a case');
  const { cases, faults } = readCases(folder);
  t.deepEqual(
    cases.map(({ file }) => file),
    ['other name', 'other name'],
  );
  t.is(faults[0], `${join(folder, 'other name.jsonl')}:3: not JSON`);
  t.regex(faults[1] ?? '', /other name\.jsonl:4: source: .*category: /);
  t.is(faults.length, 2);
});

test('a star stands for anything and all else for itself', (t) => {
  t.true(globOf('a.b*').test('a.bc/d'));
  t.false(globOf('a.b*').test('axbc'));
  t.false(globOf('b*').test('ab'));
});

test('every pattern in entities.yaml names a rule that ships', async (t) => {
  const text = readFileSync(join(repositoryRoot, 'bench', 'quality', 'entities.yaml'), 'utf8');
  const policy = await policyOfPacks(SCORED_PACKS);
  t.deepEqual(claimsOf(policy, text).dead, []);
  t.deepEqual(claimsOf(policy, 'structured_pii: ["!pii/NONE"]\nentities: {}').dead, ['!pii/NONE']);
});

function figuresOf({ report }: ReturnType<typeof measured>, category: string) {
  const group = report.categories.find((row) => row['category'] === category);
  if (!group) throw new Error(`no figures of ${category}`);
  return group.figures;
}
