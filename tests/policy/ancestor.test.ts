import test from 'ava';
import { loadPack } from '../../sidecar/policy/load-pack.js';
import { ancestorPackOf, idsOf, judge, policyOf } from './inline-pack.js';

const rule = (keys: Record<string, unknown>) =>
  `- ${JSON.stringify({ title: 't', severity: 'error', action: 'block', ...keys })}\n`;
const problemsOf = (text: string) =>
  loadPack({ name: 'old', file: 'old.yaml', text }).problems.map(
    ({ severity, line, column, message }) => `${line}:${column} ${severity} ${message}`,
  );

test('a bare list and a mapping with rules are both of this format, named after the file', (t) => {
  for (const text of [rule({ id: 'A', pattern: 'a' }), `rules:\n${rule({ id: 'A', pattern: 'a' })}`]) {
    const policy = policyOf(ancestorPackOf(text, { name: 'my_rules' }));
    t.like(policy.packs[0], { name: 'my_rules', format: 'ancestor', ruleCount: 1 });
    t.deepEqual(idsOf(judge(policy, 'a')), ['A']);
  }
});

test('conditions are OR-ed', (t) => {
  const policy = policyOf(ancestorPackOf(rule({ id: 'A', pattern: 'a', max_chars: 2, llm_prompt: 'x' })));
  t.deepEqual(
    ['a', 'bbb', 'bb'].map((text) => idsOf(judge(policy, text)).length),
    [1, 1, 0],
  );
});

test('a rule without a condition is refused', (t) => {
  t.regex(problemsOf(rule({ id: 'A', pattern: null }))[0] ?? '', /^1:3 error a rule needs a condition/);
});

test('a severity is any string and decides nothing; an action is written in small letters', (t) => {
  const severity = 'whatever the people who read the report like to read, at any length that they like';
  const policy = policyOf(ancestorPackOf(rule({ id: 'A', pattern: 'a', action: 'flag', severity })));
  t.is(judge(policy, 'a').raw, 'FLAG');
  t.is(policy.rules[0]?.severity, severity);
  t.regex(problemsOf(rule({ id: 'A', pattern: 'a', action: 'Block' }))[0] ?? '', /error action must be allow/);
});

test('null means absent', (t) => {
  const absent = { min_count: null, max_chars: null, llm_prompt: null, applies_to: null, endpoints: null };
  const text = rule({ id: 'A', pattern: 'a', shadow_override: null, ...absent });
  t.deepEqual(problemsOf(text), []);
  t.deepEqual(idsOf(judge(policyOf(ancestorPackOf(text)), 'a', { direction: 'outbound' })), ['A']);
});

test('min_count counts non-overlapping matches; 0 and null act as 1', (t) => {
  for (const [minCount, text, expected] of [
    [2, 'aaa', 0],
    [2, 'aaaa', 1],
    [0, 'aa', 1],
    [null, 'aa', 1],
  ] as const) {
    const policy = policyOf(ancestorPackOf(rule({ id: 'A', pattern: 'aa', min_count: minCount })));
    t.is(idsOf(judge(policy, text)).length, expected);
  }
});

test('max_chars is strictly greater, in code points', (t) => {
  const policy = policyOf(ancestorPackOf(rule({ id: 'A', max_chars: 3 })));
  t.deepEqual(
    ['abc', 'abcd', '😀😀😀', '😀😀😀😀'].map((text) => idsOf(judge(policy, text)).length),
    [0, 1, 0, 1],
  );
  const zero = policyOf(ancestorPackOf(rule({ id: 'A', max_chars: 0 })));
  t.deepEqual(
    ['', 'a'].map((text) => idsOf(judge(zero, text)).length),
    [0, 1],
  );
});

test('empty text is legal, and a match-all pattern fires', (t) => {
  t.deepEqual(idsOf(judge(policyOf(ancestorPackOf(rule({ id: 'A', pattern: '.*' }))), '')), ['A']);
});

test('llm_prompt loads, and is reported as inactive with a warning when no classifier is configured', (t) => {
  const text = rule({ id: 'A', llm_prompt: 'x' });
  t.deepEqual(problemsOf(text), []);
  const policy = policyOf(ancestorPackOf(text));
  t.regex(policy.warnings[0]?.message ?? '', /^llm_prompt is not asked: moderators\.default is not configured/);
  t.false(policy.rules[0]?.enabled);
});

test("the rule's directions are normalised too, and a star is a wildcard", (t) => {
  const policy = policyOf(
    ancestorPackOf(
      rule({ id: 'A', pattern: 'a', applies_to: [' INBOUND '] }) +
        rule({ id: 'B', pattern: 'a', applies_to: ['*'] }) +
        rule({ id: 'C', pattern: 'a', applies_to: [] }),
    ),
  );
  t.deepEqual(idsOf(judge(policy, 'a', { direction: 'inbound' })), ['A', 'B', 'C']);
  t.deepEqual(idsOf(judge(policy, 'a', { direction: 'outbound' })), ['B', 'C']);
  t.deepEqual(idsOf(judge(policy, 'a', { direction: '' })), ['A', 'B', 'C']);
});

