import test from 'ava';
import { idsOf, judge, packOf, policyOf, rule, segment } from './inline-pack.js';

test('conditions of one rule are OR-ed', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'foo', max_chars: 5 })));
  t.deepEqual(idsOf(judge(policy, 'foo')), ['A']);
  t.deepEqual(idsOf(judge(policy, 'barbar')), ['A']);
  t.deepEqual(idsOf(judge(policy, 'bar')), []);
});

test('min_count counts non-overlapping matches over all segments', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'aa', min_count: 3 })));
  t.deepEqual(idsOf(judge(policy, 'aaaaa')), []);
  t.deepEqual(idsOf(judge(policy, 'aaaaaa')), ['A']);
  t.deepEqual(idsOf(judge(policy, ['aa', 'aa', 'aa'])), ['A']);
  t.deepEqual(judge(policy, ['aa', 'aa']).findings, []);
});

test('max_chars is exceeded strictly, in code points, over all segments', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', max_chars: 4 })));
  t.deepEqual(idsOf(judge(policy, 'abcd')), []);
  t.deepEqual(idsOf(judge(policy, '😀😀😀😀')), []);
  t.deepEqual(idsOf(judge(policy, '😀😀😀😀a')), ['A']);
  t.deepEqual(idsOf(judge(policy, ['abc', 'de'])), ['A']);
  t.is(judge(policy, ['abc', '😀']).textLength, 4);
  t.is(judge(policy, '\ud83d\ud83d\ude00\ude00').textLength, 3);
});

test('a pattern that matches everything fires on the empty text', (t) => {
  t.deepEqual(idsOf(judge(policyOf(packOf(rule({ id: 'A', pattern: '.*' }))), '')), ['A']);
});

test('ids come in file order, whatever the order of matches', (t) => {
  const policy = policyOf([
    packOf(rule({ id: 'B', pattern: 'b' }) + rule({ id: 'A', pattern: 'a' })),
    packOf(rule({ id: 'B', pattern: 'ab' }), { name: 'two' }),
  ]);
  const { matched } = judge(policy, 'ab');
  t.deepEqual(
    matched.map(({ pack, id }) => `${pack}/${id}`),
    ['test/B', 'test/A', 'two/B'],
  );
});

test('a rule that is switched off never matches, and is listed', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'a', enabled: false })));
  t.deepEqual(idsOf(judge(policy, 'a')), []);
  t.false(policy.rules[0]?.enabled);
});

test('a rule that only asks a model is listed as not enabled', (t) => {
  const policy = policyOf(
    packOf(rule({ id: 'A', llm_prompt: 'Is it?' }) + rule({ id: 'B', llm_prompt: 'Is it?', max_chars: 1 })),
  );
  t.deepEqual(
    policy.rules.map(({ enabled }) => enabled),
    [false, true],
  );
});

test('validators must all accept, and are named in the finding', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: '[0-9]{4,19}', validators: ['luhn', { entropy: 1 }] })));
  t.deepEqual(judge(policy, '1234').findings, []);
  t.is(judge(policy, 'x 4012888888881881').findings[0]?.validator, 'luhn+entropy');
});

test('the group called value is what validators see and findings cover', (t) => {
  for (const builtin of [true, false]) {
    const pattern = 'card: (?P<value>[0-9]{16})';
    const policy = policyOf(packOf(rule({ id: 'A', pattern, validators: ['luhn'] }), { builtin }));
    const [finding] = judge(policy, 'é card: 4111111111111111').findings;
    t.deepEqual([finding?.start, finding?.end], [9, 25]);
  }
});

test('context words raise the score, at most to one', (t) => {
  const policy = policyOf(
    packOf(rule({ id: 'A', pattern: '[0-9]{9}', score: 0.4, context: { words: ['ssn'], raise: 0.5 } })),
  );
  const scoreOf = (text: string) => judge(policy, text).findings[0]?.score;
  t.is(scoreOf('123456789'), 0.4);
  t.is(scoreOf('user_ssn: 123456789'), 0.9);
  t.is(scoreOf('lessness 123456789'), 0.4);
  t.is(scoreOf('ssnx 123456789'), 0.4);
});

test('required context refuses a match without it; phrases bridge punctuation; pointers count', (t) => {
  const context = { words: ['social security'], window: 20, required: true };
  const policy = policyOf(packOf(rule({ id: 'A', pattern: '[0-9]{9}', context })));
  t.deepEqual(idsOf(judge(policy, '123456789')), []);
  t.deepEqual(idsOf(judge(policy, 'Social_Security: 123456789')), ['A']);
  t.deepEqual(idsOf(judge(policy, '123456789 (social - security)')), ['A']);
  t.deepEqual(idsOf(judge(policy, 'social then security 123456789')), []);
  t.deepEqual(idsOf(judge(policy, `social security ${' '.repeat(20)}123456789`)), []);
  t.deepEqual(idsOf(judge(policy, [segment('123456789', { pointer: '/user/social_security' })])), ['A']);
});

