import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { parseVerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { jimini } from '../processes/cli.js';
import { connect } from '../processes/client.js';
import { FEW_RULES, type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';

async function dataDirectory(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-signed-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'data');
}

/** One pack only, so that starts are quick. */
function start(dataDir: string, env: Record<string, string> = {}): Promise<SidecarProcess> {
  return startSidecarProcess({ dataDir, env: { ...FEW_RULES, ...env } });
}

/** Asks for so many judgements. */
async function ask(sidecar: SidecarProcess, count: number): Promise<void> {
  const client = connect(sidecar.data);
  for (let index = 0; index < count; index += 1) await client.evaluate({ text: 'clean' });
  client.close();
}

/** A whole run of the sidecar, with so many judgements. */
async function run(t: ExecutionContext, dataDir: string, count: number, env: Record<string, string> = {}) {
  const sidecar = await start(dataDir, env);
  await ask(sidecar, count);
  t.is((await sidecar.stop()).code, 0, sidecar.output());
}

async function healthOf(sidecar: SidecarProcess) {
  return (await (await fetch(`http://${sidecar.ops}/health`)).json()) as {
    ok: boolean;
    checkpoints: { ok: boolean; problems?: string[]; signed_leaves: number };
    store: { leaves: number };
  };
}

/** Resolves when the health of checkpoints is so. */
async function checkpointsAre(sidecar: SidecarProcess, ok: boolean): Promise<void> {
  while ((await healthOf(sidecar)).checkpoints.ok !== ok) await delay(50);
}

async function leavesOf(dataDir: string): Promise<Record<string, unknown>[]> {
  const { stdout } = await jimini(['log', 'show', '--last', '1000', '--data-dir', dataDir, '--format', 'json']);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test.serial(
  'a log that was put back to an older copy starts only once that is acknowledged, and says so',
  async (t) => {
    const dataDir = await dataDirectory(t);
    await run(t, dataDir, 3);
    await cp(join(dataDir, 'log'), join(dataDir, 'older'), { recursive: true });
    await run(t, dataDir, 4);
    await rm(join(dataDir, 'log'), { recursive: true });
    await cp(join(dataDir, 'older'), join(dataDir, 'log'), { recursive: true });
    await rm(join(dataDir, 'older'), { recursive: true });
    const env = { JIMINI_LOG_ON_GAP: 'refuse' };
    const refused = await t.throwsAsync(start(dataDir, env));
    t.regex(refused?.message ?? '', /does not go on from what was signed last: 11 leaves were signed, and 5 are there/);

    const acknowledged = await jimini(['log', 'acknowledge-gap', '--data-dir', dataDir]);
    t.is(acknowledged.code, 0, acknowledged.stderr);
    t.regex(acknowledged.stdout, /^acknowledged: \{"reason":"log_shorter","recovered_size":5,/);
    const sidecar = await start(dataDir, env);
    await ask(sidecar, 1);
    t.regex(sidecar.output(), /"reason":"log_shorter".*does not go on/);
    const health = await healthOf(sidecar);
    t.true(health.ok);
    t.like(health.checkpoints, { ok: false });
    const metrics = await (await fetch(`http://${sidecar.ops}/metrics`)).text();
    t.regex(metrics, /^jimini_audit_log_gap\{reason="log_shorter"\} 1$/m);
    await sidecar.stop();

    const kinds = (await leavesOf(dataDir)).map(({ kind }) => kind);
    t.deepEqual(kinds.slice(5), ['open', 'gap', 'admin', 'key', 'decision', 'close']);
    t.is((await readdir(join(dataDir, 'evidence'))).join(), 'checkpoint-11-1');
    t.is((await readFile(join(dataDir, 'key.pub'), 'utf8')).split('\n').length, 3);
    t.is((await jimini(['log', 'verify', '--data-dir', dataDir])).code, 0);
    const again = await jimini(['log', 'acknowledge-gap', '--data-dir', dataDir]);
    t.regex(again.stdout, /nothing to acknowledge/);
    await run(t, dataDir, 1, env);
  },
);

test.serial('a checkpoint that cannot be written is an alarm, and nothing else', async (t) => {
  const dataDir = await dataDirectory(t);
  const sidecar = await start(dataDir);
  await checkpointsAre(sidecar, true);
  // In the place of the file that comes next.
  await mkdir(join(dataDir, 'checkpoint.b'));
  await ask(sidecar, 1);
  await checkpointsAre(sidecar, false);
  const metrics = await (await fetch(`http://${sidecar.ops}/metrics`)).text();
  t.regex(metrics, /^jimini_checkpoint_failures_total [1-9]/m);
  t.regex(metrics, /^jimini_audit_log_signed_size 1$/m);
  t.regex(sidecar.output(), /a checkpoint of the log cannot be written/);
  t.is((await fetch(`http://${sidecar.ops}/readyz`)).status, 200);
  await ask(sidecar, 5);
  await rmdir(join(dataDir, 'checkpoint.b'));
  await checkpointsAre(sidecar, true);
  t.like(await healthOf(sidecar), { ok: true, checkpoints: { signed_leaves: 7 }, store: { leaves: 7 } });
  t.regex(sidecar.output(), /checkpoints of the log are written again/);
  await sidecar.stop();
  t.false((await leavesOf(dataDir)).some(({ kind }) => kind === 'gap'));
});

test.serial(
  'the signing key is made at first start, rotated by a command, or named by the configuration',
  async (t) => {
    const dataDir = await dataDirectory(t);
    await run(t, dataDir, 1);
    const rotated = await jimini(['log', 'rotate-key', '--data-dir', dataDir]);
    t.is(rotated.code, 0, rotated.stderr);
    t.is((await jimini(['log', 'rotate-key', '--data-dir', dataDir])).code, 2, 'one waits already');
    await run(t, dataDir, 1);
    const { privateKey } = generateKeyPairSync('ed25519');
    const keyFile = join(dataDir, '..', 'given.key');
    await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const env = { JIMINI_LOG_SIGNING_KEY_FILE: keyFile };
    await run(t, dataDir, 1, env);

    const changes = (await leavesOf(dataDir)).filter(({ kind }) => kind === 'key');
    t.deepEqual(
      changes.map(({ what, epoch }) => [what, epoch]),
      [
        ['rotate', 2],
        ['rotate', 3],
      ],
    );
    t.true(changes.every((leaf) => leaf['old_signature'] !== ''));
    const [newest = ''] = (await readFile(join(dataDir, 'key.pub'), 'utf8')).split('\n');
    t.is(
      parseVerifierKey(newest).publicKey.toString('base64url'),
      String(createPublicKey(privateKey).export({ format: 'jwk' }).x),
    );
    t.false(existsSync(join(dataDir, 'signing.key')), 'the key that was followed by another is gone');
    const asked = await jimini(['log', 'rotate-key', '--data-dir', dataDir], env);
    t.is(asked.code, 2);

    await chmod(keyFile, 0o640);
    const refused = await t.throwsAsync(start(dataDir, env));
    t.regex(refused?.message ?? '', /log\.signingKeyFile: .*can be read or written by others/);
  },
);
