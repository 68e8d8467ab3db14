import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkCheckpoint } from '../../sidecar/audit/verify/checkpoints.js';
import { readNoteKey } from '../../sidecar/audit/verify/signed-note.js';
import { openHeadFile } from '../../sidecar/storage/head-file.js';
import { jimini } from '../processes/cli.js';
import { connect } from '../processes/client.js';
import { FEW_RULES, type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { temporaryDirectory } from '../storage/temporary.js';
import { startWitnessProcess } from '../witness/witness-process.js';

/** A log that has run once, a witness of it, and a configuration that names the witness and one that nobody is. */
async function scene(t: ExecutionContext) {
  const folder = temporaryDirectory();
  const dataDir = join(folder, 'data');
  await (await startSidecarProcess({ dataDir, env: FEW_RULES })).stop();
  const witness = await startWitnessProcess(join(folder, 'witness'), join(dataDir, 'key.pub'));
  t.teardown(() => witness.kill());
  const nobody = await startWitnessProcess(join(folder, 'nobody'), join(dataDir, 'key.pub'));
  await nobody.kill();
  const file = join(folder, 'jimini.yaml');
  const config = {
    log: {
      witnesses: [
        { name: 'good', url: witness.url, keyFile: 'witness/key.pub' },
        { name: 'nobody', url: nobody.url, keyFile: 'nobody/key.pub' },
      ],
    },
  };
  writeFileSync(file, JSON.stringify(config));
  const start = async () => {
    const sidecar = await startSidecarProcess({ dataDir, env: FEW_RULES, args: ['--config', file] });
    t.teardown(() => sidecar.stop('SIGKILL'));
    return sidecar;
  };
  return { folder, dataDir, witness, start };
}

/** The value of a series, as a scrape finds it. */
async function metric({ ops }: SidecarProcess, series: string): Promise<number> {
  const lines = (await (await fetch(`http://${ops}/metrics`)).text()).split('\n');
  return Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1) ?? 0);
}

