import { startSidecarProcess } from '../tests/processes/sidecar.js';
import { settled } from './cpu.js';
import { fdatasyncLatenciesMs } from './disk.js';
import { startGhz } from './ghz.js';
import { chatBody, checkRequest } from './prompt.js';
import { summary } from './statistics.js';

const BODY_BYTES = 2048;
const WARM_UP_SECONDS = 3;

export interface OpenLoopOptions {
  readonly folder: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/** Latency of Checks at a fixed rate, beside a bare write+fdatasync loop on the same disk before and after. */
export async function measureOpenLoop({ folder, perSecond, seconds }: OpenLoopOptions) {
  const sidecar = await startSidecarProcess({ dataDir: `${folder}/data` });
  const load = {
    address: sidecar.data,
    call: 'envoy.service.auth.v3.Authorization/Check',
    message: checkRequest(chatBody(BODY_BYTES)),
    perSecond,
    folder,
  };
  const run = async (duration: number) => (await startGhz({ ...load, seconds: duration })).finished();
  try {
    await settled(sidecar.pid);
    const before = await fdatasyncLatenciesMs(folder, perSecond, seconds / 2);
    await run(WARM_UP_SECONDS);
    const samples = await run(seconds);
    const after = await fdatasyncLatenciesMs(folder, perSecond, seconds / 2);
    return {
      perSecond,
      seconds,
      requestsPerSecond: samples.length / seconds,
      errorFraction: samples.filter(({ isOk }) => !isOk).length / Math.max(1, samples.length),
      latencyMs: summary(samples.map(({ latencyMs }) => latencyMs)),
      fdatasyncMs: summary([...before, ...after]),
    };
  } finally {
    await sidecar.stop();
  }
}
