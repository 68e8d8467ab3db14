import { startSidecarProcess } from '../tests/processes/sidecar.js';
import { startBareProcess } from './bare-process.js';
import { closedLoop } from './closed-loop.js';
import { cpuSeconds, settled } from './cpu.js';
import { chatBody, checkRequest } from './prompt.js';
import { median } from './statistics.js';

const CONNECTIONS = 4;
const STREAMS_PER_CONNECTION = 16;
const BODY_BYTES = 2048;
/** Long enough for the optimising compiler to have seen every path of both servers. */
const WARM_UP_MS = 10_000;
/** Both servers share core 0, the client has core 1: only CPU time per request is compared, so sharing costs nothing. */
const SERVER_CORE = ['taskset', '-c', '0'];

export interface CheckCostOptions {
  readonly folder: string;
  readonly rounds: number;
  readonly roundMs: number;
}

interface Round {
  readonly cpuMicrosPerRequest: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
}

/**
 * CPU time of one Check in the sidecar (all default packs, record fsynced) against a bare grpc-js server that decodes
 * the same message and answers OK. Rounds alternate, so that a noisy neighbour hits both.
 */
export async function measureCheckCost({ folder, rounds, roundMs }: CheckCostOptions) {
  const bare = await startBareProcess(SERVER_CORE);
  const sidecar = await startSidecarProcess({ dataDir: `${folder}/data`, prefix: SERVER_CORE });
  try {
    await settled(sidecar.pid);
    const message = checkRequest(chatBody(BODY_BYTES));
    await round(bare, message, WARM_UP_MS);
    await round(sidecar, message, WARM_UP_MS);
    const bareRounds: Round[] = [];
    const sidecarRounds: Round[] = [];
    for (let i = 0; i < rounds; i++) {
      bareRounds.push(await round(bare, message, roundMs));
      sidecarRounds.push(await round(sidecar, message, roundMs));
      process.stderr.write(`  round ${i + 1}/${rounds}: ${describe(bareRounds.at(-1), sidecarRounds.at(-1))}\n`);
    }
    const ratios = sidecarRounds.map(
      (own, i) => own.cpuMicrosPerRequest / (bareRounds[i]?.cpuMicrosPerRequest ?? Number.NaN),
    );
    return {
      connections: CONNECTIONS,
      streamsPerConnection: STREAMS_PER_CONNECTION,
      messageBytes: message.length,
      bare: medians(bareRounds),
      sidecar: medians(sidecarRounds),
      cpuRatio: median(ratios),
      cpuRatios: ratios,
    };
  } finally {
    await sidecar.stop();
    await bare.stop();
  }
}

async function round(server: { pid: number; data: string }, message: Buffer, durationMs: number): Promise<Round> {
  const before = cpuSeconds(server.pid);
  const result = await closedLoop({
    address: server.data,
    message,
    connections: CONNECTIONS,
    streamsPerConnection: STREAMS_PER_CONNECTION,
    durationMs,
  });
  return {
    cpuMicrosPerRequest: ((cpuSeconds(server.pid) - before) * 1e6) / result.requests,
    requestsPerSecond: result.requests / result.seconds,
    errors: result.errors,
  };
}

function medians(rounds: readonly Round[]) {
  return {
    cpuMicrosPerRequest: median(rounds.map((round) => round.cpuMicrosPerRequest)),
    requestsPerSecond: median(rounds.map((round) => round.requestsPerSecond)),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
  };
}

function describe(bare: Round | undefined, sidecar: Round | undefined): string {
  const one = (round: Round | undefined) =>
    `${round?.cpuMicrosPerRequest.toFixed(0)} us CPU, ${round?.requestsPerSecond.toFixed(0)}/s`;
  return `bare ${one(bare)}; sidecar ${one(sidecar)}`;
}
