// Measures the append path: node build/tests/audit/append-rate.js [leaves] [waiting at once]
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOfPairs } from '../../sidecar/audit/verify/sources.js';
import { verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { openLogCopy } from '../../sidecar/storage/log-copy.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';

const leaves = Number(process.argv[2] ?? 100_000);
const callers = Number(process.argv[3] ?? 64);
const parent = mkdtempSync(join(process.cwd(), 'append-rate-'));
try {
  const dataDir = await prepareDataDirectory(join(parent, 'data'));
  const log = await openAuditLog(levelLogOptions(dataDir));
  const fields = decision('/v1/chat/completions');
  const caller = async (count: number) => {
    for (let index = 0; index < count; index += 1) await log.append({ leafFields: fields });
  };
  await Promise.all(Array.from({ length: callers }, () => caller(200)));
  const cpu = process.cpuUsage();
  const mainCpu = process.threadCpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: callers }, () => caller(Math.ceil(leaves / callers))));
  const seconds = (performance.now() - start) / 1_000;
  const all = process.cpuUsage(cpu);
  const main = process.threadCpuUsage(mainCpu);
  const mainUs = ((main.user + main.system) / leaves).toFixed(1);
  print(`append, ${callers} callers (main thread ${mainUs} us)`, leaves, seconds, (all.user + all.system) / leaves);
  await log.close('shutdown');
  const copy = await openLogCopy(dataDir);
  const verifyCpu = process.cpuUsage();
  const verifyStart = performance.now();
  const report = await verifyEntries(entriesOfPairs(copy.log.rawRows()));
  const used = process.cpuUsage(verifyCpu);
  const verifySeconds = (performance.now() - verifyStart) / 1_000;
  print(`verify: ${report.status}`, report.entries, verifySeconds, (used.user + used.system) / report.entries);
  await copy.remove();
} finally {
  rmSync(parent, { recursive: true });
}

function print(what: string, count: number, seconds: number, cpuUs: number): void {
  console.log(`${what}: ${Math.round(count / seconds)} leaves/s, ${cpuUs.toFixed(1)} us CPU per leaf`);
}
