import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { builtinPackDirectory } from '../../sidecar/config/pack-files.js';
import { tempDirectory } from '../config/temp-directory.js';
import { runCli } from './run-cli.js';

const GOOD = '[{id: A, title: a, severity: low, action: flag, pattern: hello}]\n';
const WARNED = '[{id: A, title: a, severity: low, action: flag, pattern: hello, unheard: 1}]\n';
const BAD =
  '- {id: A, title: a, severity: low, action: flag, pattern: hello}\n- {id: B, title: b, severity: low, action: flag}\n';

test('the built-in packs have no errors, by name and by path', async (t) => {
  for (const argument of ['all', 'ancestor', 'illinois', builtinPackDirectory()]) {
    const { code, out } = await runCli(['lint', argument]);
    t.is(code, 0, argument);
    t.notRegex(out, /: error: /);
  }
});

test('a clean pack prints nothing but a summary', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), GOOD);
  t.deepEqual(await runCli(['lint', 'own.yaml'], { directory }), {
    code: 0,
    out: '',
    err: 'jimini: 0 errors, 0 warnings; 1 usable pack with 1 rule\n',
  });
});

test('warnings alone are success', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), WARNED);
  const { code, out } = await runCli(['lint', 'own.yaml'], { directory });
  t.is(code, 0);
  t.regex(out, /^own\.yaml:1:\d+: warning: .*unheard.*\n$/);
});

test('an exception that has ended is a warning with its place', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(
    join(directory, 'own.yaml'),
    'name: own\nversion: "1"\nexcept:\n  - {id: PCI-CARD-NUMBER, values: ["4111111111111111"], expires: 2020-01-31}\n',
  );
  const { code, out } = await runCli(['lint', 'own.yaml'], { directory });
  t.is(code, 0);
  t.is(out, 'own.yaml:4:5: warning: this exception ended at 2020-02-01T00:00:00.000Z and no longer applies\n');
});

test('an error has file, line and column, and exits 2', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'bad.yaml'), BAD);
  writeFileSync(join(directory, 'own.yaml'), GOOD);
  const { code, out, err } = await runCli(['lint', 'own.yaml', 'bad.yaml', 'absent.yaml', 'notes.txt'], { directory });
  t.is(code, 2);
  t.regex(
    out,
    /^bad\.yaml:2:\d+: error: .+\nabsent\.yaml:1:1: error: no such file\nnotes\.txt:1:1: error: expected .+\n$/,
  );
  t.is(err, 'jimini: 3 errors, 0 warnings; 1 usable pack with 1 rule\n');
});

test('a directory means its pack files, hidden ones left out, as Kubernetes mounts them', async (t) => {
  const directory = tempDirectory(t);
  mkdirSync(join(directory, 'rules/..dated'), { recursive: true });
  mkdirSync(join(directory, 'rules/deeper'));
  mkdirSync(join(directory, 'empty'));
  writeFileSync(join(directory, 'rules/..dated/a.yaml'), WARNED);
  symlinkSync('..dated', join(directory, 'rules/..data'));
  symlinkSync('..data/a.yaml', join(directory, 'rules/a.yaml'));
  symlinkSync('.', join(directory, 'rules/deeper/circle'));
  writeFileSync(join(directory, 'rules/deeper/b.yml'), BAD);
  writeFileSync(join(directory, 'rules/readme.md'), 'not a pack');
  const { code, out } = await runCli(['lint', 'rules', 'empty'], { directory });
  t.is(code, 2);
  t.regex(out, /^rules\/a\.yaml:1:\d+: warning: /);
  t.regex(out, /^rules\/deeper\/b\.yml:2:\d+: error: /m);
  t.regex(out, /^empty:1:1: error: holds no \.yaml or \.yml file$/m);
});

test('an empty path is bad usage, and does not mean the working directory', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), GOOD);
  const { code, out, err } = await runCli(['lint', ''], { directory });
  t.deepEqual([code, out], [2, '']);
  t.regex(err, /^jimini: path: .*found nothing\n$/);
});

test('a name that is kept for a built-in pack is an error, one given twice a warning', async (t) => {
  const directory = tempDirectory(t);
  for (const name of ['a', 'b']) mkdirSync(join(directory, name));
  for (const file of ['pci.yaml', 'a/own.yaml', 'b/own.yaml']) writeFileSync(join(directory, file), GOOD);
  const { code, out } = await runCli(['lint', 'pci.yaml', 'a', 'b'], { directory });
  t.is(code, 2);
  t.is(
    out,
    [
      'pci.yaml:1:1: error: the pack\'s name "pci" is kept for a built-in pack; give the pack another name',
      'b/own.yaml:1:1: warning: a/own.yaml has the name "own" too; the two cannot be used together',
      '',
    ].join('\n'),
  );
});

test('hostile file names are shown, not acted on', async (t) => {
  const directory = tempDirectory(t);
  const name = 'x\u001b[31m\u202e\n.yaml';
  writeFileSync(join(directory, name), BAD);
  const { out } = await runCli(['lint', name], { directory });
  t.true(out.startsWith('x\\u{1b}[31m\\u{202e}\\u{a}.yaml:2:'));
  t.is(out.trimEnd().split('\n').length, 1);
});

test('--format json gives problems, packs and rules with their streaming class', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), WARNED);
  const { code, out } = await runCli(['lint', 'own.yaml', '--format', 'json'], { directory });
  t.is(code, 0);
  const report = JSON.parse(out) as Record<string, Record<string, unknown>[]>;
  t.like(report['problems']?.[0], { severity: 'warning', file: 'own.yaml', line: 1 });
  t.like(report['packs']?.[0], { name: 'own', format: 'ancestor', file: 'own.yaml' });
  t.like(report['rules']?.[0], { id: 'A', pack: 'own', streaming: 'bounded' });
});

test('--rules lists rules with engine and streaming class', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), GOOD.replace('title: a', 'title: "a\\e[2J"'));
  const { out } = await runCli(['lint', 'own.yaml', '--rules'], { directory });
  t.regex(out, /^PACK +RULE +ACTION +ENGINE +STREAMING +TITLE\nown +A +flag +re2 +bounded +a\\u\{1b\}\[2J\n$/);
});
