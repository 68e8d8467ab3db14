import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { inspect } from '../../sidecar/inspection/inspect.js';
import type { Content, Evaluation, Judgement } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import type { Verdict } from '../../sidecar/kernel/verdict.js';
import type { VerdictSettings } from '../../sidecar/policy/verdict.js';
import { packOf, policyOf, rule } from '../policy/inline-pack.js';
import { DISGUISES } from '../policy/views/disguises.js';
import { evaluationOf } from './snapshot.js';

const contentOptions = { credentialQueryNames: new Set<string>() };
const MAIL = '[a-z0-9]{1,32}@[a-z0-9.]{1,32}\\.test';
const CARD = '\\b4111[ -]?1111[ -]?1111[ -]?1111\\b';

function snapshotOf(rules: readonly Record<string, unknown>[], settings: Partial<VerdictSettings> = {}) {
  const packs = packOf(rules.map((keys) => rule({ action: 'mask', ...keys })).join(''), { builtin: true });
  return { policy: policyOf(packs, settings), contentOptions, settings };
}

const standard = snapshotOf([
  { id: 'MAIL', pattern: MAIL },
  { id: 'CARD', pattern: CARD, validators: ['card'], mask: 'last4' },
  { id: 'STOP', pattern: 'stopword', action: 'block' },
  { id: 'NOTE', pattern: 'noteword', action: 'flag' },
]);

const ask = (snapshot: ReturnType<typeof snapshotOf>, content: Content, more: Partial<Evaluation> = {}) =>
  inspect(snapshot, { evaluation: { ...evaluationOf(content), ...more }, nowMs: 0 });
const askText = (text: string, snapshot = standard): Judgement => ask(snapshot, { kind: 'text', text });
const bodyOf = (text: string, contentType = 'application/json', contentEncoding = ''): Content => {
  return { kind: 'body', bytes: Buffer.from(text), contentType, contentEncoding };
};

const masks = test.macro((t, text: string, expected: string) => {
  const { effective, maskedText } = askText(text);
  t.is(effective, 'MASK');
  t.is(maskedText, expected);
});
test('a match is replaced, and nothing else', masks, 'é 😀 a@b.test, noteword', 'é 😀 [MAIL], noteword');
test('every match of a rule is replaced', masks, 'a@b.test a@c.test', '[MAIL] [MAIL]');
test('each rule has its own style', masks, '4111 1111 1111 1111 a@b.test', '****1111 [MAIL]');
test('full-width digits are digits', masks, '４１１１１１１１１１１１１１１１', '****１１１１');
test('text that nobody sees is replaced where it hides', masks, 'x %61%40b.test y', 'x [MAIL] y');

const isNotMasked = test.macro((t, text: string, effective: Verdict) => {
  const judgement = askText(text);
  t.is(judgement.effective, effective);
  t.is(judgement.maskedText, undefined);
});
test('what is allowed has no masked text', isNotMasked, 'hello', 'ALLOW');
test('what is flagged has no masked text', isNotMasked, 'noteword', 'FLAG');
test('what is blocked has no masked text', isNotMasked, 'a@b.test stopword', 'BLOCK');

test('matches over the number of findings that are listed are replaced all the same', (t) => {
  const count = LIMITS.findingsMax * 4;
  const { maskedText, findings } = askText('a@b.test '.repeat(count));
  t.is(findings.length, LIMITS.findingsMax);
  t.is(maskedText, '[MAIL] '.repeat(count));
});

const unmasked = test.macro((t, settings: Partial<VerdictSettings>, effective: Verdict) => {
  const snapshot = snapshotOf([{ id: 'MAIL', pattern: MAIL }], settings);
  const judgement = ask(snapshot, { kind: 'text', text: 'a@b.test' }, { door: 'ext_authz' });
  t.is(judgement.raw, 'MASK');
  t.is(judgement.effective, effective);
  t.is(judgement.cannotMask, true);
  t.is(judgement.maskedText, undefined);
});
test('ext_authz cannot change a body, so that MASK denies', unmasked, {}, 'BLOCK');
test(
  'MASK through ext_authz becomes FLAG where the configuration says so',
  unmasked,
  { maskInExtAuthz: 'flag' },
  'FLAG',
);

test('what MASK becomes through ext_authz is of the policy, and changes no other verdict', (t) => {
  const rules = [
    { id: 'MAIL', pattern: MAIL },
    { id: 'STOP', pattern: 'stopword', action: 'block' },
  ];
  const flags = snapshotOf(rules, { maskInExtAuthz: 'flag' });
  t.not(flags.policy.revision, snapshotOf(rules).policy.revision);
  const effectiveOf = (text: string) => ask(flags, { kind: 'text', text }, { door: 'ext_authz' }).effective;
  t.deepEqual(['hello', 'a@b.test', 'stopword a@b.test'].map(effectiveOf), ['ALLOW', 'FLAG', 'BLOCK']);
  t.is(askText('a@b.test', flags).effective, 'MASK', 'Evaluate can mask');
});

