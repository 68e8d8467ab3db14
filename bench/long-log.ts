// Opens the log in a data directory, asks it for inclusion proofs of random leaves, and prints what that took as JSON. A process of its own,
// so that its memory is that of an open log and of nothing else. Argument: the data directory.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeptTiles } from '../sidecar/audit/tree/kept-tiles.js';
import { provenInclusion, signedTree } from '../sidecar/audit/tree/proven.js';
import { readAhead } from '../sidecar/audit/tree/read-ahead.js';
import { TILE_WIDTH } from '../sidecar/audit/tree/tiles.js';
import { LIMITS } from '../sidecar/kernel/limits.js';
import { levelLogOptions, openAuditLog } from '../tests/audit/records.js';
import { summary } from './statistics.js';

const PROOFS = 1_000;
const ALONE = 100;

/** What it took, times in ms. */
export interface OpenedLongLog {
  readonly leaves: number;
  /** From nothing to a log that takes records: its end read, its `open` leaf written and signed. */
  readonly openMs: number;
  /** Resident memory of the whole process: after opening, and after the proofs, MiB. */
  readonly openMib: number;
  readonly proofsMib: number;
  /** Before them: all tiles above those of leaf hashes, which the program reads when it has started. */
  readonly aheadMs: number;
  /** Checked proofs of random leaves, as a call gets them. */
  readonly proofMs: ReturnType<typeof summary>;
  /** Others behind them, each of which has to read all of its tiles: what one takes at most that comes before those are read, or in a log that has grown. */
  readonly aloneMs: ReturnType<typeof summary>;
  /** By turns with them: one row of a random tile of leaf hashes, read as LevelDB gives it. No proof can take less, and what the machine takes away it takes away of both. */
  readonly bareMs: ReturnType<typeof summary>;
}

const [dataDir = ''] = process.argv.slice(2);
const residentMib = () => process.memoryUsage.rss() / 1024 / 1024;
const startMs = performance.now();
const log = await openAuditLog(levelLogOptions(dataDir));
const openMs = performance.now() - startMs;
const openMib = residentMib();
const { size } = log;
while (log.signed.checkpoint?.size !== size) await sleep(10);

const kept = createKeptTiles({ leafTiles: LIMITS.proofLeafTilesMax, upperTiles: LIMITS.proofUpperTilesMax });
const signed = signedTree(log, log.signed.checkpoint.note, kept);
const aheadMs = await timed(() => readAhead(signed, 0, LIMITS.proofUpperTilesMax));
const proofsMs: number[] = [];
const bareMs: number[] = [];
for (let i = 0; i < PROOFS; i++) {
  proofsMs.push(await timed(() => provenInclusion(signed, randomInt(size))));
  bareMs.push(await timed(() => log.readTile(0, randomInt(Math.floor(size / TILE_WIDTH)), TILE_WIDTH)));
}
const proofsMib = residentMib();
const aloneMs: number[] = [];
for (let i = 0; i < ALONE; i++) {
  const tree = { ...signed, kept: createKeptTiles() };
  aloneMs.push(await timed(() => provenInclusion(tree, randomInt(size))));
}
const opened: OpenedLongLog = {
  leaves: size,
  openMs,
  openMib,
  proofsMib,
  aheadMs,
  proofMs: summary(proofsMs),
  aloneMs: summary(aloneMs),
  bareMs: summary(bareMs),
};
process.stdout.write(JSON.stringify(opened));
await log.close('shutdown');

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}
