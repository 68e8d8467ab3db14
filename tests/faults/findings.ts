import { readFile, rm } from 'node:fs/promises';
import { jimini } from '../processes/cli.js';
import { connect } from '../processes/client.js';
import { FEW_RULES, startSidecarProcess } from '../processes/sidecar.js';

/** What is found after a fault, once a sidecar has started and ended as usual. */
export interface Findings {
  readonly acknowledged: number;
  /** Acknowledged decision ids that are not in the log: must be empty. */
  readonly lost: readonly string[];
  /** Decision ids that were acknowledged twice: must be empty. */
  readonly repeated: readonly string[];
  /** Gap leaves that say that the log did not go on from what was signed: must be empty, because what is signed is on disk. */
  readonly discontinuities: readonly string[];
  /** Exit code of `log verify`: must be 0. */
  readonly verified: number;
  /** What it said. */
  readonly said: string;
}

/** Whether nothing is wrong. */
export function isGood({ lost, repeated, discontinuities, verified }: Findings): boolean {
  return lost.length === 0 && repeated.length === 0 && discontinuities.length === 0 && verified === 0;
}

/** Starts and ends a sidecar on the directory, and compares its log with what callers were told. */
export async function foundAfter(dataDir: string, acknowledged: readonly string[]): Promise<Findings> {
  const sidecar = await startSidecarProcess({ dataDir, env: FEW_RULES });
  const { code } = await sidecar.stop();
  if (code !== 0) throw new Error(`the sidecar ended with ${code}:\n${sidecar.output()}`);
  const verified = await jimini(['log', 'verify', '--data-dir', dataDir]);
  const leaves = await exportedLeaves(dataDir);
  const recorded = new Set(
    leaves.filter(({ kind }) => kind === 'decision').map((leaf) => `${leaf['log_id']}:${leaf['seq']}`),
  );
  const seen = new Set<string>();
  const repeated = acknowledged.filter((id) => seen.has(id) || !seen.add(id));
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((id) => !recorded.has(id)),
    repeated,
    discontinuities: leaves.filter(isDiscontinuity).map(({ reason }) => String(reason)),
    verified: verified.code,
    said: `${verified.stdout}${verified.stderr}`.trim(),
  };
}

/** Calls Evaluate from many streams until stopped; resolves with every decision id that an answer carried. */
export function startLoad(address: string, streams = 32) {
  const client = connect(address);
  const acknowledged: string[] = [];
  let refused = 0;
  let isStopped = false;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const stream = async (name: number): Promise<void> => {
    for (let i = 0; !isStopped; i++) {
      const answer = await client.evaluate({ text: `clean text ${name}.${i}` }).catch(() => undefined);
      if (!answer) return;
      if (answer.decisionId !== '') acknowledged.push(answer.decisionId);
      else refused++;
      begin();
    }
  };
  const running = Array.from({ length: streams }, (_, name) => stream(name));
  return {
    /** Resolves at the first answer. */
    begun,
    /** Ids so far. */
    acknowledged: acknowledged as readonly string[],
    /** Answers without an id so far. */
    refused: () => refused,
    async stop() {
      isStopped = true;
      await Promise.all(running);
      client.close();
      return acknowledged;
    },
  };
}

/** Other gaps state records that are missing, and say so to their callers. */
function isDiscontinuity({ kind, signed_size }: Record<string, unknown>): boolean {
  return kind === 'gap' && signed_size !== undefined;
}

/** All leaves of a data directory, parsed. */
export async function exportedLeaves(dataDir: string): Promise<Record<string, unknown>[]> {
  const out = `${dataDir}.export`;
  const { code, stderr } = await jimini(['log', 'export', '--data-dir', dataDir, '--out', out]);
  if (code !== 0) throw new Error(`log export failed: ${stderr}`);
  const lines = (await readFile(`${out}/entries.jsonl`, 'utf8')).split('\n').filter((line) => line !== '');
  await rm(out, { recursive: true });
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
