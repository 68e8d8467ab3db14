import { createHash } from 'node:crypto';
import test from 'ava';
import { expiredExceptions } from '../../sidecar/policy/expired.js';
import { loadPack } from '../../sidecar/policy/load-pack.js';
import type { Pack } from '../../sidecar/policy/pack.js';
import { idsOf, judge, packOf, policyOf, rule } from './inline-pack.js';

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const MAIL = '[A-Za-z0-9.]{1,32}@[A-Za-z0-9.]{1,32}\\.test';
const CARD = '\\b[0-9]{4}(?:[ -]?[0-9]{4}){3}\\b';

const excepting = (except: unknown, keys: Record<string, unknown> = {}) =>
  policyOf(packOf(rule({ id: 'A', pattern: `${MAIL}|${CARD}`, except, ...keys })));

const allows = test.macro((t, except: string, text: string, expected: boolean) => {
  t.is(idsOf(judge(excepting([except]), `x ${text} y`)).length === 0, expected);
});
test('a value that is listed does not match', allows, 'a@b.test', 'a@b.test', true);
test('another one does', allows, 'a@b.test', 'c@b.test', false);
test('a value must be listed whole', allows, 'a@b.test', 'aa@b.test', false);
test('case does not matter', allows, 'A@b.Test', 'a@B.test', true);
test('widths do not matter', allows, 'a@b.test', '\uff41@b.test', true);
test('the grouping of a number does not matter', allows, '4111-1111-1111-1111', '4111 1111 1111 1111', true);
test('another number does match', allows, '4111 1111 1111 1111', '4111 1111 1111 1112', false);
test('a digest stands for its value', allows, sha256('a@b.test'), 'a@b.test', true);
test('a digest stands for its value as it is written', allows, sha256('a@b.test'), 'A@b.test', false);
test('a digest of a number is that of its digits', allows, sha256('4111111111111111'), '4111 1111 1111 1111', true);

test('a value that is allowed counts for nothing: not for min_count, not for suppression', (t) => {
  t.deepEqual(idsOf(judge(excepting(['a@b.test'], { min_count: 2 }), 'a@b.test c@d.test')), []);
  const suppressing = policyOf(
    packOf(rule({ id: 'S', pattern: MAIL, except: ['a@b.test'], suppresses: ['G'] }) + rule({ id: 'G', pattern: '@' })),
  );
  t.deepEqual(idsOf(judge(suppressing, 'a@b.test')), ['G']);
});

test('only the group that is named value is compared', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'key=(?P<value>[a-z]+)', except: ['abc'] })));
  t.deepEqual([idsOf(judge(policy, 'key=abc')), idsOf(judge(policy, 'key=abcd'))], [[], ['A']]);
});

test('what stands there encoded is compared as it reads', (t) => {
  const encoded = Buffer.from('write to a@b.test or to').toString('base64');
  t.deepEqual(idsOf(judge(excepting(['c@b.test']), encoded)), ['A']);
  t.deepEqual(idsOf(judge(excepting(['a@b.test']), encoded)), []);
});

const LIMITED = { values: ['a@b.test'], endpoint: '/staging/*', tenant: 'acme', expires: '2027-03-31' };
const WITHIN = { endpoint: '/staging/x', tenant: 'acme', nowMs: Date.parse('2027-03-31T23:59:59Z') };

test('a list holds at its endpoint, for its tenant, until its end, whenever the policy was made', (t) => {
  const policy = excepting([LIMITED]);
  const matches = (scope: object) => idsOf(judge(policy, 'a@b.test', { ...WITHIN, ...scope })).length > 0;
  t.false(matches({}));
  t.true(matches({ nowMs: Date.parse('2027-04-01T00:00:00Z') }));
  t.false(matches({}));
  t.true(matches({ endpoint: '/live' }));
  t.true(matches({ tenant: '' }));
  t.true(idsOf(judge(policy, 'a@b.test', { endpoint: '/staging/x', tenant: 'acme' })).length > 0);
});

const packFrom = (text: string): Pack => {
  const { pack, problems } = loadPack({ name: 'own', file: 'own.yaml', text });
  if (!pack) throw new Error(JSON.stringify(problems));
  return pack;
};

test('a pack of nothing but exceptions, for rules of other packs', (t) => {
  const mail = packOf(rule({ id: 'MAIL', pattern: MAIL }) + rule({ id: 'AT', pattern: '@' }), { name: 'mail' });
  const own = packFrom(
    `name: own\nversion: "1"\nexcept:\n  - {id: mail/MAIL, values: ["a@b.test"], expires: 2027-03-31}\n  - {id: AT, values: ["@"]}\n`,
  );
  const policy = policyOf([mail, own]);
  t.deepEqual(policy.warnings, []);
  t.deepEqual(idsOf(judge(policy, 'a@b.test', WITHIN)), []);
  t.deepEqual(idsOf(judge(policy, 'a@b.test c@b.test', WITHIN)), ['MAIL']);
  t.deepEqual(idsOf(judge(policy, 'a@b.test', { nowMs: Date.parse('2028-01-01') })), ['MAIL']);
});

test('an exception for a rule that is not loaded is a warning with its place', (t) => {
  const own = packFrom('name: own\nversion: "1"\nexcept:\n  - {id: GONE, values: [a]}\n');
  t.like(policyOf([own]).warnings[0], { file: 'own.yaml', line: 4, column: 5, severity: 'warning' });
});

test('exceptions that have ended are warnings, each with its place', (t) => {
  const ended = '{values: [a], expires: 2026-01-31}';
  const own = packFrom(`name: own
version: "1"
except:
  - {id: A, values: [a], expires: "2026-01-31T10:00:00Z"}
  - {id: A, values: [a], expires: 2099-01-31}
  - {id: A, values: [a]}
rules:
  - {id: A, title: t, severity: low, action: flag, pattern: a, except: [b, ${ended}]}
  - {id: B, title: t, severity: low, action: allow, pattern: a, exempts: [{id: A, expires: 2026-01-31}]}
`);
  const shown = expiredExceptions([own], Date.parse('2026-11-24'));
  t.deepEqual(shown.map(({ line, column }) => [line, column]).sort(), [
    [4, 5],
    [8, 76],
    [9, 75],
  ]);
  t.is(shown.at(-1)?.message, 'this exception ended at 2026-01-31T10:00:00.000Z and no longer applies');
  t.deepEqual(expiredExceptions([own], Date.parse('2026-01-01')), []);
});

test('examples hold with the exceptions of their rule that have no end', (t) => {
  const load = (except: string) =>
    loadPack({
      name: 'own',
      file: 'own.yaml',
      text: `name: own\nversion: "1"\nrules:\n  - {id: A, title: t, severity: low, action: flag, pattern: "[a-c]", except: [${except}], examples: {match: [b], no_match: [a]}}\n`,
    }).problems.map(({ message }) => message);
  t.deepEqual(load('a'), []);
  t.deepEqual(load('{values: [a], expires: 2099-01-31}'), ['A matches this example, but should not']);
});
