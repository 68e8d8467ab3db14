import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { generatedPack } from '../../bench/generated-pack.js';
import { loadConfig, usable } from '../../sidecar/config/load.js';
import { formatPackProblem, loadPackSet, type PackSet } from '../../sidecar/config/pack-set.js';
import { tempDirectory } from './temp-directory.js';

const rule = (id: string) => `[{id: ${id}, title: t, severity: low, action: flag, pattern: x, applies_to: [logs]}]\n`;

async function packsOf(directory: string, env: Record<string, string>, previous?: PackSet): Promise<PackSet> {
  return loadPackSet(usable(await loadConfig({ env, directory })), previous?.loaded);
}

test('packs come in the order of the configuration', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), rule('A'));
  const { packs, problems } = await packsOf(directory, { JIMINI_PACKS: 'pci,own.yaml,illinois' });
  t.deepEqual(
    packs.map(({ name, builtin }) => [name, builtin]),
    [
      ['pci', true],
      ['own', false],
      ['illinois', true],
    ],
  );
  t.true(problems.every(({ severity }) => severity === 'warning'));
});

test('a reload loads only what changed, and keeps the warnings of the rest', async (t) => {
  const directory = tempDirectory(t);
  const [a, b] = [join(directory, 'a.yaml'), join(directory, 'b.yaml')];
  writeFileSync(a, rule('A'));
  writeFileSync(b, rule('B'));
  const env = { JIMINI_PACKS: 'a.yaml,b.yaml' };
  const first = await packsOf(directory, env);
  writeFileSync(b, rule('C'));
  const second = await packsOf(directory, env, first);
  t.is(second.packs[0], first.packs[0]);
  t.not(second.packs[1], first.packs[1]);
  t.is(second.packs[1]?.rules[0]?.id, 'C');
  t.is(second.problems.length, first.problems.length);
  t.true(first.problems.length > 0);
  const mapped = await packsOf(directory, { ...env, JIMINI_POLICY_ANCESTOR_DIRECTIONS: 'map' }, second);
  t.not(mapped.packs[0], second.packs[0]);
});

test('examples that held are not judged again because a setting changed; those of a changed text are', async (t) => {
  const directory = tempDirectory(t);
  const file = join(directory, 'own.yaml');
  const wrong = `name: own\nversion: "1"\nrules:
  - {id: A, title: t, severity: low, action: flag, pattern: apple, examples: {match: [pear]}}\n`;
  writeFileSync(file, wrong);
  const env = { JIMINI_PACKS: 'own.yaml' };
  const refused = await packsOf(directory, env);
  t.is(refused.packs.length, 0);
  writeFileSync(file, wrong.replace('pear', 'apple'));
  const good = await packsOf(directory, env);
  const [loaded] = good.loaded;
  if (!loaded) return t.fail();
  // As if the wrong text had been found to hold under another setting.
  const before = {
    ...good,
    loaded: [{ ...loaded, file: { ...loaded.file, text: wrong }, ancestorDirections: 'map' }],
  } as const;
  writeFileSync(file, wrong);
  t.is((await packsOf(directory, env, before)).packs.length, 1);
  t.is((await packsOf(directory, env, good)).packs.length, 0);
});

test('other work has its turn all the time while a pack of many rules is loaded', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), generatedPack({ name: 'own', rules: 300, seed: 1 }));
  let turns = 0;
  let immediate = setImmediate(function turn() {
    turns++;
    immediate = setImmediate(turn);
  });
  const { packs } = await packsOf(directory, { JIMINI_PACKS: 'own.yaml' });
  clearImmediate(immediate);
  t.is(packs[0]?.rules.length, 300);
  t.true(turns > 20, String(turns));
});

test('what is wrong with any pack is a problem of the set', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), '[');
  const { packs, problems } = await packsOf(directory, { JIMINI_PACKS: 'own.yaml,absent.yaml' });
  t.deepEqual(packs, []);
  const lines = problems.map(formatPackProblem).map((line) => line.replace(`${directory}/`, ''));
  t.is(lines[0], 'absent.yaml:1:1: error: no such file');
  t.regex(lines[1] ?? '', /^own\.yaml:\d+:\d+: error: /);
});
