import { readEvidence } from '../../sidecar/audit/verify/held-against.js';
import { entriesOfPairs } from '../../sidecar/audit/verify/sources.js';
import type { ReadTreeRows } from '../../sidecar/audit/verify/tree-rows.js';
import { verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { startOfCopy } from '../../sidecar/cli/log-boundary.js';
import { evidenceOfCopy } from '../../sidecar/cli/log-files.js';
import { openLogCopy } from '../../sidecar/storage/log-copy.js';
import { temporaryDataDirectory } from '../storage/temporary.js';
import { type Child, linesBeforeKill } from './killed-child.js';

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

/** Starts a process that appends to one data directory, kills it (SIGKILL) in full work, and repeats that. */
export async function killRuns(runs: number, child: Child = 'append-child.js'): Promise<KillReport> {
  const dataDir = await temporaryDataDirectory();
  const acknowledged = new Map<number, string>();
  for (let run = 0; run < runs; run += 1) {
    // The point of the kill moves with the number of acknowledgements, so that no clock is needed.
    const lines = 50 + ((run * 397) % 1_500);
    for (const line of await linesBeforeKill(child, [dataDir, `${run}`], { lines })) {
      const [seq = '', route = ''] = line.split(' ');
      acknowledged.set(Number(seq), route);
    }
  }
  const count = acknowledged.size;
  let gaps = 0;
  const copy = await openLogCopy(dataDir);
  try {
    const start = await startOfCopy(copy.log);
    const { firstSeq } = start;
    const read = readEvidence(await evidenceOfCopy(copy, start, {}, () => {}));
    if (!('claims' in read)) throw new Error(JSON.stringify(read));
    const treeRows: ReadTreeRows = (level) => copy.log.rawTreeRows(level);
    const leaves = entriesOfPairs(copy.log.rawRows(firstSeq));
    const { status, entries, signedSize: signed = 0 } = await verifyEntries(leaves, undefined, { ...read, treeRows });
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
