// Opens the log in a data directory, asks it for inclusion proofs of random leaves, and prints what that took as JSON. A process of its own,
// so that its memory is that of an open log and of nothing else. Argument: the data directory.
import { randomInt } from 'node:crypto';
import { createKeptTiles } from '../sidecar/audit/tree/kept-tiles.js';
import { inclusionProof } from '../sidecar/audit/tree/proofs.js';
import { LIMITS } from '../sidecar/kernel/limits.js';
import { levelLogOptions, openAuditLog } from '../tests/audit/records.js';
import { summary } from './statistics.js';

const PROOFS = 1_000;

/** What it took, times in ms. */
export interface OpenedLongLog {
  readonly leaves: number;
  /** From nothing to a log that takes records: its end read, its `open` leaf written and signed. */
  readonly openMs: number;
  /** Resident memory of the whole process: after opening, and after the proofs, MiB. */
  readonly openMib: number;
  readonly proofsMib: number;
  readonly proofMs: ReturnType<typeof summary>;
}

const [dataDir = ''] = process.argv.slice(2);
const residentMib = () => process.memoryUsage.rss() / 1024 / 1024;
const startMs = performance.now();
const log = await openAuditLog(levelLogOptions(dataDir));
const openMs = performance.now() - startMs;
const openMib = residentMib();
const { size } = log;
const tiles = createKeptTiles(LIMITS.proofTilesMax);
const proofsMs: number[] = [];
for (let i = 0; i < PROOFS; i++) {
  const beganMs = performance.now();
  await inclusionProof(log, randomInt(size), size, tiles);
  proofsMs.push(performance.now() - beganMs);
}
const opened: OpenedLongLog = { leaves: size, openMs, openMib, proofsMib: residentMib(), proofMs: summary(proofsMs) };
process.stdout.write(JSON.stringify(opened));
await log.close('shutdown');
