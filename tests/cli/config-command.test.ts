import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { configTable } from '../../sidecar/config/document.js';
import { CONFIG_KEYS, configJsonSchema } from '../../sidecar/config/keys.js';
import { tempDirectory } from '../config/temp-directory.js';
import { runCli } from './run-cli.js';

test('config check says that the defaults are valid', async (t) => {
  t.deepEqual(await runCli(['config', 'check']), { code: 0, out: 'the configuration is valid\n', err: '' });
});

test('config check tells every problem in one line, and exits 2', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'jimini.yaml'), 'shadow: maybe\npakcs: []\n');
  const argv = ['config', 'check', '--config', 'jimini.yaml'];
  const { code, out, err } = await runCli(argv, { directory, env: { JIMINI_X: '1' } });
  t.is(code, 2);
  t.is(out, '');
  t.is(
    err,
    [
      'jimini: jimini.yaml:1:9: shadow: expected true or false, found "maybe"',
      'jimini: jimini.yaml:2:1: pakcs: unknown key; the nearest known one is packs',
      'jimini: JIMINI_X: unknown variable; the nearest known one is JIMINI_PACKS',
      '',
    ].join('\n'),
  );
  const json = await runCli([...argv, '--format', 'json'], { directory });
  t.is(json.code, 2);
  t.deepEqual(JSON.parse(json.out), {
    valid: false,
    problems: [
      { where: 'jimini.yaml:1:9', key: 'shadow', message: 'expected true or false, found "maybe"' },
      { where: 'jimini.yaml:2:1', key: 'pakcs', message: 'unknown key; the nearest known one is packs' },
    ],
    warnings: [],
    packProblems: [],
  });
});

test('config check tells what is wrong with the packs', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(
    join(directory, 'own.yaml'),
    'rules:\n  - {id: A, title: a, severity: low, action: block, pattern: "("}\n',
  );
  writeFileSync(join(directory, 'secrets.yaml'), '[{id: A, title: a, severity: low, action: block, pattern: x}]\n');
  const broken = await runCli(['config', 'check', '--packs', 'own.yaml,nowhere.yaml'], { directory });
  t.is(broken.code, 2);
  t.regex(broken.err, /^jimini: .*own\.yaml:2:\d+: error: /m);
  t.regex(broken.err, /^jimini: .*nowhere\.yaml:1:1: error: no such file$/m);
  const taken = await runCli(['config', 'check', '--packs', 'pci,secrets.yaml'], { directory });
  t.is(taken.code, 2);
  t.regex(taken.err, /secrets\.yaml:1:1: error: the pack's name "secrets" is kept for a built-in pack/);
});

test('config check refuses a required pack that no file turned out to hold', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), '[{id: A, title: a, severity: low, action: block, pattern: x}]\n');
  const check = (required: string) =>
    runCli(['config', 'check', '--packs', 'pci,own.yaml', '--policy-required-packs', required], { directory });
  t.is((await check('own')).code, 0);
  const { code, err } = await check('theirs');
  t.is(code, 2);
  const message = 'policy.requiredPacks: no pack is named theirs; loaded are pci, own\n';
  t.is(err, `jimini: --policy-required-packs: ${message}`);
  const checkWith = async (env: Record<string, string>) => (await runCli(['config', 'check'], { directory, env })).err;
  const env = { JIMINI_PACKS: 'pci,own.yaml' };
  t.is(
    await checkWith({ ...env, JIMINI_POLICY_REQUIRED_PACKS: 'own,theirs' }),
    `jimini: JIMINI_POLICY_REQUIRED_PACKS: ${message}`,
  );
  writeFileSync(join(directory, 'jimini.yaml'), 'policy:\n  requiredPacks:\n    - own\n    - theirs\n');
  t.is(await checkWith({ ...env, JIMINI_CONFIG: 'jimini.yaml' }), `jimini: jimini.yaml:4:7: ${message}`);
});

test('config show prints every value with where it was said', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'jimini.yaml'), 'logLevel: warn\nlisten: {socketMode: "0600"}\n');
  const argv = ['config', 'show', '--config', 'jimini.yaml', '--shadow', '--format', 'json'];
  const { code, out } = await runCli(argv, { directory, env: { JIMINI_PACKS: 'all' } });
  t.is(code, 0);
  const shown = JSON.parse(out) as Record<string, { value: unknown; from: string }>;
  t.deepEqual(
    Object.keys(shown),
    CONFIG_KEYS.map(({ path }) => path),
  );
  t.deepEqual(shown['logLevel'], { value: 'warn', from: 'jimini.yaml:1:11' });
  t.deepEqual(shown['listen.socketMode'], { value: '0600', from: 'jimini.yaml:2:22' });
  t.deepEqual(shown['shadow'], { value: true, from: '--shadow' });
  t.deepEqual(shown['packs'], { value: ['secrets', 'pii', 'pci', 'hipaa', 'cjis', 'injection'], from: 'JIMINI_PACKS' });
  t.deepEqual(shown['dataDir'], { value: join(directory, '.jimini'), from: 'default' });
});

