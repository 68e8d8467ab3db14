import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { loadPack } from '../../sidecar/policy/load-pack.js';

const folder = join(import.meta.dirname, '../../../tests/policy/pack-faults');

/** Each file says in its first lines what must be found in it: `# expect LINE:COLUMN SEVERITY MESSAGE...`. */
for (const name of readdirSync(folder)) {
  test(`fault: ${name.replace('.txt', '').replaceAll('-', ' ')}`, (t) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const expected = [...text.matchAll(/^# expect (.+)$/gm)].map((found) => found[1] ?? '');
    const { pack, problems } = loadPack({ name: 'test', file: name, text });
    const shown = problems.map(({ line, column, severity, message }) => `${line}:${column} ${severity} ${message}`);
    t.is(shown.length, expected.length, shown.join('\n'));
    for (const [i, start] of expected.entries()) t.true(shown[i]?.startsWith(start), `${start} but ${shown[i]}`);
    t.is(
      pack === undefined,
      expected.some((line) => /^\d+:\d+ error/.test(line)),
    );
    t.true(problems.every(({ file }) => file === name));
  });
}

const load = (text: string) => loadPack({ name: 'x', file: 'x.yaml', text });

test('a full pack carries its header, its digest and its rules in order', (t) => {
  const text =
    'name: a\nversion: 1.10\ndescription: d\nrules:\n- {id: B, title: t, severity: s, action: flag, pattern: x}\n';
  const { pack, problems } = load(text);
  t.deepEqual(problems, []);
  t.like(pack, { name: 'a', version: '1.10', description: 'd', format: 'full', file: 'x.yaml' });
  t.is(pack?.digest, createHash('sha256').update(text).digest('hex'));
});

test('aliases are resolved, but cannot multiply without end', (t) => {
  const rule = '{id: A, title: t, severity: s, action: flag, pattern: x, tags: &tags [a, b]}';
  const { pack } = load(
    `name: a\nversion: "1"\nrules:\n- ${rule}\n- {id: B, title: t, severity: s, action: flag, pattern: x, tags: *tags}\n`,
  );
  t.deepEqual(pack?.rules[1]?.tags, ['a', 'b']);
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh'])
    bomb.push(`${to}: &${to} [${`*${from}, `.repeat(9)}x]`);
  const { problems } = load(bomb.join('\n'));
  t.regex(problems[0]?.message ?? '', /too many values, aliases included/);
});

test('a file larger than the limit is refused unread', (t) => {
  const { problems } = load(`name: a\n# ${'x'.repeat(LIMITS.configFileBytesMax)}`);
  t.regex(problems[0]?.message ?? '', /larger than/);
});

test('deep nesting is refused, not followed', (t) => {
  for (const text of ['['.repeat(100_000), `${'- '.repeat(2000)}x`, `{a: ${'{a: '.repeat(5000)}`, '&a [*a]']) {
    const { pack, problems } = load(text);
    t.is(pack, undefined);
    t.is(problems[0]?.severity, 'error');
    t.regex(problems[0]?.message ?? '', /nested/);
    t.notRegex(problems[0]?.message ?? '', /call stack/);
  }
});

test('names that mean something to JavaScript are ordinary unknown keys', (t) => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const { problems } = load(
      `name: a\nversion: "1"\n${key}: x\nrules:\n- {id: A, title: t, severity: s, action: flag, pattern: x}\n`,
    );
    t.is(problems.length, 1);
    t.regex(
      problems[0]?.message ?? '',
      new RegExp(`^the key "${key}" is not known; the nearest known one is "[a-z]+"$`),
    );
  }
});

test('an example is judged with its role, its pointer and its repetition', (t) => {
  const rule = (more: string) =>
    `name: a\nversion: "1"\nrules:\n- {id: A, title: t, severity: s, action: flag, ${more}}\n`;
  const good = [
    'max_chars: 5, examples: {match: [{text: ab, repeat: 3}], no_match: [{text: a, repeat: 5}]}',
    'pattern: x, tags: [injection], examples: {match: [x], no_match: [{text: x, role: system}]}',
    'pattern: x, context: {words: [key], required: true}, examples: {match: [{text: x, pointer: /key}], no_match: [x]}',
    'pattern: x, endpoints: [/a], examples: {match: [x, {text: x, endpoint: /a}], no_match: [{text: x, endpoint: /b}]}',
  ];
  for (const more of good) t.deepEqual(load(rule(more)).problems, [], more);
});

const RULE = (id: string) => `- {id: ${id}, title: t, severity: s, action: flag, pattern: x}\n`;
const RULES = Array.from({ length: 30 }, (_, i) => RULE(`R${i}`)).join('');
const HEADER = 'name: a\nversion: "1"\n';

test('exceptions are read whether they stand before or behind the rules', (t) => {
  const rules = `rules:\n${RULES}`;
  const except = `except:\n${'- {id: R1, values: [b]}\n'.repeat(30)}`;
  for (const text of [HEADER + rules + except, HEADER + except + rules, rules + except + HEADER, HEADER + except]) {
    const { pack, problems } = load(text);
    t.deepEqual(problems, []);
    t.is(pack?.except.length, 30);
    t.is(pack?.rules.length, text.includes(rules) ? 30 : 0);
  }
});

test('what is wrong with a long list of rules is told once, and nothing else when it is not YAML', (t) => {
  const told = (text: string) => load(text).problems.map(({ line, column, message }) => [line, column, message]);
  const last = RULE('"R0"');
  t.deepEqual(told(`${HEADER}rules:\n${RULES}${last}`), [[34, 3, 'the id R0 is taken by the rule in line 4']]);
  t.deepEqual(told(`version: 1\nrules:\n${RULES}`), [[1, 1, 'missing: name']]);
  const [fault, ...more] = told(`version: 1\nrules:\n${RULES}${last}- "`);
  t.regex(String(fault?.[2]), /^not YAML: /);
  t.deepEqual([fault?.[0], more], [34, []]);
  const many = `${HEADER}rules:\n${Array.from({ length: LIMITS.packRulesMax + 1 }, (_, i) => RULE(`R${i}`)).join('')}`;
  t.deepEqual(told(many), [[4, 1, `rules must be a list of 1 to ${LIMITS.packRulesMax} rules`]]);
});
