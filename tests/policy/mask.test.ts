import test from 'ava';
import { loadPack } from '../../sidecar/policy/load-pack.js';
import { type Mask, maskedValue } from '../../sidecar/policy/mask.js';

const shows = test.macro((t, style: Mask['style'], value: string, expected: string) => {
  t.is(maskedValue({ style, name: 'MAIL' }, value, 'key'), expected);
});
test('type shows the name', shows, 'type', 'a@b.test', '[MAIL]');
test('stars do not show how long it was', shows, 'stars', 'a@b.test', '********');
test('last4 shows four letters or digits', shows, 'last4', '4111-1111-1111-1234', '****1234');
test('last4 shows no signs between them', shows, 'last4', 'DE89 3704 0044 0532 01 30', '****0130');
test('last4 shows nothing of what is short', shows, 'last4', '1234-5678', '********');
test('domain shows the host of an address', shows, 'domain', 'jane.doe@mail.example.com', '[MAIL]@mail.example.com');
test('domain shows nothing of what is no address', shows, 'domain', 'jane.doe', '[MAIL]');
test('domain shows no host that is none', shows, 'domain', 'a@b<script>.test', '[MAIL]');

test('digests are equal for equal texts under one key, and hold no digit', (t) => {
  const digest = (value: string, key: string) => maskedValue({ style: 'hash', name: 'MAIL' }, value, key);
  t.regex(digest('a@b.test', 'one'), /^\[MAIL:[a-p]{12}\]$/);
  t.is(digest('a@b.test', 'one'), digest('ａ@b.test', 'one'));
  t.not(digest('a@b.test', 'one'), digest('c@b.test', 'one'));
  t.not(digest('a@b.test', 'one'), digest('a@b.test', 'two'));
});

test('what is masked is called by the id of its rule, or as the rule says', (t) => {
  const rule = '{id: "odd ] id", title: t, severity: low, action: mask, pattern: a}';
  const { pack } = loadPack({ name: 'old', file: 'old.yaml', text: `- ${rule}\n` });
  t.deepEqual(pack?.rules[0]?.mask, { style: 'type', name: 'odd-id' });
  const named = rule.replace('pattern', 'mask: {style: hash, name: EMAIL}, pattern');
  const { pack: second } = loadPack({ name: 'old', file: 'old.yaml', text: `- ${named}\n` });
  t.deepEqual(second?.rules[0]?.mask, { style: 'hash', name: 'EMAIL' });
});

test('a rule that only a classifier decides cannot mask', (t) => {
  const text = '- {id: A, title: t, severity: low, action: mask, llm_prompt: Is it?}\n';
  const { pack, problems } = loadPack({ name: 'old', file: 'old.yaml', text });
  t.is(pack, undefined);
  t.true(problems.some(({ message }) => message.startsWith('llm_prompt has no place')));
});
