import test from 'ava';
import type { MatchedRule } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { messageOf } from '../../sidecar/policy/message.js';

const matched = (title: string, action: MatchedRule['action'] = 'block'): MatchedRule => ({
  id: title,
  pack: 'p',
  title,
  severity: 'high',
  action,
  effectiveAction: action,
});

test('a clean text has a sentence of its own', (t) => {
  t.is(messageOf({ raw: 'ALLOW', effective: 'ALLOW', matched: [], gaps: [] }), 'Allowed: nothing speaks against it.');
});

test('the strictest rules come first, gaps last', (t) => {
  const message = messageOf({
    raw: 'BLOCK',
    effective: 'BLOCK',
    matched: [matched('E-mail address', 'flag'), matched('Card number')],
    gaps: [{ kind: 'coding:unknown' }],
  });
  t.regex(message, /^Blocked: Card number; E-mail address; coding:unknown \(.*\)\.$/);
});

test('a rule that only marks is no reason, neither of a denial nor of a pass', (t) => {
  const marks = matched('Card number of a manual', 'allow');
  const blocked = messageOf({ raw: 'BLOCK', effective: 'BLOCK', matched: [marks, matched('Card number')], gaps: [] });
  t.is(blocked, 'Blocked: Card number.');
  const passed = messageOf({ raw: 'ALLOW', effective: 'ALLOW', matched: [marks], gaps: [] });
  t.is(passed, 'Allowed: nothing speaks against it.');
});

test('shadow says what would have happened', (t) => {
  const message = messageOf({ raw: 'BLOCK', effective: 'ALLOW', matched: [matched('Card number')], gaps: [] });
  t.is(message, 'Allowed (in shadow; would be blocked): Card number.');
});

test('control and format characters of titles are escaped', (t) => {
  const message = messageOf({
    raw: 'BLOCK',
    effective: 'BLOCK',
    matched: [matched('a\r\nb\u202ec\u2028d\x1b')],
    gaps: [],
  });
  t.is(message, 'Blocked: a\\u{d}\\u{a}b\\u{202e}c\\u{2028}d\\u{1b}.');
});

test('many and long titles stay within the bound', (t) => {
  const many = Array.from({ length: 9 }, (_, i) => matched(`rule ${i}`));
  t.true(messageOf({ raw: 'BLOCK', effective: 'BLOCK', matched: many, gaps: [] }).endsWith('; and 4 more.'));
  const long = Array.from({ length: 9 }, (_, i) => matched(`${i}${'😀'.repeat(300)}`));
  const message = messageOf({ raw: 'BLOCK', effective: 'BLOCK', matched: long, gaps: [] });
  t.is([...message].length, LIMITS.messageCharsMax);
  t.true(message.isWellFormed());
});

const BLOCKED = { raw: 'BLOCK', effective: 'ALLOW', matched: [matched('Card number')], gaps: [] } as const;

test('a switch says what would have happened, and a lockdown needs no reason', (t) => {
  const bypassed = messageOf({ ...BLOCKED, switch: { kind: 'bypass' } });
  t.is(bypassed, 'Allowed (bypass; would be blocked): Card number.');
  const held = messageOf({ ...BLOCKED, switch: { kind: 'maintenance', windows: ['w'] } });
  t.is(held, 'Allowed (in maintenance; would be blocked): Card number.');
  const locked = messageOf({ ...BLOCKED, effective: 'BLOCK', switch: { kind: 'lockdown' } });
  t.is(locked, 'Blocked: a lockdown is in force, and every request is denied.');
});

test('what cannot be masked says so, unless a stricter rule has decided', (t) => {
  const masks = { ...BLOCKED, raw: 'MASK', matched: [matched('E-mail', 'mask')], cannotMask: true } as const;
  t.is(messageOf({ ...masks, effective: 'FLAG' }), 'Flagged (cannot be masked here): E-mail.');
  const asked = messageOf({ ...masks, raw: 'BLOCK', effective: 'BLOCK' });
  t.is(asked, 'Blocked: E-mail.');
});
