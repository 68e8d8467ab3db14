import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { createRandom } from '../fuzz/random.js';
import { appendedBeforeKill } from './append-runs.js';
import { type Acknowledged, wrongInLog } from './log-findings.js';

/** Kills the process of one log again and again, each time at another moment. Gives what is wrong with the log in the end. */
export async function logKills(kills: number, seed: number): Promise<string[]> {
  const random = createRandom(seed);
  const folder = await mkdtemp(join(tmpdir(), 'jimini-kills-'));
  try {
    const dataDir = await prepareDataDirectory(join(folder, 'data'));
    const acknowledged: Acknowledged[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const durability = random.oneIn(3) ? 'relaxed' : 'strict';
      acknowledged.push(...(await appendedBeforeKill({ dataDir, name: `${kill}`, durability }, random)));
    }
    return await wrongInLog(dataDir, { acknowledged, crashes: kills });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