test('a match that is the whole text needs no word where the context says so, and has the plain score', (t) => {
  const context = { words: ['pesel'], required: true, alone: true };
  const policy = policyOf(packOf(rule({ id: 'A', pattern: '[0-9]{11}', score: 0.4, context })));
  const scoreOf = (text: string) => judge(policy, text).findings[0]?.score;
  for (const text of ['44051401359', ' 44051401359\n', `${' '.repeat(8)}44051401359${' '.repeat(8)}`])
    t.is(scoreOf(text), 0.4, text);
  t.is(scoreOf('pesel 44051401359'), 0.7);
  for (const text of ['order 44051401359', '44051401359.', `44051401359${' '.repeat(17)}`, '44051401359 44051401359'])
    t.is(scoreOf(text), undefined, text);
});

test('a whole text that reads as a point in time is no match standing alone', (t) => {
  const context = { words: ['id'], required: true, alone: true };
  const policy = policyOf(packOf(rule({ id: 'A', pattern: '[0-9]{10,19}', context })));
  const ids = (text: string) => idsOf(judge(policy, text));
  for (const text of ['1718000006', '1718000006123', '1718000006123456', '20260131120059', '202601312359'])
    t.deepEqual(ids(text), [], text);
  for (const text of ['1418000006', '2718000006', '17180000061', '20261331120059', '202601319959', 'id 1718000006'])
    t.deepEqual(ids(text), ['A'], text);
});

for (const [pattern, text] of [
  ['[0-9]{9}', 'it is SSN536228145'],
  ['[0-9]{9}', '536228145ssn it is'],
  ['(?<![0-9])[0-9]{9}(?![0-9])', 'it is SSN536228145, see'],
  ['key[:=][a-z0-9]{6}', 'the ssnkey=abc123 is'],
  ['[a-z]{3}@x', 'to abc@xssn there'],
] as const) {
  test(`a context word that a match touches is a word: ${pattern} in ${text}`, (t) => {
    const context = { words: ['ssn'], required: true };
    t.deepEqual(idsOf(judge(policyOf(packOf(rule({ id: 'A', pattern, context }))), text)), ['A']);
    const other = text.replace(/ssn/i, (word) => `${word}x`).replace('ssnxkey', 'xssnxkey');
    t.deepEqual(idsOf(judge(policyOf(packOf(rule({ id: 'A', pattern, context }))), other)), []);
  });
}

test('context words of scripts without spaces are found within a run of letters', (t) => {
  const context = { words: ['身份证', '주민등록번호', 'เลขประจำตัว', 'id'], required: true };
  const policy = policyOf(packOf(rule({ id: 'A', pattern: '[0-9]{9}', context })));
  const ids = (text: string) => idsOf(judge(policy, text));
  for (const text of [
    '我的身份证号码是123456789',
    '주민등록번호는 123456789',
    'เลขประจำตัวประชาชน 123456789',
    'ID 123456789',
  ])
    t.deepEqual(ids(text), ['A'], text);
  for (const text of ['我的号码是123456789', 'did 123456789']) t.deepEqual(ids(text), [], text);
});

const inEitherCase = test.macro((t, word: string) => {
  const rules = [
    rule({ id: 'LITERAL', pattern: `(?i)${word}` }),
    rule({ id: 'KEYWORD', pattern: '[0-9]{3}', keywords: [word] }),
    rule({ id: 'WORD', pattern: '[0-9]{3}', context: { words: [word], required: true } }),
  ];
  const policy = policyOf(packOf(rules.join('')));
  for (const text of [word, word.toUpperCase(), word.toLowerCase()]) {
    t.deepEqual(idsOf(judge(policy, `${text} 123`)), ['LITERAL', 'KEYWORD', 'WORD'], text);
  }
});

test(
  'capitals are found as small letters are: Latin with accents',
  inEitherCase,
  'Größenänderung é'.replace('ß', 'ss'),
);
test('capitals are found as small letters are: Cyrillic', inEitherCase, 'телефон ёлка');
test('capitals are found as small letters are: Greek, whose sigma has two small forms', inEitherCase, 'κωδικός χρήσης');
test('capitals are found as small letters are: Armenian', inEitherCase, 'հեռախոս');

test('keywords gate the pattern by segment, or by the names that lead to it', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: '[a-z0-9]{8}', keywords: ['AWS'] })));
  t.deepEqual(idsOf(judge(policy, 'abcd1234')), []);
  t.deepEqual(idsOf(judge(policy, 'abcd1234 of aws')), ['A']);
  t.deepEqual(idsOf(judge(policy, ['abcd1234', 'aws'])), []);
  t.deepEqual(idsOf(judge(policy, [segment('abcd1234', { pointer: '/Aws' })])), ['A']);
});

