import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink, watch } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { jimini } from '../processes/cli.js';
import { connect } from '../processes/client.js';
import { FEW_RULES, jiminiProgram, startSidecarProcess } from '../processes/sidecar.js';

async function dataFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'jimini-life-'));
}

test.serial('SIGTERM lets running calls end, closes the log with a close leaf, and exits 0', async (t) => {
  const folder = await dataFolder();
  const dataDir = join(folder, 'data');
  const sidecar = await startSidecarProcess({ dataDir });
  const client = connect(sidecar.data);
  const calls = Array.from({ length: 200 }, (_, i) => client.evaluate({ text: `text ${i}` }).catch(() => undefined));
  await calls[0];
  const ended = await sidecar.stop('SIGTERM');
  const answered = (await Promise.all(calls)).flatMap((answer) => (answer ? [answer.decisionId] : []));
  client.close();
  t.is(ended.code, 0, sidecar.output());
  const shown = JSON.parse(
    (await jimini(['log', 'show', '--last', '1', '--data-dir', dataDir, '--format', 'json'])).stdout.split('\n')[0] ??
      '',
  );
  t.is(shown.kind ?? shown.leaf?.kind, 'close');
  t.true(answered.length > 0);
  t.is((await jimini(['log', 'verify', '--data-dir', dataDir])).code, 0);
  await rm(folder, { recursive: true });
});

test.serial('signals that come together, as Ctrl-C and its echo by launchers do, end it in order', async (t) => {
  const folder = await dataFolder();
  const dataDir = join(folder, 'data');
  const sidecar = await startSidecarProcess({ dataDir });
  // Three of a kind would be one signal to the system.
  for (const signal of ['SIGHUP', 'SIGTERM'] as const) process.kill(sidecar.pid, signal);
  t.is((await sidecar.stop('SIGINT')).code, 0, sidecar.output());
  const shown = await jimini(['log', 'show', '--last', '1', '--data-dir', dataDir, '--format', 'json']);
  t.like(JSON.parse(shown.stdout), { kind: 'close', reason: 'shutdown' });
  await rm(folder, { recursive: true });
});

