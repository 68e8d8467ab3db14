import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Verdict } from '../../proto/gen/jimini/v1/policy.js';
import { jimini } from '../processes/cli.js';
import { connect } from '../processes/client.js';
import { FEW_RULES, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { ownTmpfs, UNSHARE } from '../tools/requirements.js';

const WITH_SMALL_TMPFS = ['unshare', ...UNSHARE, 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'];
const HEAL_MS = 30_000;

needs(ownTmpfs)(
  'a keyring that is required and cannot take a new key denies who needs one, serves all others, and goes on once there is room',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'jimini-keyring-'));
    const [mount, dataDir] = [join(folder, 'mount'), join(folder, 'data')];
    await mkdir(mount);
    const env = { ...FEW_RULES, JIMINI_KEYRING_DIR: join(mount, 'keyring'), JIMINI_PRIVACY_REQUIRE_KEYRING: 'true' };
    const sidecar = await startSidecarProcess({ dataDir, env, prefix: [...WITH_SMALL_TMPFS, mount] });
    const client = connect(sidecar.data);
    const filler = join(`/proc/${sidecar.pid}/root${mount}`, 'filler');
    const ask = (subject: string) => client.evaluate({ text: 'clean', subject });
    try {
      t.not((await ask('first')).decisionId, '');
      await writeFile(filler, Buffer.alloc(2 * 1024 * 1024)).catch(() => {});
      let denied = await ask('new-0');
      // What is left of the last page takes some keys.
      for (let i = 1; i < 500 && denied.decisionId !== ''; i++) denied = await ask(`new-${i}`);
      t.like(denied, { decisionId: '', verdict: Verdict.BLOCK });
      t.regex(denied.message, /store_unavailable/);
      t.not((await ask('first')).decisionId, '', 'whose key is there');
      t.not((await ask('')).decisionId, '', 'nobody known');
      await rm(filler);
      const endMs = Date.now() + HEAL_MS;
      let healed = await ask('after');
      while (healed.decisionId === '' && Date.now() < endMs) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        healed = await ask('after');
      }
      t.not(healed.decisionId, '', 'without a restart');
      client.close();
      await sidecar.stop();
      const shown = await jimini(['log', 'show', '--last', '10000', '--data-dir', dataDir, '--format', 'json']);
      const gaps = shown.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ kind }) => kind === 'gap');
      t.true(gaps.reduce((sum, { records }) => sum + records, 0) >= 1);
    } finally {
      client.close();
      await sidecar.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
