import { rm } from 'node:fs/promises';
import { measureAppend } from './append.js';
import { measureCheckCost } from './check-cost.js';
import { folderOnDisk } from './disk.js';
import { measureOpenLoop } from './open-loop.js';
import { ms, print } from './print.js';
import { measureRead } from './read.js';
import { measureReload } from './reload.js';
import { writeResult } from './results.js';
import { measureScan } from './scan.js';
import { printScan } from './scan-report.js';
import { LARGE_LOADS, measureSteady } from './steady.js';
import { measureVerify } from './verify.js';

/** The measurements of speed, by name. */
export const SPEEDS = [
  'check',
  'load',
  'read',
  'scan',
  'steady',
  'steady-agent',
  'reload',
  'verify',
  'append',
] as const;
type Speed = (typeof SPEEDS)[number];

/** What the command line says; absent = each measurement's own. */
export interface SpeedOptions {
  readonly dir: string;
  readonly rps?: string;
  readonly seconds: string;
  readonly rounds?: string;
  readonly budget: boolean;
}

/** The latency budget that CI holds: p95 and share of errors at 500 requests a second. */
const BUDGET = { perSecond: 500, p95Ms: 30, errorFraction: 0.01 };
const VERIFIED_LEAVES = 1_000_000;
const LONG_LOG_LEAVES = 1_000_000;
/** The goals that are printed beside what was measured. */
const GOALS = {
  readRatio: 4,
  steadyRatio: { steady: 2, 'steady-agent': 3 },
  reloadStepMs: 20,
  verifyRatio: 0.4,
  appendP99Ms: 25,
  openMs: 2_000,
  openMib: 150,
  proofMs: 1,
};

export function isSpeed(name: string): name is Speed {
  return (SPEEDS as readonly string[]).includes(name);
}

