// Appends while a tracer injects errors into its system calls, then prints what became of the records:
// strace ... node build/tests/audit/faulty-disk-child.js DATA_DIR
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import type { LeafRow } from '../../sidecar/audit/log-store.js';
import { prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { openLogCopy } from '../../sidecar/storage/log-copy.js';
import { attempt, discrepanciesIn, healed, type Outcome } from './double-log.js';
import { levelLogOptions, openAuditLog } from './records.js';

const dataDir = await prepareDataDirectory(process.argv[2] ?? '');
const outcomes: Outcome[] = [];
const log = await openAuditLog(levelLogOptions(dataDir, { wait: () => Promise.resolve() }));
for (let burst = 0; burst < 12; burst += 1) {
  await appendSome(log, burst);
  await healed(log);
}
await log.close('shutdown');
const copy = await openLogCopy(dataDir);
const rows: LeafRow[] = [];
for await (const row of copy.log.rowsFrom(0)) rows.push(row);
await copy.remove();
const refused = outcomes.filter(({ code }) => code !== undefined).length;
const kept = rows.filter(({ bytes }) => /"kept":\[\d/.test(Buffer.from(bytes).toString('utf8'))).length;
console.log(JSON.stringify({ refused, kept, wrong: await discrepanciesIn(rows, outcomes) }));

async function appendSome(to: AuditLog, burst: number): Promise<void> {
  outcomes.push(...(await Promise.all(Array.from({ length: 5 }, (_, index) => attempt(to, `r${burst}-${index}`)))));
}
