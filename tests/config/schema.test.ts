import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { configTable } from '../../sidecar/config/document.js';
import { GAPS_DECIDED_ELSEWHERE, SETTABLE_GAP_KINDS } from '../../sidecar/config/gap-actions.js';
import { CONFIG_KEYS, configJsonSchema } from '../../sidecar/config/keys.js';
import { packageRoot } from '../../sidecar/config/package-root.js';
import { FIXED_GAP_KINDS, GAP_KINDS } from '../../sidecar/kernel/gap.js';
import { nearest } from '../../sidecar/kernel/nearest.js';

test('every setting has a description, a default and a time at which it takes effect', (t) => {
  const incomplete = CONFIG_KEYS.filter(
    ({ node }) => !node.description?.endsWith('.') || node.default === undefined || node['x-reload'] === undefined,
  );
  t.deepEqual(
    incomplete.map(({ path }) => path),
    [],
  );
});

test('the JSON Schema refuses unknown keys on every level', (t) => {
  const schema = configJsonSchema();
  t.is(schema.additionalProperties, false);
  const groups = Object.values(schema.properties ?? {}).filter((node) => node.properties);
  t.true(groups.length > 3);
  t.true(groups.every((node) => node.additionalProperties === false));
});

test('the table in the documentation is the one that the schema gives', (t) => {
  const text = readFileSync(join(packageRoot(), 'docs/configuration.md'), 'utf8');
  const table = /<!-- table of settings -->\n\n(.*?)\n\n<!-- end of table -->/s.exec(text)?.[1];
  t.is(table, configTable(), 'write it anew with: npx jimini config schema --format markdown');
});

test('the documentation of classifiers has every setting of one, with its default', (t) => {
  const text = readFileSync(join(packageRoot(), 'docs/moderators.md'), 'utf8');
  const map = configJsonSchema().properties?.['moderators']?.additionalProperties;
  const settings = Object.entries((typeof map === 'object' && map.properties) || {});
  t.true(settings.length > 8);
  for (const [name, node] of settings) {
    const row = new RegExp(`^\\| \`${name}\` +\\| \`?(.*?)\`? *\\|`, 'm').exec(text);
    const otherwise = name === 'keyFile' ? 'none' : 'required';
    t.is(row?.[1], String(node.default ?? otherwise), name);
    t.true(node.description?.endsWith('.'), name);
  }
});

test('the documentation of routes has every setting of one', (t) => {
  const text = readFileSync(join(packageRoot(), 'docs/configuration.md'), 'utf8');
  const map = configJsonSchema().properties?.['policy']?.properties?.['routes']?.additionalProperties;
  const settings = Object.entries((typeof map === 'object' && map.properties) || {});
  t.true(settings.length > 4);
  for (const [name, node] of settings) {
    t.regex(text, new RegExp(`^\\| \`${name}\` `, 'm'));
    t.true(node.description?.endsWith('.'), name);
  }
});

test('the documentation has every gap kind, what happens by default, why, and what decides it', (t) => {
  const text = readFileSync(join(packageRoot(), 'docs/configuration.md'), 'utf8');
  for (const [kind, { action, meaning }] of Object.entries(GAP_KINDS)) {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${kind}\` `)) ?? '';
    const cells = row.replaceAll('`', '').split('|');
    const fixed = (FIXED_GAP_KINDS as readonly string[]).includes(kind) ? 'never' : 'yes';
    const decides = GAPS_DECIDED_ELSEWHERE.get(kind) ?? fixed;
    t.deepEqual(
      cells.slice(1, -1).map((cell) => cell.trim()),
      [kind, action, meaning, decides],
    );
  }
});

test('every gap kind is settable, fixed, or decided by another setting', (t) => {
  const known = [...SETTABLE_GAP_KINDS, ...FIXED_GAP_KINDS, ...GAPS_DECIDED_ELSEWHERE.keys()];
  t.deepEqual(known.sort(), Object.keys(GAP_KINDS).sort());
});

test('the nearest name is the name itself when it is known', (t) => {
  const names = CONFIG_KEYS.map(({ path }) => path);
  fc.assert(fc.property(fc.constantFrom(...names), (name) => t.is(nearest(name, names), name)));
  t.is(nearest('x', []), undefined);
});
