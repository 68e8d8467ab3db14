import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jimini } from '../processes/cli.js';
import { FEW_RULES, startSidecarProcess } from '../processes/sidecar.js';
import { type Findings, foundAfter, startLoad } from './findings.js';

export interface KillNineOptions {
  readonly transport: 'tcp' | 'unix';
  /** How long the load runs between its first answer and the kill, ms. */
  readonly killAfterMs: number;
}

export interface KillNineResult extends Findings {
  /** Exit code of `log verify` directly after the kill: 0, or 3 when leaves of the last second are not signed. */
  readonly verifiedAfterKill: number;
}

/**
 * Kills a loaded sidecar with SIGKILL and looks for every decision that a client had been answered with, in the log as the
 * kill left it and again after the next start.
 */
export async function killNine({ transport, killAfterMs }: KillNineOptions): Promise<KillNineResult> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-kill-'));
  try {
    const dataDir = join(folder, 'data');
    const env: Record<string, string> =
      transport === 'unix'
        ? { ...FEW_RULES, JIMINI_LISTEN_DATA: `unix:${join(folder, 'sock', 'data.sock')}` }
        : FEW_RULES;
    const sidecar = await startSidecarProcess({ dataDir, env });
    const load = startLoad(sidecar.data);
    await load.begun;
    await new Promise((resolve) => setTimeout(resolve, killAfterMs));
    await sidecar.stop('SIGKILL');
    const acknowledged = await load.stop();
    const verifiedAfterKill = (await jimini(['log', 'verify', '--data-dir', dataDir])).code;
    return { ...(await foundAfter(dataDir, acknowledged)), verifiedAfterKill };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
