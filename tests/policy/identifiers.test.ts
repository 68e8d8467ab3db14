import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { IDENTIFIER_NAMES, identifierCheck } from '../../sidecar/policy/ids/catalogue.js';
import { createValidator } from '../../sidecar/policy/validators.js';
import { ROOT } from './packs/builtin-packs.js';

interface Numbers {
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const file = join(ROOT, 'tests', 'policy', 'identifiers.yaml');
const NUMBERS = parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Numbers>>;
const checkOf = (name: string) => identifierCheck(name) ?? (() => undefined);

test('every kind of identifier has numbers that pass and numbers that do not', (t) => {
  t.deepEqual(Object.keys(NUMBERS), [...IDENTIFIER_NAMES]);
  const lacking = Object.entries(NUMBERS).filter(([, { good, bad }]) => good.length === 0 || bad.length === 0);
  t.deepEqual(lacking, []);
});

test('each check accepts right numbers and refuses wrong ones', (t) => {
  const wrong = Object.entries(NUMBERS).flatMap(([name, { good, bad }]) => [
    ...good.filter((text) => checkOf(name)(text) !== true).map((text) => `${name} refuses ${text}`),
    ...bad.filter((text) => checkOf(name)(text) !== false).map((text) => `${name} accepts ${text}`),
  ]);
  t.deepEqual(wrong, []);
});

test('no check throws, accepts one digit repeated, or takes a text that is no number', (t) => {
  const texts = ['', ' ', '-', '\0', '٣', '😀', 'a'.repeat(5000), '0000000000', '11111111111', '.'.repeat(100), '[1'];
  const accepted = IDENTIFIER_NAMES.flatMap((name) => texts.filter((text) => checkOf(name)(text) !== false));
  t.deepEqual(accepted, []);
});

test('a check takes the usual separators and either case', (t) => {
  const accepts = (name: string, text: string) => checkOf(name)(text);
  t.true(accepts('be.nn', '72.02.02-900.81'));
  t.true(accepts('es.dni', '54362315-k'));
  t.true(accepts('hk.hkid', 'a123456(3)'));
  t.true(accepts('ch.uid', 'CHE-123.456.788'));
  t.true(accepts('fi.hetu', '131052-308T'));
});

test('identifier accepts any of several kinds', (t) => {
  const validator = createValidator('identifier', ['es.dni', 'es.nie']);
  if (typeof validator === 'string') return t.fail(validator);
  t.true(validator.accepts('54362315K'));
  t.true(validator.accepts('X2482300W'));
  t.false(validator.accepts('54362315Z'));
});

test('identifier says what kinds there are when it is given none, or one that is not known', (t) => {
  for (const parameter of [undefined, 3, 'pl.loon', ['pl.pesel', 'pl.loon'], []]) {
    const result = createValidator('identifier', parameter);
    t.regex(typeof result === 'string' ? result : '', /needs a kind of identifier .* pl\.pesel, /);
  }
});

test('the documentation names every kind, and no other', (t) => {
  const page = readFileSync(join(ROOT, 'docs', 'packs.md'), 'utf8');
  const section = /## Identifiers\n(.*?)\n## /s.exec(page)?.[1] ?? '';
  const named = [...section.matchAll(/`([a-z0-9.]+)`/g)]
    .map(([, name]) => name)
    .filter((name) => name !== 'identifier');
  t.deepEqual(named.sort(), [...IDENTIFIER_NAMES]);
});
