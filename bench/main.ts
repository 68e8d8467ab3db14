// npm run bench [-- check|load] [--dir FOLDER_ON_A_DISK] [--rps N] [--seconds N] [--rounds N] [--budget]
// npm run bench -- quality --set FOLDER [--packs secrets,pii] [--category C] [--entity E*] [--misses N] [--format table|json]
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '../tests/processes/sidecar.js';
import { measureCheckCost } from './check-cost.js';
import { folderOnDisk } from './disk.js';
import { measureOpenLoop } from './open-loop.js';
import { measureQuality } from './quality/run.js';
import { writeResult } from './results.js';

/** The latency budget that CI holds: p95 and share of errors at 500 requests a second. */
const BUDGET = { perSecond: 500, p95Ms: 30, errorFraction: 0.01 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string', default: repositoryRoot },
    rps: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
    budget: { type: 'boolean', default: false },
    set: { type: 'string' },
    packs: { type: 'string' },
    category: { type: 'string' },
    entity: { type: 'string' },
    misses: { type: 'string', default: '0' },
    format: { type: 'string', default: 'table' },
  },
});
const wanted = positionals.length > 0 ? positionals : ['check', 'load'];
const unknown = wanted.filter((name) => !['check', 'load', 'quality'].includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `unknown measurement ${unknown.join(', ')}; expected check, load, quality or none (check and load)\n`,
  );
  process.exit(2);
}
if (wanted.includes('quality')) process.exitCode = await quality();
if (wanted.some((name) => name !== 'quality')) await speed();

async function speed(): Promise<void> {
  const folder = await folderOnDisk(values.dir);
  try {
    if (wanted.includes('check')) await checkCost(folder);
    if (wanted.includes('load')) await openLoop(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function quality(): Promise<number> {
  try {
    return await measureQuality(values);
  } catch (error) {
    process.stderr.write(`quality: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

async function checkCost(folder: string): Promise<void> {
  process.stderr.write('CPU per Check against a bare grpc-js server, rounds interleaved on one core\n');
  const result = await measureCheckCost({ folder, rounds: Number(values.rounds), roundMs: 5_000 });
  print(
    'bare grpc-js',
    `${result.bare.cpuMicrosPerRequest.toFixed(1)} us CPU, ${result.bare.requestsPerSecond.toFixed(0)}/s`,
  );
  print(
    'sidecar',
    `${result.sidecar.cpuMicrosPerRequest.toFixed(1)} us CPU, ${result.sidecar.requestsPerSecond.toFixed(0)}/s`,
  );
  print('errors', `${result.sidecar.errors}`);
  print('ratio (CPU)', `${result.cpuRatio.toFixed(2)} x`);
  print('written to', writeResult('check', result));
}

async function openLoop(folder: string): Promise<void> {
  const perSecond = Number(values.rps);
  process.stderr.write(`latency at ${perSecond}/s, open loop, ${values.seconds} s\n`);
  const result = await measureOpenLoop({ folder, perSecond, seconds: Number(values.seconds) });
  const { latencyMs: own, fdatasyncMs: disk } = result;
  const line = (of: typeof own) => `p50 ${ms(of.p50)}  p95 ${ms(of.p95)}  p99 ${ms(of.p99)}  p99.9 ${ms(of.p999)}`;
  print('sidecar', `${line(own)}  at ${result.requestsPerSecond.toFixed(0)}/s`);
  print('write+fdatasync', line(disk));
  print('errors', `${(result.errorFraction * 100).toFixed(3)} %`);
  print('written to', writeResult('load', result));
  if (!values.budget) return;
  const kept =
    own.p95 <= BUDGET.p95Ms &&
    result.errorFraction <= BUDGET.errorFraction &&
    own.count >= perSecond * Number(values.seconds) * 0.99;
  print('budget', `${kept ? 'kept' : 'MISSED'} (p95 <= ${BUDGET.p95Ms} ms, errors <= ${BUDGET.errorFraction * 100} %)`);
  if (!kept) process.exitCode = 1;
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function print(label: string, text: string): void {
  process.stdout.write(`${label.padEnd(18)}${text}\n`);
}