test.serial('SIGTERM during the start ends it in order, too: the log gets its close leaf', async (t) => {
  const folder = await dataFolder();
  const dataDir = join(folder, 'data');
  const free = {
    JIMINI_LISTEN_DATA: '127.0.0.1:0',
    JIMINI_LISTEN_CONTROL: '127.0.0.1:0',
    JIMINI_LISTEN_OPS: '127.0.0.1:0',
  };
  const env = { ...process.env, ...free, JIMINI_DATA_DIR: dataDir };
  const child = spawn(process.execPath, [jiminiProgram, 'serve'], { env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  for await (const _ of watch(folder)) break; // the data directory is made, and the log opened after it
  child.kill('SIGTERM');
  t.deepEqual(await ended, [0, null]);
  const shown = await jimini(['log', 'show', '--last', '1', '--data-dir', dataDir, '--format', 'json']);
  t.like(JSON.parse(shown.stdout), { kind: 'close', reason: 'shutdown' });
  await rm(folder, { recursive: true });
});

test.serial(
  'a second instance on the same data directory is refused with a clear message, and the first goes on',
  async (t) => {
    const folder = await dataFolder();
    const dataDir = join(folder, 'data');
    const first = await startSidecarProcess({ dataDir });
    const error = await t.throwsAsync(startSidecarProcess({ dataDir }));
    t.regex(error?.message ?? '', /already|another|in use|locked/i);
    t.regex(error?.message ?? '', new RegExp(dataDir));
    const client = connect(first.data);
    t.is((await client.evaluate({ text: 'still here' })).decisionId.split(':').length, 2);
    client.close();
    await first.stop();
    await rm(folder, { recursive: true });
  },
);

test.serial('health says SERVING while it serves, and the ops port is live and ready', async (t) => {
  const folder = await dataFolder();
  const sidecar = await startSidecarProcess({ dataDir: join(folder, 'data') });
  const get = async (path: string) => {
    const response = await fetch(`http://${sidecar.ops}${path}`);
    return { status: response.status, text: await response.text() };
  };
  t.is((await get('/livez')).status, 200);
  t.is((await get('/readyz')).status, 200);
  const health = JSON.parse((await get('/health')).text);
  t.truthy(health.config);
  t.true(health.packs.loaded[0].rule_count > 0);
  t.truthy(health.store);
  t.truthy(health.disk);
  t.regex((await get('/v1/metrics/prom')).text, /jimini_audit_chain_length_total 1\n/);
  t.is((await get('/nothing-here')).status, 404);
  await sidecar.stop();
  await rm(folder, { recursive: true });
});

test.serial('a start that fails says why, and leaves no leaf behind', async (t) => {
  const folder = await dataFolder();
  const dataDir = join(folder, 'data');
  await (await startSidecarProcess({ dataDir })).stop();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const env = { JIMINI_LISTEN_OPS: `127.0.0.1:${port}` };
  const error = await t.throwsAsync(startSidecarProcess({ dataDir, env }));
  other.close();
  t.regex(error?.message ?? '', /listen\.ops: cannot listen on .*EADDRINUSE/);
  t.regex(
    (await t.throwsAsync(startSidecarProcess({ dataDir, env: { JIMINI_PACKS: join(folder, 'absent.yaml') } })))
      ?.message ?? '',
    /absent\.yaml:1:1: error: no such file/,
  );
  const shown = await jimini(['log', 'show', '--data-dir', dataDir, '--format', 'json']);
  const leaves = shown.stdout.trim().split('\n');
  t.deepEqual(
    leaves.map((line) => JSON.parse(line).kind),
    ['open', 'close'],
  );
  t.like(JSON.parse(leaves[1] ?? ''), { reason: 'shutdown' });
  await rm(folder, { recursive: true });
});

test.serial('a link from which segments would be written into the data directory is a start-up error', async (t) => {
  const folder = await dataFolder();
  const dataDir = join(folder, 'data');
  await symlink(dataDir, join(folder, 'days'));
  const env = { ...FEW_RULES, JIMINI_LOG_SEGMENTS_DIR: join(folder, 'days') };
  await t.throwsAsync(startSidecarProcess({ dataDir, env }), { message: /log\.segments\.dir: .* lies in dataDir/ });
  t.deepEqual(await readdir(join(dataDir, 'log')), [], 'nothing was begun');
  await rm(folder, { recursive: true });
});

for (const { title, env, message } of [
  { title: 'an unknown setting', env: { JIMINI_SHADOWS: '1' }, message: /JIMINI_SHADOW\b/ },
  { title: 'an unknown pack', env: { JIMINI_PACKS: 'secrets,nothing' }, message: /nothing.*secrets/s },
  {
    title: 'a plaintext listener that is not loopback',
    env: { JIMINI_LISTEN_DATA: '0.0.0.0:0' },
    message: /allowPlaintext/,
  },
  {
    title: 'a keyring that others may change',
    env: { JIMINI_KEYRING_DIR: tmpdir() },
    message: /keyringDir: .*writable by others/,
  },
  {
    title: 'a configuration file that is not there',
    env: { JIMINI_CONFIG: '/nowhere/jimini.yaml' },
    message: /\/nowhere\/jimini\.yaml/,
  },
] as const) {
  test.serial(`${title} is a clear start-up error`, async (t) => {
    const folder = await dataFolder();
    const error = await t.throwsAsync(startSidecarProcess({ dataDir: join(folder, 'data'), env }));
    t.regex(error?.message ?? '', message);
    t.notRegex(error?.message ?? '', /at .*\.js:\d+/, 'no stack trace for a mistake of the user');
    await rm(folder, { recursive: true });
  });
}
