// Fills the file system below a directory, appends meanwhile, makes room again, and prints what became of the records:
// node build/tests/audit/full-disk-child.js DIRECTORY
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import type { LeafRow } from '../../sidecar/audit/log-store.js';
import { prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { openHeadFile } from '../../sidecar/storage/head-file.js';
import { openLogCopy } from '../../sidecar/storage/log-copy.js';
import { attempt, discrepanciesIn, healed, type Outcome } from './double-log.js';
import { levelLogOptions, openAuditLog } from './records.js';

const directory = process.argv[2] ?? '';
const ballast = join(directory, 'ballast');
const dataDir = await prepareDataDirectory(join(directory, 'data'));
const errors = new Set<string>();
const log = await openAuditLog(
  levelLogOptions(dataDir, {
    onHealth: (event) => event.state === 'healing' && errors.add(`${event.error.code} ${String(event.error.cause)}`),
  }),
);
const outcomes: Outcome[] = [];
let refusals = 0;

for (let round = 0; round < 3; round += 1) {
  await appendSome(log, `before${round}`, 20);
  fillDisk();
  // Each append goes into the page that is there already until that is full, so this takes some.
  for (let index = 0; refusals <= round * 10; index += 1) await appendSome(log, `full${round}-${index}`, 10);
  await appendSome(log, `outage${round}`, 10);
  rmSync(ballast);
  await healed(log);
  await appendSome(log, `after${round}`, 20);
}
await log.close('shutdown');

const copy = await openLogCopy(dataDir);
const rows: LeafRow[] = [];
for await (const row of copy.log.rowsFrom(0)) rows.push(row);
await copy.remove();
const acknowledged = outcomes.filter(({ seq }) => seq !== undefined).length;
const wrong = await discrepanciesIn(rows, outcomes);
const after = outcomes.filter(({ route }) => route.startsWith('after')).every(({ seq }) => seq !== undefined);
const { newest } = await openHeadFile(dataDir);
const unsigned = rows.length - Number(newest?.toString().split('\n')[1]);
console.log(JSON.stringify({ acknowledged, refusals, isBackAfterwards: after, wrong, errors: [...errors], unsigned }));

async function appendSome(to: AuditLog, name: string, count: number): Promise<void> {
  const some = await Promise.all(Array.from({ length: count }, (_, index) => attempt(to, `${name}.${index}`)));
  outcomes.push(...some);
  refusals += some.filter(({ code }) => code === 'JIMINI_STORE_UNAVAILABLE').length;
}

function fillDisk(): void {
  const file = openSync(ballast, 'w');
  const isFull = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOSPC';
  for (const size of [65_536, 4_096]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size, 1));
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }
  closeSync(file);
}