test('directions that no request has are inert with a warning, or are mapped', (t) => {
  const text =
    rule({ id: 'A', pattern: 'a', applies_to: ['request_body'] }) +
    rule({ id: 'B', pattern: 'a', applies_to: ['response_body', 'logs', 'headers'] });
  const inert = policyOf(ancestorPackOf(text));
  t.is(problemsOf(text).filter((line) => line.includes('warning no request has the direction')).length, 4);
  t.deepEqual(idsOf(judge(inert, 'a', { direction: 'inbound' })), []);
  t.deepEqual(idsOf(judge(inert, 'a')), ['A', 'B']);
  const mapped = policyOf(ancestorPackOf(text, { ancestorDirections: 'map' }));
  t.deepEqual(idsOf(judge(mapped, 'a', { direction: 'inbound' })), ['A']);
  t.deepEqual(idsOf(judge(mapped, 'a', { direction: 'outbound' })), ['B']);
  t.not(mapped.revision, inert.revision);
});

test('endpoints: everywhere without, never without a path, and below by segment', (t) => {
  const policy = policyOf(
    ancestorPackOf(rule({ id: 'A', pattern: 'a' }) + rule({ id: 'B', pattern: 'a', endpoints: ['/x/*', '/y?'] })),
  );
  const at = (endpoint: string) => idsOf(judge(policy, 'a', { endpoint })).join();
  t.deepEqual(['', '/x', '/x/z', '/xfoo', '/y1', '/X'].map(at), ['A', 'A,B', 'A,B', 'A', 'A,B', 'A,B']);
});

test('endpoints: exact, and the globs of the shell, in which a star crosses slashes', (t) => {
  const hits = (pattern: string, endpoint: string) =>
    idsOf(judge(policyOf(ancestorPackOf(rule({ id: 'A', pattern: 'a', endpoints: [pattern] }))), 'a', { endpoint }))
      .length;
  const rows = [
    ['/v1/chat', '/v1/chat', 1],
    ['/v1/chat', '/v1/chat/completions', 0],
    ['/v1/chat', '/V1/chat', 1],
    ['/v1/chat', '/v1/chat;v=1', 1],
    ['/v1/chat', '/v1/chats', 0],
    ['/v1/*/run', '/v1/a/b/run', 1],
    ['/v[12]/chat', '/v2/chat', 1],
    ['/v[!12]/chat', '/v2/chat', 0],
    ['*/chat', '/any/where/chat', 1],
    ['/v1/*', '/v1/', 1],
  ] as const;
  for (const [pattern, endpoint, expected] of rows)
    t.is(hits(pattern, endpoint), expected, `${pattern} at ${endpoint}`);
});

test('block is stricter than flag, flag than allow, and all ids come in file order', (t) => {
  const policy = policyOf(
    ancestorPackOf(
      rule({ id: 'F', pattern: 'f', action: 'flag' }) +
        rule({ id: 'A', pattern: 'a', action: 'allow' }) +
        rule({ id: 'B', pattern: 'b' }),
    ),
  );
  const both = judge(policy, 'baf');
  t.deepEqual([both.raw, idsOf(both)], ['BLOCK', ['F', 'A', 'B']]);
  t.is(judge(policy, 'a').raw, 'ALLOW');
  t.is(judge(policy, 'af').raw, 'FLAG');
});

const SPECIFIC = [
  'GITHUB-TOKEN',
  'AWS-ACCESS-KEY',
  'AWS-SECRET-KEY',
  'OPENAI-KEY',
  'SLACK-BOT',
  'GOOGLE-API-KEY',
  'STRIPE-KEY',
  'JWT',
];
for (const name of SPECIFIC) {
  test(`the generic key rule gives way to ${name}, wherever they match`, (t) => {
    const text =
      rule({ id: 'API-1.0', pattern: 'key=\\w+', action: 'flag' }) + rule({ id: `${name}-1.0`, pattern: 'token' });
    const policy = policyOf(ancestorPackOf(text));
    t.deepEqual(idsOf(judge(policy, 'key=abc')), ['API-1.0']);
    t.deepEqual(idsOf(judge(policy, 'key=abc and token')), [`${name}-1.0`]);
  });
}

test('suppression comes before the decision', (t) => {
  const text = rule({ id: 'API-1.0', pattern: 'key=\\w+' }) + rule({ id: 'JWT-1.0', pattern: 'token', action: 'flag' });
  const policy = policyOf(ancestorPackOf(text));
  t.deepEqual([judge(policy, 'key=abc').raw, judge(policy, 'key=abc token').raw], ['BLOCK', 'FLAG']);
});

