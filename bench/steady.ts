import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryRoot, startSidecarProcess } from '../tests/processes/sidecar.js';
import { CLIENT_CORE, moveToClientCore } from './cores.js';
import { settled } from './cpu.js';
import { type EvaluateLoopOptions, startEvaluateLoop } from './evaluate-loop.js';
import type { LargeSent } from './large-sender.js';
import { chatText } from './prompt.js';
import { median, summary } from './statistics.js';

const SMALL_BYTES = 1024;
/** What is sent beside the small requests: text, or the body of a coding agent, of so many bytes every so often. */
export interface LargeLoad {
  readonly kind: 'text' | 'agent';
  readonly bytes: number;
  readonly everyMs: number;
}

export const LARGE_LOADS = {
  steady: { kind: 'text', bytes: 1024 * 1024, everyMs: 200 },
  // The largest that is read. What it says is too much to be judged, which the worker finds out in seconds.
  'steady-agent': { kind: 'agent', bytes: 32 * 1024 * 1024 - 16 * 1024, everyMs: 2000 },
} as const satisfies Record<string, LargeLoad>;

const WARM_UP_MS = 4000;
/** Long enough that p99 is of dozens of requests, short enough that a neighbour's minute hits both kinds of phase. */
const PHASE_MS = 5000;

export interface SteadyOptions {
  readonly folder: string;
  readonly perSecond: number;
  readonly rounds: number;
  readonly large: LargeLoad;
}

/** Latency of the small requests of one phase, ms. */
interface Phase extends ReturnType<typeof summary> {
  readonly failed: number;
}

export interface SteadyResult {
  readonly perSecond: number;
  readonly alone: readonly Phase[];
  readonly beside: readonly Phase[];
  /** p99 beside large requests over p99 alone, of each round, and their median. */
  readonly ratios: readonly number[];
  readonly ratio: number;
  readonly large: { readonly sent: number; readonly failed: number } & ReturnType<typeof summary>;
}

/**
 * Latency of small requests at a fixed rate, alone and beside large ones, in phases that alternate and begin settled. The
 * sidecar may use all cores; both clients are kept on one, the sender of the large ones with less right to it.
 */
export async function measureSteady({ folder, perSecond, rounds, large: load }: SteadyOptions): Promise<SteadyResult> {
  moveToClientCore();
  const sidecar = await startSidecarProcess({ dataDir: join(folder, 'steady') });
  const sender = startLargeSender(sidecar.data, load);
  try {
    await settled(sidecar.pid);
    const small = { address: sidecar.data, text: chatText(SMALL_BYTES), perSecond };
    sender.send('go');
    await phase(small, WARM_UP_MS);
    await stopped(sender);
    await settled(sidecar.pid);
    const alone: Phase[] = [];
    const beside: Phase[] = [];
    const large: LargeSent[] = [];
    for (let round = 0; round < rounds; round++) {
      alone.push(await phase(small, PHASE_MS));
      sender.send('go');
      beside.push(await phase(small, PHASE_MS));
      large.push(await stopped(sender));
      // What nobody waits for any more may still be judged.
      await settled(sidecar.pid);
      process.stderr.write(`  round ${round + 1}/${rounds}: p99 ${alone.at(-1)?.p99} ms, ${beside.at(-1)?.p99} ms\n`);
    }
    const ratios = beside.map(({ p99 }, i) => p99 / (alone[i]?.p99 ?? Number.NaN));
    return { perSecond, alone, beside, ratios, ratio: median(ratios), large: together(large) };
  } finally {
    sender.disconnect();
    await sidecar.stop();
  }
}

async function phase(load: EvaluateLoopOptions, durationMs: number): Promise<Phase> {
  const loop = await startEvaluateLoop(load);
  await sleep(durationMs);
  await loop.stop();
  const failed = loop.samples.filter(({ revision }) => revision === undefined).length;
  return { ...summary(loop.samples.map(({ latencyMs }) => latencyMs)), failed };
}

function startLargeSender(address: string, { kind, bytes, everyMs }: LargeLoad): ChildProcess {
  const program = join(repositoryRoot, 'build', 'bench', 'large-sender.js');
  const args = ['-c', CLIENT_CORE, 'nice', process.execPath, program, address];
  return spawn('taskset', [...args, kind, String(bytes), String(everyMs)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function stopped(sender: ChildProcess): Promise<LargeSent> {
  const told = once(sender, 'message');
  sender.send('stop');
  const [sent] = (await told) as [LargeSent];
  return sent;
}

function together(parts: readonly LargeSent[]): SteadyResult['large'] {
  const sum = (of: (part: LargeSent) => number) => parts.reduce((total, part) => total + of(part), 0);
  const sent = sum((part) => part.sent);
  const failed = sum((part) => part.failed);
  return { sent, failed, ...summary(parts.flatMap(({ latenciesMs }) => latenciesMs)) };
}
