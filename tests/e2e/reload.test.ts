import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { jimini } from '../processes/cli.js';
import { connect, type SidecarClient } from '../processes/client.js';
import { startSidecarProcess } from '../processes/sidecar.js';

const pack = (word: string) => `name: words\nversion: "1"\nrules:
  - {id: WORD, title: a word, severity: low, action: block, pattern: '${word}', examples: {match: ['${word}'], no_match: [other]}}\n`;

const WAIT_MS = 20_000;

/** Asks until the answer is as expected, or time is up. */
async function until(condition: () => Promise<boolean>): Promise<boolean> {
  const endMs = Date.now() + WAIT_MS;
  while (Date.now() < endMs) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

async function blocks(client: SidecarClient, text: string): Promise<boolean> {
  return (await client.evaluate({ text })).ruleIds.includes('WORD');
}

test('packs are reloaded as Kubernetes swaps them; a bad one keeps the last good set and is visible', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-reload-'));
  const mount = join(folder, 'packs');
  // A ConfigMap mount: files are links through ..data, which is swapped by one rename.
  const put = async (generation: string, text: string) => {
    await mkdir(join(mount, generation), { recursive: true });
    await writeFile(join(mount, generation, 'words.yaml'), text);
    await symlink(generation, join(mount, '..data_tmp'));
    await rename(join(mount, '..data_tmp'), join(mount, '..data'));
  };
  await put('..1', pack('apple'));
  await symlink('..data/words.yaml', join(mount, 'words.yaml'));
  const dataDir = join(folder, 'data');
  const sidecar = await startSidecarProcess({ dataDir, env: { JIMINI_PACKS: join(mount, 'words.yaml') } });
  const client = connect(sidecar.data);
  const metrics = async () => (await fetch(`http://${sidecar.ops}/metrics`)).text();
  type Part = { ok: boolean; problems?: string[] };
  const health = async () =>
    (await (await fetch(`http://${sidecar.ops}/health`)).json()) as { ok: boolean; config: Part; packs: Part };
  try {
    t.true(await blocks(client, 'an apple'));
    const before = (await client.listRules()).policyRevision;

    await put('..2', pack('pear'));
    t.true(await until(() => blocks(client, 'a pear')), 'the new pack is in force');
    t.false(await blocks(client, 'an apple'));
    t.not((await client.listRules()).policyRevision, before);

    await put('..3', pack('plum').replace('block', 'blok'));
    t.true(
      await until(async () => (await metrics()).includes('\njimini_policy_reload_failed 1\n')),
      'the refusal is a metric',
    );
    t.true(await blocks(client, 'a pear'), 'the last good pack stays in force');
    t.true(await until(async () => /words\.yaml:4:\d+/.test(sidecar.output())), 'the log names file, line and column');
    const ill = await health();
    t.like(ill, { ok: true, config: { ok: true }, packs: { ok: false } });
    t.regex(ill.packs.problems?.[0] ?? '', /words\.yaml:4:\d+: error: /);

    await put('..4', pack('quince'));
    t.true(await until(() => blocks(client, 'a quince')));
    t.true((await metrics()).includes('\njimini_policy_reload_failed 0\n'));
    t.like(await health(), { config: { ok: true }, packs: { ok: true } });
  } finally {
    client.close();
    await sidecar.stop();
  }
  const shown = await jimini(['log', 'show', '--data-dir', dataDir, '--format', 'json']);
  t.is(shown.stdout.split('"kind":"config"').length - 1, 2, 'each change of the policy is a leaf');
  await rm(folder, { recursive: true });
});

test('an emptied configuration file lifts no restriction, and is visible until a good one is there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-emptied-'));
  const file = join(folder, 'jimini.yaml');
  await writeFile(join(folder, 'words.yaml'), pack('apple'));
  await writeFile(file, 'packs: [./words.yaml]\n');
  const sidecar = await startSidecarProcess({ dataDir: join(folder, 'data'), args: ['--config', file] });
  const client = connect(sidecar.data);
  const get = async (path: string) => (await fetch(`http://${sidecar.ops}${path}`)).text();
  try {
    t.true(await blocks(client, 'an apple'));
    await writeFile(file, '');
    t.true(await until(async () => (await get('/metrics')).includes('\njimini_policy_reload_failed 1\n')));
    const { config } = JSON.parse(await get('/health')) as { config: { ok: boolean; problems: string[] } };
    t.false(config.ok);
    t.regex(config.problems[0] ?? '', /jimini\.yaml:1:1: the file is empty/);
    t.true(await blocks(client, 'an apple'), 'the last good configuration stays in force');
    await writeFile(file, 'packs: [./words.yaml]\n');
    t.true(await until(async () => (await get('/metrics')).includes('\njimini_policy_reload_failed 0\n')));
    t.true((JSON.parse(await get('/health')) as { config: { ok: boolean } }).config.ok);
  } finally {
    client.close();
    await sidecar.stop();
  }
  await rm(folder, { recursive: true });
});