test('a file that declares suppression of its own has no other', (t) => {
  const text =
    rule({ id: 'API-1.0', pattern: 'key' }) +
    rule({ id: 'JWT-1.0', pattern: 'token' }) +
    rule({ id: 'X', pattern: 'x', suppresses: ['JWT-1.0'] });
  t.deepEqual(idsOf(judge(policyOf(ancestorPackOf(text)), 'key token')), ['API-1.0', 'JWT-1.0']);
});

test('in shadow only the enforcing rule counts, not the whole request', (t) => {
  const text =
    rule({ id: 'B', pattern: 'b' }) + rule({ id: 'A', pattern: 'a', action: 'allow', shadow_override: 'enforce' });
  const judgement = judge(policyOf(ancestorPackOf(text), { shadow: true }), 'ab');
  t.deepEqual([judgement.raw, judgement.effective, idsOf(judgement)], ['BLOCK', 'ALLOW', ['B', 'A']]);
  const flagging = rule({ id: 'F', pattern: 'f', action: 'flag', shadow_override: 'enforce' });
  const both = judge(policyOf(ancestorPackOf(rule({ id: 'B', pattern: 'b' }) + flagging), { shadow: true }), 'bf');
  t.deepEqual([both.raw, both.effective], ['BLOCK', 'FLAG']);
  t.regex(problemsOf(rule({ id: 'A', pattern: 'a', shadow_override: 'always' }))[0] ?? '', /shadow_override must be/);
});

test('of duplicate ids the last one wins at the place of the first, with both positions told', (t) => {
  const text = rule({ id: 'A', pattern: 'old' }) + rule({ id: 'B', pattern: 'x' }) + rule({ id: 'A', pattern: 'new' });
  t.regex(problemsOf(text)[0] ?? '', /^3:3 warning the id A .* line 1, column 3/);
  const policy = policyOf(ancestorPackOf(text));
  t.deepEqual(idsOf(judge(policy, 'x new')), ['A', 'B']);
  t.deepEqual(idsOf(judge(policy, 'old')), []);
});

test('unknown keys are warnings with their place; known ones mean what they say', (t) => {
  const text =
    '- id: A\n  title: t\n  severity: s\n  action: block\n  pattern: a\n  metadata: {x: 1}\n  tags: [one]\n  enabled: no\n';
  const problems = problemsOf(text);
  t.is(problems.length, 1);
  t.regex(
    problems[0] ?? '',
    /^6:3 warning the key "metadata" is not known and has no effect; the nearest known one is "[a-z_]+"$/,
  );
  const policy = policyOf(ancestorPackOf(text));
  t.like(policy.rules[0], { enabled: false, tags: ['one'] });
  t.deepEqual(idsOf(judge(policy, 'a')), []);
});

test('keys that other tools write beside a rule are told, and change nothing', (t) => {
  const text = rule({ id: 'A', pattern: 'a', text: 'x', metadata: { owner: 'x' }, description: 'd' });
  t.is(problemsOf(text).filter((line) => line.includes('has no effect')).length, 2);
  t.like(policyOf(ancestorPackOf(text)).rules[0], { enabled: true, description: 'd' });
});

test('a missing title or severity is refused', (t) => {
  t.regex(problemsOf('- {id: A, action: block, pattern: a}\n')[0] ?? '', /^1:3 error missing: title, severity/);
});

test('single-class look-around at the ends works; elsewhere it is refused with its place', (t) => {
  const secret = '(?<![A-Za-z0-9/+=])[A-Za-z0-9/+=]{40}(?![A-Za-z0-9/+=])';
  const policy = policyOf(ancestorPackOf(rule({ id: 'A', pattern: secret })));
  t.deepEqual(
    ['x'.repeat(40), 'x'.repeat(41), `"${'x'.repeat(40)}"`].map((text) => idsOf(judge(policy, text)).length),
    [1, 0, 1],
  );
  t.regex(
    problemsOf('- {id: A, title: t, severity: s, action: block, pattern: "a(?=b)c"}')[0] ?? '',
    /^1:60 error pattern: look-around/,
  );
});

test('a bad regex is refused', (t) => {
  t.regex(problemsOf(rule({ id: 'A', pattern: '(' }))[0] ?? '', /error pattern: this group has no closing parenthesis/);
});

test('Unicode digits match, inline flags work', (t) => {
  const policy = policyOf(
    ancestorPackOf(
      rule({ id: 'N', pattern: '\\b\\d{3}-\\d{2}-\\d{4}\\b' }) + rule({ id: 'I', pattern: '(?i)\\bsystem prompt\\b' }),
    ),
  );
  t.deepEqual(idsOf(judge(policy, '１２３-４５-６７８９ System PROMPT')), ['N', 'I']);
  const words = policyOf(ancestorPackOf(rule({ id: 'W', pattern: '^\\w+$' })));
  t.deepEqual(
    ['été', 'дом', 'a b'].map((text) => idsOf(judge(words, text)).length),
    [1, 1, 0],
  );
});
