import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jimini } from '../processes/cli.js';
import { connect } from '../processes/client.js';
import { startSidecarProcess } from '../processes/sidecar.js';

const STREAMS = 32;

export interface KillNineOptions {
  readonly transport: 'tcp' | 'unix';
  /** How long the load runs between its first answer and the kill, ms. */
  readonly killAfterMs: number;
}

export interface KillNineResult {
  readonly acknowledged: number;
  /** Acknowledged decision ids that are not in the log after the kill: must be empty. */
  readonly lost: readonly string[];
  /** Decision ids that were acknowledged twice: must be empty. */
  readonly repeated: readonly string[];
  /** Exit code of `log verify` directly after the kill, and after the next start. */
  readonly verifyAfterKill: number;
  readonly verifyAfterRestart: number;
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
      transport === 'unix' ? { JIMINI_LISTEN_DATA: `unix:${join(folder, 'sock', 'data.sock')}` } : {};
    const sidecar = await startSidecarProcess({ dataDir, env });
    const load = startLoad(sidecar.data);
    await load.begun;
    await new Promise((resolve) => setTimeout(resolve, killAfterMs));
    await sidecar.stop('SIGKILL');
    const acknowledged = await load.stop();
    const verifyAfterKill = (await jimini(['log', 'verify', '--data-dir', dataDir])).code;

    const again = await startSidecarProcess({ dataDir, env });
    await again.stop();
    const verifyAfterRestart = (await jimini(['log', 'verify', '--data-dir', dataDir])).code;
    const recorded = await recordedDecisions(dataDir, join(folder, 'export'));
    return {
      acknowledged: acknowledged.length,
      lost: acknowledged.filter((id) => !recorded.has(id)),
      repeated: acknowledged.filter((id, i) => acknowledged.indexOf(id) !== i),
      verifyAfterKill,
      verifyAfterRestart,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Calls Evaluate from many streams until stopped; resolves with every decision id that an answer carried. */
function startLoad(address: string) {
  const client = connect(address);
  const acknowledged: string[] = [];
  let stopped = false;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const stream = async (name: number): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      const answer = await client.evaluate({ text: `clean text ${name}.${i}` }).catch(() => undefined);
      if (!answer) return;
      if (answer.decisionId !== '') acknowledged.push(answer.decisionId);
      begin();
    }
  };
  const streams = Array.from({ length: STREAMS }, (_, name) => stream(name));
  return {
    /** Resolves at the first answer. */
    begun,
    async stop() {
      stopped = true;
      await Promise.all(streams);
      client.close();
      return acknowledged;
    },
  };
}

/** Ids of all decision leaves, read from an export. */
async function recordedDecisions(dataDir: string, out: string): Promise<Set<string>> {
  const { code, stderr } = await jimini(['log', 'export', '--data-dir', dataDir, '--out', out]);
  if (code !== 0) throw new Error(`log export failed: ${stderr}`);
  const lines = (await readFile(join(out, 'entries.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
  const leaves = lines.map((line) => JSON.parse(line) as { kind: string; log_id: string; seq: number });
  return new Set(leaves.filter((leaf) => leaf.kind === 'decision').map((leaf) => `${leaf.log_id}:${leaf.seq}`));
}