/** Measures one after the other, prints, and writes each result to a file. False when a budget was asked for and missed. */
export async function measureSpeed(wanted: readonly Speed[], options: SpeedOptions): Promise<boolean> {
  const folder = await folderOnDisk(options.dir);
  const perSecond = (standard: number) => Number(options.rps ?? standard);
  const rounds = (standard: number) => Number(options.rounds ?? standard);
  let isKept = true;
  try {
    if (wanted.includes('check')) await check(folder, rounds(5));
    if (wanted.includes('load')) isKept = await load(folder, perSecond(BUDGET.perSecond), options);
    if (wanted.includes('read')) read(rounds(7));
    if (wanted.includes('scan')) await scan(rounds(7));
    if (wanted.includes('steady')) await steady('steady', folder, perSecond(500), rounds(5));
    if (wanted.includes('steady-agent')) await steady('steady-agent', folder, perSecond(500), rounds(3));
    if (wanted.includes('reload')) await reload(folder, perSecond(2000), rounds(3));
    if (wanted.includes('verify')) await verify(folder, rounds(3));
    if (wanted.includes('append')) await append(folder, Number(options.seconds));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return isKept;
}

async function check(folder: string, rounds: number): Promise<void> {
  process.stderr.write('CPU per Check against a bare grpc-js server, rounds interleaved on one core\n');
  const result = await measureCheckCost({ folder, rounds, roundMs: 5_000 });
  const line = ({ cpuMicrosPerRequest, requestsPerSecond }: typeof result.bare) =>
    `${cpuMicrosPerRequest.toFixed(1)} us CPU, ${requestsPerSecond.toFixed(0)}/s`;
  print('bare grpc-js', line(result.bare));
  print('sidecar', line(result.sidecar));
  print('errors', `${result.sidecar.errors}`);
  print('ratio (CPU)', `${result.cpuRatio.toFixed(2)} x`);
  print('written to', writeResult('check', result));
}

async function load(folder: string, perSecond: number, { seconds, budget }: SpeedOptions): Promise<boolean> {
  process.stderr.write(`latency at ${perSecond}/s, open loop, ${seconds} s\n`);
  const result = await measureOpenLoop({ folder, perSecond, seconds: Number(seconds) });
  const { latencyMs: own, fdatasyncMs: disk } = result;
  print('sidecar', `${percentiles(own)}  at ${result.requestsPerSecond.toFixed(0)}/s`);
  print('write+fdatasync', percentiles(disk));
  print('errors', `${(result.errorFraction * 100).toFixed(3)} %`);
  print('written to', writeResult('load', result));
  if (!budget) return true;
  const kept =
    own.p95 <= BUDGET.p95Ms &&
    result.errorFraction <= BUDGET.errorFraction &&
    own.count >= perSecond * Number(seconds) * 0.99;
  print('budget', `${kept ? 'kept' : 'MISSED'} (p95 <= ${BUDGET.p95Ms} ms, errors <= ${BUDGET.errorFraction * 100} %)`);
  return kept;
}

function read(rounds: number): void {
  process.stderr.write(`CPU of reading a body to segments, ${rounds} rounds interleaved with JSON.parse\n`);
  const result = measureRead(rounds);
  for (const { bytes, segments, readMicros, parseMicros, ratio } of result.sizes) {
    const costs = `${readMicros.toFixed(0)} us, JSON.parse ${parseMicros.toFixed(0)} us`;
    print(`${bytes} bytes`, `${costs}: ${ratio.toFixed(2)} x, goal ${GOALS.readRatio} x; ${segments} segments`);
  }
  print('growth', `${result.growth.toFixed(2)} x a byte from 200 KB to 32 MB`);
  print('written to', writeResult('read', result));
}

async function scan(rounds: number): Promise<void> {
  process.stderr.write(`CPU per judgement of 2 KB, ${rounds} rounds interleaved\n`);
  const result = await measureScan(rounds);
  printScan(result);
  print('written to', writeResult('scan', result));
}

async function steady(
  name: keyof typeof LARGE_LOADS,
  folder: string,
  perSecond: number,
  rounds: number,
): Promise<void> {
  const load = LARGE_LOADS[name];
  const what = `${load.kind} of ${(load.bytes / 1024 / 1024).toFixed(0)} MB`;
  process.stderr.write(
    `latency at ${perSecond}/s, open loop, alone and beside ${what} every ${load.everyMs} ms, phases interleaved\n`,
  );
  const result = await measureSteady({ folder, perSecond, rounds, large: load });
  for (const [i, alone] of result.alone.entries()) {
    print(`alone ${i + 1}`, percentiles(alone));
    print(`beside ${i + 1}`, percentiles(result.beside[i] ?? alone));
  }
  const { large, ratio } = result;
  print(what, `${large.sent} sent, ${large.failed} failed, p50 ${ms(large.p50)}`);
  print('failed', `${[...result.alone, ...result.beside].reduce((sum, { failed }) => sum + failed, 0)}`);
  print('ratio (p99)', `${ratio.toFixed(2)} x, median of rounds; goal ${GOALS.steadyRatio[name]} x`);
  print('written to', writeResult(name, result));
}

async function reload(folder: string, perSecond: number, rounds: number): Promise<void> {
  process.stderr.write(`latency at ${perSecond}/s, open loop, while packs are replaced\n`);
  const results = await measureReload({ folder, perSecond, rounds });
  for (const { what, requests, failed, quietMs, ...steps } of results) {
    process.stdout.write(`${what}\n`);
    print('requests', `${requests}, ${failed} failed`);
    const late = steps.notInForce > 0 ? `; ${steps.notInForce} NOT in force by then` : '';
    print('in force after', `median ${ms(steps.inForceAfterMs)}, max ${ms(steps.inForceAfterMaxMs)}${late}`);
    print('quiet', percentiles(quietMs));
    print(
      'step at a reload',
      `max ${ms(steps.stepMaxMs)}, median ${ms(steps.stepMedianMs)}; goal ${GOALS.reloadStepMs} ms`,
    );
    print('step without', `max ${ms(steps.controlStepMaxMs)}, median ${ms(steps.controlStepMedianMs)}`);
  }
  print('written to', writeResult('reload', { perSecond, results }));
}

async function verify(folder: string, rounds: number): Promise<void> {
  process.stderr.write(
    `CPU of verifying an export of ${VERIFIED_LEAVES} leaves, ${rounds} rounds interleaved with SHA-256\n`,
  );
  const result = await measureVerify({ folder, leaves: VERIFIED_LEAVES, rounds });
  const rate = (micros: number) => `${micros.toFixed(2)} us a leaf, ${(1_000_000 / micros).toFixed(0)}/s`;
  print('verify', rate(result.verifyMicros));
  print('SHA-256 alone', `${rate(result.hashObjectMicros)} with a hash object each`);
  print('', `${rate(result.hashCallMicros)} with one call each`);
  print('ratio (rates)', `${result.ratio.toFixed(2)} x of the hash objects, goal ${GOALS.verifyRatio} x`);
  print('memory', `${result.earlyMib.toFixed(0)} MiB after a tenth, ${result.peakMib.toFixed(0)} MiB at most`);
  print('written to', writeResult('verify', result));
}

async function append(folder: string, seconds: number): Promise<void> {
  process.stderr.write('the append path alone, open loop, in turns with write+fdatasync of the same sizes\n');
  const { phases, opened } = await measureAppend({ folder, seconds, leaves: LONG_LOG_LEAVES });
  for (const { what, perSecond, seconds: lasted, latencyMs, failed, groups, bareMs } of phases) {
    const goalMs = Math.max(GOALS.appendP99Ms, 2 * bareMs.p99);
    process.stdout.write(`${what}, ${perSecond}/s for ${lasted} s\n`);
    print('append', `${percentiles(latencyMs)}; goal p99 ${ms(goalMs)}`);
    print('write+fdatasync', percentiles(bareMs));
    print('failed', `${failed}; ${groups.count} groups, ${groups.records} records each (median)`);
  }
  process.stdout.write(`a log of ${opened.leaves} leaves\n`);
  print(
    'open',
    `${ms(opened.openMs)}, goal ${GOALS.openMs} ms; ${opened.openMib.toFixed(0)} MiB, goal ${GOALS.openMib}`,
  );
  const { proofMs, aheadMs, aloneMs, bareMs } = opened;
  const memory = `${opened.proofsMib.toFixed(0)} MiB after a thousand, goal ${GOALS.openMib}`;
  print('inclusion proof', `${percentiles(proofMs)}; goal p99 ${GOALS.proofMs} ms; ${memory}`);
  print('read ahead', `${ms(aheadMs)}, before them: what lies above the tiles of leaf hashes`);
  print('with nothing kept', `p50 ${ms(aloneMs.p50)}, p95 ${ms(aloneMs.p95)}`);
  print('one row alone', `${percentiles(bareMs)}, by turns with them`);
  print('ratio', `p50 ${(proofMs.p50 / bareMs.p50).toFixed(1)} x, p99 ${(proofMs.p99 / bareMs.p99).toFixed(1)} x`);
  print('written to', writeResult('append', { phases, opened }));
}

function percentiles({ p50, p95, p99, p999 }: Readonly<Record<'p50' | 'p95' | 'p99' | 'p999', number>>): string {
  return `p50 ${ms(p50)}  p95 ${ms(p95)}  p99 ${ms(p99)}  p99.9 ${ms(p999)}`;
}
