// Opens the log in a data directory, asks it for inclusion proofs of random leaves, and prints what that took as JSON. A process of its own,
// so that its memory is that of an open log and of nothing else. Argument: the data directory.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeptTiles } from '../sidecar/audit/tree/kept-tiles.js';
import { provenInclusion, signedTree } from '../sidecar/audit/tree/proven.js';
import { TILE_WIDTH, type TileReader } from '../sidecar/audit/tree/tiles.js';
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
  /** Checked proofs of random leaves, as a call gets them. */
  readonly proofMs: ReturnType<typeof summary>;
  /** Those of them that had to read tiles above the leaves, which are kept afterwards. */
  readonly firstMs: ReturnType<typeof summary>;
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

let readsAbove = 0;
const reader: TileReader = {
  readTile(level, index, width) {
    if (level > 0) readsAbove += 1;
    return log.readTile(level, index, width);
  },
};
const kept = createKeptTiles({ leafTiles: LIMITS.proofLeafTilesMax, upperTiles: LIMITS.proofUpperTilesMax });
const signed = signedTree(reader, log.signed.checkpoint.note, kept);
const proofsMs: number[] = [];
const firstMs: number[] = [];
const bareMs: number[] = [];
for (let i = 0; i < PROOFS; i++) {
  readsAbove = 0;
  const tookMs = await timed(() => provenInclusion(signed, randomInt(size)));
  proofsMs.push(tookMs);
  if (readsAbove > 0) firstMs.push(tookMs);
  bareMs.push(await timed(() => log.readTile(0, randomInt(Math.floor(size / TILE_WIDTH)), TILE_WIDTH)));
}
const opened: OpenedLongLog = {
  leaves: size,
  openMs,
  openMib,
  proofsMib: residentMib(),
  proofMs: summary(proofsMs),
  firstMs: summary(firstMs),
  bareMs: summary(bareMs),
};
process.stdout.write(JSON.stringify(opened));
await log.close('shutdown');

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}
