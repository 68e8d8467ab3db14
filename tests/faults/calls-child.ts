// Runs a log twice on one directory, appends meanwhile, and prints what became of the records:
// strace ... node build/tests/faults/calls-child.js DATA_DIR DURABILITY [MODULE], MODULE being another build of audit-log.js
//
// LIFT_AFTER: files are limited in size (prlimit --fsize); after so many records that were refused, or starts, they are not any more.
import { spawnSync } from 'node:child_process';
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import { prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { attempt, type Outcome } from '../audit/double-log.js';
import { levelLogOptions, openAuditLog, type Program } from '../audit/records.js';
import { OPENING_NAMES } from './traced-paths.js';

const STARTS_MAX = 40;
const HEALS_MAX = 40;
const RUNS = 2;
const BURSTS = 6;
const BURST = 5;
/** Makes a run pass the end of several blocks of LevelDB's log (32 KiB), where it loses what it acknowledged after a failed write. */
const PADDING = 'x'.repeat(2_000);

let openings = 0;
/** Names that can be told to strace beforehand, by turns. */
const openingNames = () => Buffer.from(OPENING_NAMES[openings++ % OPENING_NAMES.length] ?? '', 'hex');

const [path = '', durability, module] = process.argv.slice(2);
const program: Program | undefined = module === undefined ? undefined : await import(module);
const told: (Outcome & { mayBeLost: boolean })[] = [];
let liftAfter = Number(process.env['LIFT_AFTER'] ?? Number.POSITIVE_INFINITY);
let crashes = 0;
let starts = 0;
let unsignedRuns = 0;
for (let run = 0; run < RUNS; run += 1) {
  const log = await started();
  if (!log) break;
  for (let burst = 0; burst < BURSTS; burst += 1) {
    await appendSome(log, `${run}-${burst}`);
    for (let heals = 0; log.state === 'healing' && heals < HEALS_MAX; heals += 1) {
      countFailure();
      await turn();
    }
  }
  await log.close('shutdown').catch(() => {
    crashes += 1;
  });
  if (!log.signed.checkpoint) unsignedRuns += 1;
}
process.stdout.write(`${JSON.stringify({ told, crashes, starts, unsignedRuns })}\n`);

async function started(): Promise<AuditLog | undefined> {
  for (let tries = 0; tries < STARTS_MAX; tries += 1) {
    starts += 1;
    try {
      const dataDir = await prepareDataDirectory(path);
      const options = levelLogOptions(dataDir, {
        wait: turn,
        durability: durability === 'relaxed' ? durability : 'strict',
        store: createLevelLogStore(dataDir, openingNames),
      });
      return await openAuditLog(options, program);
    } catch {
      crashes += 1;
      countFailure();
    }
  }
  return undefined;
}

async function appendSome(log: AuditLog, name: string): Promise<void> {
  const some = Array.from({ length: BURST }, async (_, at) => {
    const mayPrecedeSync = at % 2 === 0;
    const outcome = await attempt(log, `${name}-${at}-${PADDING}`, { mayPrecedeSync });
    told.push({ ...outcome, mayBeLost: durability === 'relaxed' && mayPrecedeSync });
  });
  await Promise.all(some);
}

function countFailure(): void {
  liftAfter -= 1;
  if (liftAfter === 0) spawnSync('prlimit', ['--pid', `${process.pid}`, '--fsize=unlimited']);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