test('injection rules skip text of the roles system and developer; all others apply', (t) => {
  const injection = packOf(rule({ id: 'I', pattern: 'ignore' }) + rule({ id: 'IL', max_chars: 3 }), {
    name: 'injection',
  });
  const tagged = packOf(
    rule({ id: 'T', pattern: 'ignore', tags: ['injection'] }) + rule({ id: 'O', pattern: 'ignore' }),
  );
  const policy = policyOf([injection, tagged]);
  for (const role of ['system', 'developer'] as const) {
    t.deepEqual(idsOf(judge(policy, [segment('ignore', { role })])), ['O']);
  }
  for (const role of ['user', 'assistant', 'tool'] as const) {
    t.deepEqual(idsOf(judge(policy, [segment('ignore', { role })])), ['I', 'IL', 'T', 'O']);
  }
});

const directions = test.macro((t, appliesTo: readonly string[] | undefined, expected: readonly boolean[]) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'a', ...(appliesTo && { applies_to: appliesTo }) })));
  const got = (['inbound', 'outbound', ''] as const).map(
    (direction) => idsOf(judge(policy, 'a', { direction })).length > 0,
  );
  t.deepEqual(got, expected);
});
test('a rule without directions applies to all', directions, undefined, [true, true, true]);
test(
  'a rule for one direction applies to it and to requests without one',
  directions,
  [' Inbound '],
  [true, false, true],
);
test('a star applies to all directions', directions, ['outbound', '*'], [true, true, true]);

test('a rule with endpoints never matches a request without one', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'a', endpoints: ['*'] })));
  t.deepEqual(idsOf(judge(policy, 'a')), []);
  t.deepEqual(idsOf(judge(policy, 'a', { endpoint: '/x' })), ['A']);
});

test('chosen packs alone apply; an empty or unknown choice is a gap that always denies', (t) => {
  const packs = [
    packOf(rule({ id: 'A', pattern: 'a', action: 'flag' })),
    packOf(rule({ id: 'B', pattern: 'a', action: 'flag' }), { name: 'two' }),
  ];
  const policy = policyOf(packs, { shadow: true, gapActions: { 'config:packs': 'allow' } });
  t.deepEqual(idsOf(judge(policy, 'a', { packs: ['two'] })), ['B']);
  for (const chosen of [[], ['two', 'three']]) {
    const judgement = judge(policy, 'a', { packs: chosen });
    t.deepEqual(judgement.gaps, [{ kind: 'config:packs' }]);
    t.is(judgement.effective, 'BLOCK');
  }
});

test('full-width digits, other scripts and wide spaces count as ASCII', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: '\\b\\d{3}-\\d{2} \\d{4}\\b' })));
  for (const text of ['１２３-４５ ６７８９', '١٢٣-٤٥\u00a0٦٧٨٩', '123-45\u30006789']) {
    const judgement = judge(policy, `é ${text}`);
    t.deepEqual(idsOf(judgement), ['A'], text);
    t.is(judgement.findings[0]?.end, Buffer.byteLength(`é ${text}`));
  }
});

test('findings are at most 256, and every rule that matched has its share', (t) => {
  const policy = policyOf(packOf(rule({ id: 'A', pattern: 'a' }) + rule({ id: 'B', pattern: 'b' })));
  const { findings } = judge(policy, 'ab'.repeat(1000));
  t.is(findings.length, 256);
  t.is(findings.filter(({ ruleId }) => ruleId === 'B').length, 128);
});

test('the streaming class follows from what a rule must see', (t) => {
  const classOf = (keys: Record<string, unknown>) => policyOf(packOf(rule({ id: 'A', ...keys }))).rules[0]?.streaming;
  t.is(classOf({ pattern: 'AKIA[0-9A-Z]{16}' }), 'bounded');
  t.is(classOf({ pattern: 'AKIA[0-9A-Z]{16}', context: { words: ['aws'], window: 200 } }), 'bounded');
  t.is(classOf({ pattern: 'x{100}', context: { words: ['aws'], window: 200 } }), 'whole');
  t.is(classOf({ pattern: '-----BEGIN KEY-----[^-]+' }), 'open');
  t.is(classOf({ pattern: '[a-z]+' }), 'whole');
  t.is(classOf({ pattern: 'a$' }), 'whole');
  t.is(classOf({ pattern: 'AKIA', min_count: 2 }), 'counting');
  t.is(classOf({ pattern: 'AKIA', max_chars: 2 }), 'counting');
  t.is(classOf({ llm_prompt: 'Is it?' }), 'whole');
  t.is(classOf({ pattern: 'AKIA[0-9A-Z]{16}', llm_prompt: 'Is it?' }), 'whole');
  t.is(classOf({ pattern: 'AKIA', min_count: 2, llm_prompt: 'Is it?' }), 'whole');
});

test('two packs of one name are refused, with both files', (t) => {
  const pack = packOf(rule({ id: 'A', pattern: 'a' }));
  t.throws(() => policyOf([pack, pack]), {
    code: 'JIMINI_PACK_INVALID',
    message: /test\.yaml: the pack name test is taken by test\.yaml/,
  });
});
