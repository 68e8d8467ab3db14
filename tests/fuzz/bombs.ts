import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { settled } from '../../bench/cpu.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { checkRequestBytes, connect, type SidecarClient } from '../processes/client.js';
import { startSidecarProcess } from '../processes/sidecar.js';

/** A small body that becomes much, or that is much of one thing. */
interface Bomb {
  readonly title: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly make: () => Buffer;
  /** Its text is judged for seconds. */
  readonly isLong?: true;
}

/** What a sidecar made of one bomb. */
export interface BombResult {
  readonly title: string;
  readonly bytes: number;
  readonly verdict: string;
  readonly gaps: readonly string[];
  readonly durationMs: number;
  /** Largest resident set while it was judged, and what was left of it, MiB. */
  readonly peakMiB: number;
  readonly afterMiB: number;
}

const MILLION = 1_000_000;
const zeros = () => Buffer.alloc(256 * 1024 * 1024);
const times = (text: string, count = MILLION) => Buffer.from(text.repeat(count));

export const BOMBS: readonly Bomb[] = [
  { title: 'gzip of 256 MiB', contentEncoding: 'gzip', make: () => gzipSync(zeros()) },
  { title: 'brotli of 256 MiB', contentEncoding: 'br', make: () => brotliCompressSync(zeros()) },
  { title: 'zstd of 256 MiB', contentEncoding: 'zstd', make: () => zstdCompressSync(zeros()) },
  { title: 'deflate of 256 MiB', contentEncoding: 'deflate', make: () => deflateSync(zeros()) },
  { title: 'gzip in gzip', contentEncoding: 'gzip, gzip', make: () => gzipSync(gzipSync(zeros())) },
  {
    title: 'gzip in zstd in brotli',
    contentEncoding: 'gzip, zstd, br',
    make: () => brotliCompressSync(zstdCompressSync(gzipSync(zeros()))),
  },
  { title: 'a million open arrays', make: () => times('[') },
  { title: 'a million open objects', make: () => times('{"a":') },
  {
    title: 'a million names',
    isLong: true,
    make: () => Buffer.from(`{${Array.from({ length: MILLION }, (_, i) => `"k${i}":0`).join(',')}}`),
  },
  { title: 'a million strings', make: () => Buffer.from(`[${'"",'.repeat(MILLION)}""]`) },
  {
    title: 'a million parts',
    isLong: true,
    contentType: 'multipart/form-data; boundary=b',
    make: () => Buffer.concat([times('--b\r\n\r\n\r\nx\r\n'), Buffer.from('--b--\r\n')]),
  },
  { title: 'a million lines of JSON', contentType: 'application/x-ndjson', make: () => times('[1]\n') },
  {
    title: 'a million fields of a form',
    contentType: 'application/x-www-form-urlencoded',
    make: () => times('a=b&'),
  },
];

/** Memory comes back when the worker has been idle for a while. */
const SETTLE_MS = 2 * LIMITS.workerIdleMs;

/**
 * Sends bombs to a sidecar of their own, one after the other, as often as asked, and says what became of each: the second time
 * shows whether memory grows. Resolves to the resident set before the first and after the last, MiB. Linux only: reads /proc.
 */
export async function explode(
  bombs: readonly Bomb[],
  rounds: number,
  done: (result: BombResult) => void,
): Promise<{ readonly beforeMiB: number; readonly afterMiB: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-bombs-'));
  const sidecar = await startSidecarProcess({ dataDir: join(folder, 'data') });
  const client = connect(sidecar.data);
  try {
    await settled(sidecar.pid);
    const beforeMiB = memoryMiB(sidecar.pid, 'VmRSS');
    for (let round = 0; round < rounds; round++) {
      for (const bomb of bombs) done(await explodeOne(bomb, sidecar.pid, client));
    }
    return { beforeMiB, afterMiB: memoryMiB(sidecar.pid, 'VmRSS') };
  } finally {
    client.close();
    await sidecar.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function explodeOne({ title, contentType, contentEncoding, make }: Bomb, pid: number, client: SidecarClient) {
  const body = make();
  const headers = {
    ...(contentType && { 'content-type': contentType }),
    ...(contentEncoding && { 'content-encoding': contentEncoding }),
  };
  forgetPeak(pid);
  const startMs = performance.now();
  const { dynamicMetadata = {} } = await client.check(checkRequestBytes({ headers, body }));
  const durationMs = performance.now() - startMs;
  const peakMiB = memoryMiB(pid, 'VmHWM');
  await sleep(SETTLE_MS);
  const { verdict = '', coverage_gaps: gaps = [] } = dynamicMetadata as Told;
  return { title, bytes: body.length, verdict, gaps, durationMs, peakMiB, afterMiB: memoryMiB(pid, 'VmRSS') };
}

type Told = { readonly verdict?: string; readonly coverage_gaps?: readonly string[] };

/** A line of /proc/PID/status, in MiB: `VmRSS` is the resident set now, `VmHWM` the largest since it was forgotten. */
function memoryMiB(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  const [, kib = '0'] =
    new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

/** proc_pid_clear_refs(5): 5 makes the peak what is resident now. */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Sends every bomb twice and prints what became of it. */
export async function runBombs(): Promise<void> {
  const { beforeMiB, afterMiB } = await explode(BOMBS, 2, print);
  const share = ((100 * afterMiB) / beforeMiB).toFixed(0);
  process.stdout.write(
    `resident before the first ${beforeMiB.toFixed(0)} MiB, after the last ${afterMiB.toFixed(0)} MiB (${share} %)\n`,
  );
}

function print({ title, bytes, verdict, gaps, durationMs, peakMiB, afterMiB }: BombResult): void {
  const memory = `peak ${peakMiB.toFixed(0)} MiB, then ${afterMiB.toFixed(0)} MiB`;
  process.stdout.write(
    `${title.padEnd(28)} ${String(bytes).padStart(9)} bytes  ${verdict} ${gaps.join(' ')}  ${durationMs.toFixed(0)} ms  ${memory}\n`,
  );
}