test('what stands in a message of a gRPC body, or encoded in a string, is masked nowhere', (t) => {
  const encoded = Buffer.from('a@b.test').toString('base64');
  const contents = [
    bodyOf('\0\0\0\0\x12{"a":"x a@b.test"}', 'application/grpc+json'),
    bodyOf('\n\ba@b.test', 'application/x-protobuf'),
    bodyOf(JSON.stringify({ a: `data:text/plain;base64,${encoded}` })),
  ];
  for (const content of contents) {
    const judgement = ask(standard, content);
    t.is(judgement.effective, 'MASK');
    t.is(judgement.maskedText, undefined);
  }
});

test('a rule below its count masks nothing, one that reaches it all', (t) => {
  const snapshot = snapshotOf([{ id: 'MAIL', pattern: MAIL, min_count: 2 }]);
  t.is(askText('a@b.test', snapshot).effective, 'ALLOW');
  t.is(askText('a@b.test c@d.test', snapshot).maskedText, '[MAIL] [MAIL]');
});

test('in shadow only an enforced rule masks', (t) => {
  const rules = [
    { id: 'MAIL', pattern: MAIL },
    { id: 'CODE', pattern: 'code[0-9]', shadow_override: 'enforce' },
  ];
  const snapshot = snapshotOf(rules, { shadow: true });
  t.is(askText('a@b.test', snapshot).maskedText, undefined);
  t.is(askText('a@b.test code1', snapshot).maskedText, 'a@b.test [CODE]');
});

test('matches that overlap become one, of which nothing is shown', (t) => {
  const snapshot = snapshotOf([
    { id: 'LEFT', pattern: 'secret[0-9]{9}', mask: 'last4' },
    { id: 'RIGHT', pattern: '[0-9]{9}rest', mask: 'last4' },
  ]);
  t.is(askText('x secret123456789rest y', snapshot).maskedText, 'x [LEFT] y');
});

test('of a value that is disguised from its middle on nothing is left standing', (t) => {
  const snapshot = snapshotOf([{ id: 'KEY', pattern: 'sk-[a-z]{4,20}', mask: 'last4' }]);
  t.is(askText('x sk-abcd%65fgh y', snapshot).maskedText, 'x [KEY] y');
});

test('what a replacement brings to light is replaced in its turn', (t) => {
  const rules = [
    { id: 'SSN-NUMBER', pattern: 'ssn1' },
    { id: 'NEAR', pattern: '\\b[0-9]{4}\\b', context: { words: ['number'], required: true } },
  ];
  t.is(askText('ssn1 2345', snapshotOf(rules)).maskedText, '[SSN-NUMBER] [NEAR]');
});

test('a rule that matches where nothing stands gives no masked text', (t) => {
  t.is(askText('b', snapshotOf([{ id: 'A', pattern: 'a*' }])).maskedText, undefined);
});

const leavesAlone = test.macro((t, style: string, text: string, expected: boolean) => {
  const snapshot = snapshotOf([{ id: 'PASS', pattern: 'password (?P<value>\\S{3,40})', mask: { style, name: 'A:B' } }]);
  t.is(askText(text, snapshot).effective === 'ALLOW', expected);
});
test('what takes any word for a secret takes no placeholder for one', leavesAlone, 'type', 'password [A:B]', true);
test('nor a digest', leavesAlone, 'hash', 'password [A:B:abcdefghijkl]', true);
test('nor stars', leavesAlone, 'stars', 'password ********', true);
test('nor the last four characters', leavesAlone, 'last4', 'password ****1111', true);
test('but more than those', leavesAlone, 'last4', 'password ****11112', false);
test('but another name', leavesAlone, 'type', 'password [C]', false);
test('but a placeholder with more behind it', leavesAlone, 'type', 'password [A:B]secret', false);
test('but stars where nothing is masked with stars', leavesAlone, 'type', 'password ********', false);

test('a placeholder whose name is a word that is blocked passes all the same', (t) => {
  const snapshot = snapshotOf([
    { id: 'JAILBREAK-MAIL', pattern: MAIL },
    { id: 'WORD', pattern: '(?i)jailbreak', action: 'block' },
  ]);
  t.is(askText('a@b.test', snapshot).maskedText, '[JAILBREAK-MAIL]');
  t.is(askText('a@b.test jailbreak', snapshot).effective, 'BLOCK');
});

test('only what names the value is replaced when a pattern has a value', (t) => {
  const snapshot = snapshotOf([{ id: 'PASS', pattern: 'password: (?P<value>[a-z]{4,20})' }]);
  t.is(askText('password: hunter', snapshot).maskedText, 'password: [PASS]');
});