/** Resolves once a series is at least this. */
async function reaches(sidecar: SidecarProcess, series: string, value: number): Promise<void> {
  while ((await metric(sidecar, series)) < value) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function evaluate({ data }: SidecarProcess, count: number): Promise<void> {
  const client = connect(data);
  for (let at = 0; at < count; at += 1) await client.evaluate({ text: `text ${at}` });
  client.close();
}

async function leavesOf(dataDir: string): Promise<Record<string, unknown>[]> {
  const { stdout } = await jimini(['log', 'show', '--last', '20', '--data-dir', dataDir, '--format', 'json']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test.serial(
  'checkpoints of a running sidecar are cosigned up to its last leaf, whatever other witnesses do',
  async (t) => {
    const { dataDir, witness, start } = await scene(t);
    const sidecar = await start();
    await evaluate(sidecar, 20);
    await reaches(sidecar, 'jimini_witness_cosigned_size{witness="good"}', 21);
    await reaches(sidecar, 'jimini_witness_failures_total{witness="nobody",kind="unreachable"}', 1);
    t.is(await metric(sidecar, 'jimini_witness_cosigned_size{witness="nobody"}'), 0);
    const answer = await fetch(`http://${sidecar.ops}/health`);
    const text = await answer.text();
    t.is(answer.status, 200, 'a witness that fails is no reason to get no traffic');
    const { witnesses } = JSON.parse(text);
    t.like(witnesses, {
      ok: false,
      problems: ['nobody gives no cosignature (unreachable)'],
      configured: [
        { name: 'good', ok: true, fault: null, breaker: 'closed' },
        { name: 'nobody', ok: false, cosigned_leaves: 0, seconds_since_cosigned: null, fault: 'unreachable' },
      ],
    });
    t.true(witnesses.configured[0].cosigned_leaves >= 21);
    t.false(text.includes(new URL(witness.url).host), 'where witnesses are is not told');
    t.is((await sidecar.stop()).code, 0);
    t.regex(sidecar.output(), /"witness":"nobody","fault":"unreachable"/);

    const last = (await leavesOf(dataDir)).at(-1);
    t.is(last?.['kind'], 'close');
    const { newest = Buffer.alloc(0) } = await openHeadFile(dataDir, 'cosigned');
    const keys = [readFileSync(join(dataDir, 'key.pub'), 'utf8').trim(), witness.verifierKey].map((line) => {
      const key = readNoteKey(line);
      if ('why' in key) throw new Error(key.why);
      return key;
    });
    const checked = checkCheckpoint(newest, keys);
    t.like(checked, { size: Number(last?.['seq']) + 1 });
    t.deepEqual('signers' in checked && checked.signers.map(({ key }) => key.type), [1, 4]);
  },
);

test.serial('a log that is set back behind what was cosigned has a gap, once', async (t) => {
  const { folder, dataDir, start } = await scene(t);
  cpSync(dataDir, join(folder, 'old'), { recursive: true });
  const sidecar = await start();
  await evaluate(sidecar, 20);
  await sidecar.stop();
  const cosigned = (await leavesOf(dataDir)).length;
  // Its own checkpoints are set back with it; what was cosigned is not.
  for (const name of ['log', 'checkpoint.a', 'checkpoint.b']) {
    rmSync(join(dataDir, name), { recursive: true, force: true });
    cpSync(join(folder, 'old', name), join(dataDir, name), { recursive: true });
  }
  const again = await start();
  // The witness was shown another history, under a key that it does not know.
  await reaches(again, 'jimini_witness_failures_total{witness="good",kind="unsigned"}', 1);
  await again.stop();
  const gaps = (await leavesOf(dataDir)).filter(({ kind }) => kind === 'gap');
  t.is(gaps.length, 1);
  t.like(gaps[0], { reason: 'log_shorter' });
  t.true(Number(gaps[0]?.['signed_size']) >= 20 && cosigned >= 20);

  await (await start()).stop();
  t.is((await leavesOf(dataDir)).filter(({ kind }) => kind === 'gap').length, 1);
});

test.serial('a data directory that is set back as a whole is seen by the witness', async (t) => {
  const { folder, dataDir, start } = await scene(t);
  cpSync(dataDir, join(folder, 'old'), { recursive: true });
  const sidecar = await start();
  await evaluate(sidecar, 20);
  await sidecar.stop();
  rmSync(dataDir, { recursive: true });
  cpSync(join(folder, 'old'), dataDir, { recursive: true });
  const again = await start();
  await reaches(again, 'jimini_witness_failures_total{witness="good",kind="ahead"}', 1);
  await again.stop();
  t.regex(again.output(), /"witness":"good","fault":"ahead".*has seen another history of this log/);
});

test.serial('a witness whose key cannot be used is refused at start and by config check', async (t) => {
  const folder = temporaryDirectory();
  const file = join(folder, 'jimini.yaml');
  const witness = { name: 'w', url: 'http://127.0.0.1:9', keyFile: 'log.pub' };
  writeFileSync(file, JSON.stringify({ log: { witnesses: [witness] } }));
  writeFileSync(
    join(folder, 'log.pub'),
    'jimini.log/abcdefghijklmnopqrstuvwxyz+838dca24+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\n',
  );
  const message = /log\.witnesses\[0\]\.keyFile: is the key of a log \(type 1\), not of a witness \(type 4\)/;
  await t.throwsAsync(
    startSidecarProcess({ dataDir: join(folder, 'data'), env: FEW_RULES, args: ['--config', file] }),
    { message },
  );
  const checked = await jimini(['config', 'check', '--config', file]);
  t.is(checked.code, 2);
  t.regex(checked.stderr, message);
  writeFileSync(join(folder, 'log.pub'), 'x');
  t.regex((await jimini(['config', 'check', '--config', file])).stderr, /keyFile: the verifier key is malformed/);
  rmSync(join(folder, 'log.pub'));
  t.regex((await jimini(['config', 'check', '--config', file])).stderr, /keyFile: no such file/);
});
