// Kills an appending process again and again: node build/tests/audit/kill-runs.js --runs 50
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEvidence } from '../../sidecar/audit/verify/held-against.js';
import { entriesOfPairs } from '../../sidecar/audit/verify/sources.js';
import type { ReadTreeRows } from '../../sidecar/audit/verify/tree-rows.js';
import { verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { startOfCopy } from '../../sidecar/cli/log-boundary.js';
import { openHeadFile } from '../../sidecar/storage/head-file.js';
import { openLogCopy } from '../../sidecar/storage/log-copy.js';
import { temporaryDataDirectory } from '../storage/temporary.js';
import { readArguments } from '../tools/arguments.js';

/** What several kills in a row left behind. */
export interface KillReport {
  readonly acknowledged: number;
  /** Acknowledged, and not in the log at their number: must be empty. */
  readonly lost: readonly string[];
  /** Status of the verifier after the last kill. */
  readonly status: string;
  /** Leaves in the log. */
  readonly entries: number;
  /** Leaves that say that the log does not go on, or that another key signs: must be none. */
  readonly gaps: number;
  /** Leaves that the newest checkpoint covers. */
  readonly signed: number;
  /** First leaf that was not removed. */
  readonly firstSeq: number;
}

/** What is killed: a program that appends, or one that removes old leaves as well. */
type Child = 'append-child.js' | 'prune-child.js';

/** Starts a process that appends to one data directory, kills it (SIGKILL) in full work, and repeats that. */
export async function killRuns(runs: number, child: Child = 'append-child.js'): Promise<KillReport> {
  const dataDir = await temporaryDataDirectory();
  const acknowledged = new Map<number, string>();
  for (let run = 0; run < runs; run += 1) {
    // The point of the kill moves with the number of acknowledgements, so that no clock is needed.
    for (const line of await killedAfter(dataDir, child, { run, acknowledgements: 50 + ((run * 397) % 1_500) })) {
      const [seq = '', route = ''] = line.split(' ');
      acknowledged.set(Number(seq), route);
    }
  }
  const count = acknowledged.size;
  let gaps = 0;
  // First: what is said of the log must not be newer than the copy.
  const { newest } = await openHeadFile(dataDir);
  const signed = Number(newest?.toString().split('\n')[1]);
  const publicKeys = await readFile(join(dataDir, 'key.pub'));
  const copy = await openLogCopy(dataDir);
  try {
    const { firstSeq, boundary } = await startOfCopy(copy.log);
    const read = readEvidence({
      files: newest ? [{ source: 'checkpoint', name: 'checkpoint', bytes: newest }] : [],
      keys: { name: 'key.pub', bytes: publicKeys },
      ...(boundary && { boundary }),
    });
    if (!('claims' in read)) throw new Error(JSON.stringify(read));
    const treeRows: ReadTreeRows = (level) => copy.log.rawTreeRows(level);
    const leaves = entriesOfPairs(copy.log.rawRows(firstSeq));
    const { status, entries } = await verifyEntries(leaves, undefined, { ...read, treeRows });
    for (const seq of [...acknowledged.keys()]) if (seq < firstSeq) acknowledged.delete(seq);
    for await (const { seq, bytes } of copy.log.rowsFrom(firstSeq)) {
      const { route, kind } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { route?: string; kind: string };
      if (kind === 'gap' || kind === 'key') gaps += 1;
      if (acknowledged.get(seq) === route) acknowledged.delete(seq);
    }
    const lost = [...acknowledged].map(([seq, route]) => `${seq} ${route}`);
    return { acknowledged: count, lost, status, entries, gaps, signed, firstSeq };
  } finally {
    await copy.remove();
  }
}

/** The whole lines that a child printed before it was killed. */
async function killedAfter(
  dataDir: string,
  program: Child,
  at: { run: number; acknowledgements: number },
): Promise<string[]> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url)), dataDir, `${at.run}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let lines = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    lines += chunk.split('\n').length - 1;
    if (lines >= at.acknowledgements) child.kill('SIGKILL');
  });
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself (${signal})`);
  return output.split('\n').slice(0, -1);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = readArguments({
    usage: 'node build/tests/audit/kill-runs.js [--runs N]',
    config: { options: { runs: { type: 'string', default: '50' } } },
    numbers: { runs: 1 },
  });
  const report = await killRuns(Number(values.runs));
  console.log(JSON.stringify(report));
  if (report.lost.length > 0 || !['ok', 'unanchored'].includes(report.status) || report.gaps > 0) process.exitCode = 1;
}