test('config show prints a table for people', async (t) => {
  const { code, out } = await runCli(['config', 'show', '--log-level', 'debug']);
  t.is(code, 0);
  t.regex(out, /^KEY +VALUE +FROM$/m);
  t.regex(out, /^logLevel +debug +--log-level$/m);
  t.is(out.trimEnd().split('\n').length, CONFIG_KEYS.length + 1);
});

test('config show of a bad configuration shows its problems instead', async (t) => {
  const { code, out, err } = await runCli(['config', 'show', '--shadow=maybe']);
  t.is(code, 2);
  t.is(out, '');
  t.regex(err, /^jimini: --shadow: shadow: expected true, false, 1 or 0, found "maybe"$/m);
});

test('config schema prints the JSON Schema, or the table of the documentation', async (t) => {
  t.deepEqual(JSON.parse((await runCli(['config', 'schema'])).out), configJsonSchema());
  t.is((await runCli(['config', 'schema', '--format', 'markdown'])).out, `${configTable()}\n`);
});

test('every setting that a variable can say has a flag', async (t) => {
  const { out } = await runCli(['config', 'show', '--help']);
  for (const { flag } of CONFIG_KEYS) if (flag !== undefined) t.true(out.includes(`  ${flag} `), flag);
});

/** A moment as people write it. */
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');

test('config check refuses switches that last too long, or begin too late, at their place', async (t) => {
  const directory = tempDirectory(t);
  const check = (text: string) => {
    writeFileSync(join(directory, 'jimini.yaml'), text);
    return runCli(['config', 'check', '--config', 'jimini.yaml'], { directory });
  };
  const window = (name: string, from: number, until: number) =>
    `  - {name: ${name}, reason: r, scope: {packs: [pii]}, from: ${inMinutes(from)}, until: ${inMinutes(until)}}\n`;
  const thrown = (minutes: number) =>
    `killSwitch:\n  mode: lockdown\n  reason: a leak\n  until: ${inMinutes(minutes)}\n`;
  const fine = await check(`${thrown(59)}maintenance:\n${window('a', -90, -30)}${window('b', 43_000, 43_060)}`);
  t.deepEqual(fine, { code: 0, out: 'the configuration is valid\n', err: '' });
  const ended = await check(thrown(-1_000));
  t.is(ended.code, 0, 'one that has ended is ignored');
  t.is(
    ended.err,
    'jimini: jimini.yaml:4:10: killSwitch.until: warning: has passed, so that the kill switch does nothing; remove it, or write a later time\n',
  );
  t.is((await check('killSwitch:\nmaintenance: []\n')).code, 0, 'a key without a value means none');
  const { code, err } = await check(`${thrown(61)}maintenance:\n${window('a', 0, 61)}${window('b', 43_300, 43_200)}`);
  t.is(code, 2);
  t.deepEqual(err.replaceAll(/ \(\d.*?\)/g, '').split('\n'), [
    'jimini: jimini.yaml:4:10: killSwitch.until: is more than an hour after it was first shown; write an earlier time, and renew it later',
    'jimini: jimini.yaml:6:84: maintenance[0].until: is more than an hour after from',
    'jimini: jimini.yaml:7:55: maintenance[1].from: is more than 30 days ahead',
    'jimini: jimini.yaml:7:84: maintenance[1].until: is not after from',
    '',
  ]);
});

test('config check says when maintenance names a pack that is not loaded', async (t) => {
  const directory = tempDirectory(t);
  const window = `{name: a, reason: r, scope: {packs: [pii, hr]}, from: ${inMinutes(1)}, until: ${inMinutes(2)}}`;
  writeFileSync(join(directory, 'jimini.yaml'), `packs: [pii, pci]\nmaintenance:\n  - ${window}\n`);
  const { code, err } = await runCli(['config', 'check', '--config', 'jimini.yaml'], { directory });
  t.is(code, 2);
  t.is(err, 'jimini: jimini.yaml:3:47: maintenance[0].scope.packs: no pack is named hr; loaded are pii, pci\n');
});

test('config check goes by what the data directory says was shown before', async (t) => {
  const directory = tempDirectory(t);
  const until = inMinutes(30);
  const untilMs = Date.parse(until);
  const firstShownMs = untilMs - 3 * 60 * 60 * 1000;
  writeFileSync(join(directory, 'jimini.yaml'), `killSwitch: {mode: bypass, reason: r, until: ${until}}\n`);
  const argv = ['config', 'check', '--config', 'jimini.yaml', '--data-dir', directory];
  t.is((await runCli(argv, { directory })).code, 0);
  const note = { key: `kill_switch bypass ${untilMs}`, untilMs, firstShownMs, reachedMs: firstShownMs, isOver: false };
  writeFileSync(join(directory, 'switches.json'), JSON.stringify({ v: 0, switches: [note] }));
  const { code, err } = await runCli(argv, { directory });
  t.is(code, 2);
  t.true(err.includes(`first shown (${new Date(firstShownMs).toISOString()})`));
});
