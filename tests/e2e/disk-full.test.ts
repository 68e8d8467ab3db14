import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Verdict } from '../../proto/gen/jimini/v1/policy.js';
import { jimini, verifySigned } from '../processes/cli.js';
import { connect } from '../processes/client.js';
import { FEW_RULES, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { ownTmpfs, UNSHARE } from '../tools/requirements.js';

/** Runs a command with a small tmpfs of its own mounted on the first argument. */
const WITH_SMALL_TMPFS = [
  'unshare',
  ...UNSHARE,
  'sh',
  '-c',
  'mount -t tmpfs -o size=12m,nr_inodes=2000 tmpfs "$0" && exec "$@"',
];
const HEAL_MS = 30_000;

needs(ownTmpfs)(
  'a full disk turns answers into denials that say why; freed, the service resumes without a restart, and nothing is lost',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'jimini-full-'));
    const mount = join(folder, 'mount');
    await mkdir(mount);
    const dataDir = join(mount, 'data');
    const sidecar = await startSidecarProcess({
      dataDir,
      prefix: [...WITH_SMALL_TMPFS, mount],
      // The disk is to be filled to its last byte.
      env: { ...FEW_RULES, JIMINI_STORE_MIN_FREE_BYTES: '0' },
    });
    const client = connect(sidecar.data);
    /** The tmpfs as the sidecar sees it. */
    const inside = (path: string) => `/proc/${sidecar.pid}/root${path}`;
    const acknowledged: string[] = [];
    const ask = async () => {
      const answer = await client.evaluate({ text: 'clean' });
      if (answer.decisionId !== '') acknowledged.push(answer.decisionId);
      return answer;
    };
    try {
      for (let i = 0; i < 200; i++) await ask();
      await writeFile(inside(join(mount, 'filler')), Buffer.alloc(16 * 1024 * 1024)).catch(() => {});

      let denied = await ask();
      for (let i = 0; i < 5_000 && denied.decisionId !== ''; i++) denied = await ask();
      t.is(denied.decisionId, '', 'a full disk cannot record');
      t.is(denied.verdict, Verdict.BLOCK);
      t.regex(denied.message, /store|record/i);
      t.is((await fetch(`http://${sidecar.ops}/readyz`)).status, 503);
      for (let i = 0; i < 50; i++) t.is((await ask()).decisionId, '');
      while ((await client.health()) !== 'NOT_SERVING') await new Promise((resolve) => setTimeout(resolve, 100));

      await rm(inside(join(mount, 'filler')));
      const endMs = Date.now() + HEAL_MS;
      let healed = await ask();
      while (healed.decisionId === '' && Date.now() < endMs) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        healed = await ask();
      }
      t.not(healed.decisionId, '', 'the service resumes without a restart');
      t.is((await fetch(`http://${sidecar.ops}/readyz`)).status, 200);
      while ((await client.health()) !== 'SERVING') await new Promise((resolve) => setTimeout(resolve, 100));
      for (let i = 0; i < 200; i++) t.not((await ask()).decisionId, '');

      const { stdout } = await jimini([
        'log',
        'show',
        '--last',
        '100000',
        '--data-dir',
        inside(dataDir),
        '--format',
        'json',
      ]);
      const leaves = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const decisions = new Set(
        leaves.filter((leaf) => leaf.kind === 'decision').map((leaf) => `${leaf.log_id}:${leaf.seq}`),
      );
      t.deepEqual(
        acknowledged.filter((id) => !decisions.has(id)),
        [],
        'nothing acknowledged is lost',
      );
      t.is(new Set(acknowledged).size, acknowledged.length);
      t.true(
        leaves.some((leaf) => leaf.kind === 'gap'),
        'the outage is a leaf',
      );
      t.is((await verifySigned(['--data-dir', inside(dataDir)])).code, 0);
    } finally {
      client.close();
      await sidecar.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

needs(ownTmpfs)(
  'a disk with too little free space, or too few free inodes, takes no records, the service says why, and goes on by itself once there is enough',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'jimini-low-'));
    const mount = join(folder, 'mount');
    await mkdir(mount);
    const sidecar = await startSidecarProcess({
      dataDir: join(mount, 'data'),
      prefix: [...WITH_SMALL_TMPFS, mount],
      env: { ...FEW_RULES, JIMINI_STORE_MIN_FREE_BYTES: String(4 * 1024 * 1024) },
    });
    const client = connect(sidecar.data);
    const filler = `/proc/${sidecar.pid}/root${join(mount, 'filler')}`;
    const ready = async () => {
      const answer = await fetch(`http://${sidecar.ops}/readyz`);
      return `${answer.status} ${await answer.text()}`;
    };
    const until = async (said: RegExp) => {
      const endMs = Date.now() + HEAL_MS;
      while (!said.test(await ready()) && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 100));
      t.regex(await ready(), said);
    };
    try {
      t.not((await client.evaluate({ text: 'clean' })).decisionId, '');
      await writeFile(filler, Buffer.alloc(8 * 1024 * 1024));
      await until(/503 .*too little free space/s);
      const denied = await client.evaluate({ text: 'clean' });
      t.is(denied.decisionId, '');
      t.is(denied.verdict, Verdict.BLOCK);
      const health = (await (await fetch(`http://${sidecar.ops}/health`)).json()) as { disk: { ok: boolean } };
      t.false(health.disk.ok);
      // There is room again, but no files can be made.
      const files = `/proc/${sidecar.pid}/root${join(mount, 'files')}`;
      await mkdir(files);
      for (let file = 0; file < 1_200; file++) await writeFile(join(files, `${file}`), '');
      await rm(filler);
      await until(/503 .*too little free inodes/s);
      t.is((await client.evaluate({ text: 'clean' })).decisionId, '');
      await rm(files, { recursive: true });
      await until(/^200/);
      t.not((await client.evaluate({ text: 'clean' })).decisionId, '', 'the service resumes without a restart');
    } finally {
      client.close();
      await sidecar.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