const masksJson = test.macro((t, body: string, expected: string | undefined) => {
  const judgement = ask(standard, bodyOf(body));
  t.is(judgement.effective, 'MASK');
  t.is(judgement.maskedText, expected);
  if (expected !== undefined) t.notThrows(() => JSON.parse(expected));
});
test(
  'JSON: a string, all else as it was',
  masksJson,
  '{ "a":\t"x\\n\\u0061@b.test\\"",  "n":1.0 }',
  '{ "a":\t"x\\n[MAIL]\\"",  "n":1.0 }',
);
test(
  'JSON: behind escapes and pairs',
  masksJson,
  '["\\ud83d\\ude00😀\\\\ a@b.test"]',
  '["\\ud83d\\ude00😀\\\\ [MAIL]"]',
);
test('JSON: the name of a member', masksJson, '{"a@b.test":{"k":1}}', '{"[MAIL]":{"k":1}}');
test('JSON: a number becomes a string', masksJson, '{"card":4111111111111111}', '{"card":"****1111"}');
test('JSON: a number written with an exponent', masksJson, '{"card":4111111111111111e0}', '{"card":"****1111"}');
test('JSON: a bare string', masksJson, '"a@b.test"', '"[MAIL]"');
test(
  'JSON: JSON within a string',
  masksJson,
  '{"arguments":"{\\"to\\":\\"a@b.test\\"}"}',
  '{"arguments":"{\\"to\\":\\"[MAIL]\\"}"}',
);
test(
  'JSON: what stands in two parts is not masked in halves',
  masksJson,
  JSON.stringify({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x a@b' },
          { type: 'text', text: '.test y' },
        ],
      },
    ],
  }),
  undefined,
);
test('JSON: two names that would become one are left', (t) => {
  const { effective, maskedText } = ask(standard, bodyOf('{"a@b.test":1,"c@d.test":2}'));
  t.deepEqual([effective, maskedText], ['MASK', undefined]);
});

test('what a rule finds only with the words of another part is masked in its own', (t) => {
  const snapshot = snapshotOf([{ id: 'NEAR', pattern: '\\b[0-9]{4}\\b', context: { words: ['pin'], required: true } }]);
  const parts = (...texts: string[]) =>
    JSON.stringify({ messages: [{ role: 'user', content: texts.map((text) => ({ type: 'text', text })) }] });
  t.is(ask(snapshot, bodyOf(parts('my pin is', '4711, ok?'))).maskedText, parts('my pin is', '[NEAR], ok?'));
});

test('a body of plain text is text, and a byte order mark is no part of it', (t) => {
  t.is(ask(standard, bodyOf('\ufeffto a@b.test "', 'text/plain')).maskedText, 'to [MAIL] "');
});

test('a body whose coding may be passed over has no masked text', (t) => {
  const snapshot = snapshotOf([{ id: 'MAIL', pattern: MAIL }], { gapActions: { 'coding:malformed': 'allow' } });
  const { effective, maskedText } = ask(snapshot, bodyOf('a@b.test', 'text/plain', 'gzip'));
  t.deepEqual([effective, maskedText], ['MASK', undefined]);
});

test('malformed JSON that may pass is masked as text', (t) => {
  const snapshot = snapshotOf([{ id: 'MAIL', pattern: MAIL }], { gapActions: { 'json:malformed': 'allow' } });
  t.is(ask(snapshot, bodyOf('{"a":"a@b.test",')).maskedText, '{"a":"[MAIL]",');
});

const CLEAN: readonly Verdict[] = ['ALLOW', 'FLAG'];
function isClean(t: ExecutionContext, judgement: Judgement, again: (masked: string) => Judgement, shown: string) {
  if (judgement.effective !== 'MASK') return;
  if (judgement.maskedText === undefined) return t.log(`not masked: ${shown}`);
  t.true(CLEAN.includes(again(judgement.maskedText).effective), shown);
}

const secret = fc.constantFrom('a@b.test', '4111 1111 1111 1111', '4111111111111111');
const disguised = fc
  .tuple(
    secret,
    fc.constantFrom((text: string) => text, ...Object.values(DISGUISES)),
  )
  .map(([text, disguise]) => disguise(text));
const noise = fc.string({ unit: fc.constantFrom(...'ab 1é\u0301\u200b😀%&\\u;#x=/+\n"{}[]:,@.'), maxLength: 20 });
const texts = fc
  .array(fc.oneof(noise, secret, disguised), { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.join(' '));

test('masked text holds nothing that is masked, whatever disguises it', (t) => {
  let [asked, masked] = [0, 0];
  fc.assert(
    fc.property(texts, (text) => {
      const judgement = askText(text);
      isClean(t, judgement, askText, JSON.stringify(text));
      if (judgement.effective === 'MASK') asked++;
      if (judgement.maskedText !== undefined) masked++;
    }),
    { numRuns: 2000 },
  );
  t.true(masked > asked * 0.95, `${masked} of ${asked} could be masked`);
});

test('a masked body is the same JSON, but for its strings', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: fc.constantFrom(...'ab"\\é😀\n') }), texts, (value, text) => {
      const whole = { value, messages: [{ role: 'user', content: text }], after: [text, 1] };
      const judgement = ask(standard, bodyOf(JSON.stringify(whole)));
      isClean(t, judgement, (masked) => ask(standard, bodyOf(masked)), JSON.stringify(whole));
      if (judgement.maskedText === undefined) return;
      const made = JSON.parse(judgement.maskedText) as typeof whole;
      t.deepEqual(made.value, JSON.parse(JSON.stringify(value)));
      t.is(made.messages[0]?.content, made.after[0] as string);
    }),
    { numRuns: 1000 },
  );
});
