import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Verdict } from '../../proto/gen/jimini/v1/policy.js';
import { startEnvoy } from '../envoy/envoy.js';
import { sampleConfigFor } from '../envoy/sample-config.js';
import { startUpstream } from '../envoy/upstream.js';
import { jimini } from '../processes/cli.js';
import { chatBodyOf, connect } from '../processes/client.js';
import { startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program } from '../tools/programs.js';

const testEnvoy = needs(program('envoy'));

const rule = (id: string, action: string, pattern: string) =>
  `  - {id: ${id}, title: a word, severity: low, action: ${action}, pattern: ${pattern}, examples: {no_match: [other]}}\n`;
const PACK = `name: words\nversion: "1"\nrules:\n${rule('WORD', 'block', 'apple')}${rule('HIDE', 'mask', 'melon')}`;
const PACKS = 'packs: [./words.yaml]\n';

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
const killSwitch = (mode: string, minutes = 30) =>
  `killSwitch: {mode: ${mode}, reason: reason-canary, until: ${inMinutes(minutes)}}\n`;
const window = (scope: string) =>
  `maintenance: [{name: move, reason: a move, scope: ${scope}, from: ${inMinutes(-1)}, until: ${inMinutes(30)}}]\n`;

/** Asks until it is so, or time is up. */
async function until(condition: () => Promise<boolean>): Promise<boolean> {
  const endMs = Date.now() + 20_000;
  while (Date.now() < endMs) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/** Client, Envoy with the shipped configuration, a real sidecar whose configuration file changes, an upstream. */
async function startChain(folder: string) {
  const file = join(folder, 'jimini.yaml');
  const dataDir = join(folder, 'data');
  const upstream = await startUpstream();
  const sidecar = await startSidecarProcess({ dataDir, args: ['--config', file] });
  const port = Number(sidecar.data.split(':').at(-1));
  const envoy = await startEnvoy(
    sampleConfigFor({ listen: { port: 0 }, jimini: { port }, llm: { port: upstream.port } }),
  );
  const client = connect(sidecar.data);
  const metrics = async () => (await fetch(`http://${sidecar.ops}/metrics`)).text();
  const post = async (text: string) => {
    const response = await fetch(`http://127.0.0.1:${envoy.port}/v1/chat/completions`, {
      method: 'POST',
      body: chatBodyOf(text),
      headers: { 'content-type': 'application/json' },
    });
    const { error } = (await response.json()) as { error?: { message: string } };
    return { status: response.status, message: error?.message ?? '' };
  };
  return {
    ...{ dataDir, upstream, sidecar, client, post },
    write: async (text: string) => {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    },
    statusIs: (text: string, status: number) => until(async () => (await post(text)).status === status),
    windowsAre: (count: number) => until(async () => (await metrics()).includes(`\njimini_maintenance ${count}\n`)),
    metrics,
    health: async () => (await (await fetch(`http://${sidecar.ops}/health`)).json()) as Health,
    stop: async () => {
      client.close();
      await envoy.stop();
      await sidecar.stop();
      await upstream.close();
    },
  };
}

interface Health {
  readonly ok: boolean;
  readonly config: { readonly ok: boolean; readonly problems?: readonly string[] };
  readonly switches: { readonly kill_switch: object | null; readonly maintenance: readonly object[] };
}

async function leavesIn(dataDir: string): Promise<Record<string, unknown>[]> {
  const { stdout } = await jimini(['log', 'show', '0-9999', '--data-dir', dataDir, '--format', 'json']);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

testEnvoy('an operator lets everything pass, or nothing, by the configuration file, and the log says so', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-switches-'));
  await writeFile(join(folder, 'words.yaml'), PACK);
  await writeFile(join(folder, 'jimini.yaml'), PACKS);
  const chain = await startChain(folder);
  const { client, post, write, statusIs, upstream, sidecar } = chain;
  try {
    t.is((await post('an apple')).status, 403);
    t.true((await chain.metrics()).includes('\njimini_kill_switch{mode="bypass"} 0\n'));

    await write(`${PACKS}${killSwitch('bypass')}`);
    t.true(await statusIs('an apple', 200), 'what was blocked passes');
    t.is(upstream.received.at(-1)?.headers['x-jimini-verdict'], 'ALLOW');
    const evaluated = await client.evaluate({ text: 'an apple' });
    t.like(evaluated, { verdict: Verdict.ALLOW, rawVerdict: Verdict.BLOCK, ruleIds: ['WORD'] });
    t.is(evaluated.message, 'Allowed (bypass; would be blocked): a word.');
    t.true((await chain.metrics()).includes('\njimini_kill_switch{mode="bypass"} 1\n'));
    const told = await chain.health();
    t.true(told.ok);
    t.like(told.switches.kill_switch, { mode: 'bypass', state: 'acting', reason: 'reason-canary' });
    const malformed = await client.check(Buffer.from('no message'));
    t.is(malformed.status?.code, 7, 'what nobody could read does not pass');

    await write(`packs: [./words.yaml, ./absent.yaml]\n${killSwitch('lockdown')}`);
    t.true(await statusIs('a pear', 403), 'nothing passes, though a pack of this reload is refused');
    t.regex(
      (await post('a pear')).message,
      /^Blocked: a lockdown is in force, and every request is denied\. Decision /,
    );
    t.like(await client.evaluate({ text: 'a pear' }), {
      verdict: Verdict.BLOCK,
      rawVerdict: Verdict.ALLOW,
      ruleIds: [],
    });

    await write(`${PACKS}${killSwitch('bypass', 90)}`);
    t.true(await until(async () => !(await chain.health()).config.ok));
    const [problem] = (await chain.health()).config.problems ?? [];
    t.regex(problem ?? '', /jimini\.yaml:2:\d+: killSwitch\.until: is more than an hour after it was first shown/);
    t.is((await post('a pear')).status, 403, 'what is refused changes nothing');

    await write(PACKS);
    t.true(await statusIs('a pear', 200));
    t.is((await post('an apple')).status, 403);
    t.notRegex((await post('an apple')).message, /canary/);
    t.regex(sidecar.output(), /"switch":"kill_switch lockdown","reason":"reason-canary"/);
  } finally {
    await chain.stop();
  }
  const leaves = await leavesIn(chain.dataDir);
  const admin = leaves.filter(({ kind }) => kind === 'admin').map(({ event, name }) => `${event} ${name}`);
  t.deepEqual(admin, ['begin bypass', 'begin lockdown', 'lift bypass', 'lift lockdown']);
  const under = (name: string) => leaves.filter((leaf) => leaf['switch'] === name);
  t.true(
    under('bypass').some(
      ({ raw, effective, door }) => door === 'ext_authz' && raw === 'BLOCK' && effective === 'ALLOW',
    ),
  );
  t.true(under('lockdown').every(({ effective }) => effective === 'BLOCK'));
  t.true(under('lockdown').some(({ raw }) => raw === 'ALLOW'));
  t.notRegex(JSON.stringify(leaves), /canary/);
  const shown = await jimini(['log', 'show', '0-9999', '--data-dir', chain.dataDir]);
  t.regex(shown.stdout, / admin +kill_switch bypass: begin, until /);
  t.regex(shown.stdout, /ALLOW \(raw BLOCK\) ext_authz .* switch=bypass /);
  t.is((await jimini(['log', 'verify', '--data-dir', chain.dataDir])).code, 0);
  await rm(folder, { recursive: true });
});

testEnvoy(
  'maintenance holds back what its scope says, MASK does what the file says, and a restart renews nothing',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'jimini-maintenance-'));
    await writeFile(join(folder, 'words.yaml'), PACK);
    const maintenance = window('{endpoints: ["/v1/chat/*"]}');
    await writeFile(join(folder, 'jimini.yaml'), `${PACKS}${maintenance}`);
    const first = await startChain(folder);
    try {
      t.true(await first.statusIs('an apple', 200), 'a window that the start shows');
      t.is((await first.client.evaluate({ text: 'an apple' })).verdict, Verdict.BLOCK, 'no endpoint, no maintenance');
      const inside = await first.client.evaluate({ text: 'an apple', endpoint: '/v1/chat/completions' });
      t.like(inside, { verdict: Verdict.ALLOW, rawVerdict: Verdict.BLOCK });
      t.is(inside.message, 'Allowed (in maintenance; would be blocked): a word.');
      t.true((await first.metrics()).includes('\njimini_maintenance 1\n'));
      t.like((await first.health()).switches.maintenance[0], { name: 'move', state: 'acting' });

      await first.write(PACKS);
      t.true(await first.statusIs('an apple', 403));
      const masked = await first.post('a melon');
      t.is(masked.status, 403, 'ext_authz cannot mask');
      t.regex(masked.message, /^Blocked \(cannot be masked here\): a word\./);
      t.like(await first.client.evaluate({ text: 'a melon' }), { verdict: Verdict.MASK, maskedText: 'a [HIDE]' });
      await first.write(`${PACKS}${maintenance}`);
      t.true(await first.windowsAre(1));
      t.is((await first.post('a melon')).status, 200);
      await first.write(`${PACKS}policy: {maskInExtAuthz: flag}\n`);
      t.true(await first.windowsAre(0));
      t.true(await first.statusIs('a melon', 200));
      t.is(first.upstream.received.at(-1)?.headers['x-jimini-verdict'], 'FLAG');
    } finally {
      await first.stop();
    }
    await writeFile(join(folder, 'words.yaml'), PACK.replace('"1"', '"2"'));
    await writeFile(join(folder, 'jimini.yaml'), `${PACKS}${maintenance}`);
    const second = await startChain(folder);
    try {
      t.true(await second.statusIs('an apple', 200), 'the window goes on');
    } finally {
      await second.stop();
    }
    const leaves = await leavesIn(first.dataDir);
    const admin = leaves.filter(({ kind }) => kind === 'admin');
    t.deepEqual(
      admin.map(({ event, name }) => `${event} ${name}`),
      ['begin move', 'lift move', 'begin move', 'lift move', 'begin move'],
    );
    t.is(new Set(admin.map((leaf) => leaf['first_shown_ms'])).size, 1, 'it was first shown once');
    const held = leaves.find((leaf) => leaf['switch'] === 'maintenance');
    t.like(held, { raw: 'BLOCK', effective: 'ALLOW', windows: ['move'] });
    const hidden = leaves.filter(({ raw, door }) => raw === 'MASK' && door === 'ext_authz');
    t.deepEqual([...new Set(hidden.map(({ effective }) => effective))].sort(), ['ALLOW', 'BLOCK', 'FLAG']);
    const changes = leaves.filter(({ kind }) => kind === 'config');
    t.deepEqual(
      changes.map(({ what }) => what),
      ['reload', 'start'],
    );
    const [reload, start] = changes;
    t.is(start?.['old_policy_revision'], reload?.['new_policy_revision']);
    const opens = leaves.filter(({ kind }) => kind === 'open');
    t.is(opens[1]?.['policy_revision'], start?.['new_policy_revision']);
    t.is((await jimini(['log', 'verify', '--data-dir', first.dataDir])).code, 0);
    await rm(folder, { recursive: true });
  },
);
