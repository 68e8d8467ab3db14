import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot, startSidecarProcess } from '../tests/processes/sidecar.js';
import { installHint, toolPath } from '../tests/tools/programs.js';
import { settled } from './cpu.js';
import { fdatasyncLatenciesMs } from './disk.js';
import { chatBody, checkRequest } from './prompt.js';
import { summary } from './statistics.js';

const BODY_BYTES = 2048;
const CONNECTIONS = 4;
const WARM_UP_SECONDS = 3;

export interface OpenLoopOptions {
  readonly folder: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * Latency of Checks at a fixed rate with ghz (`--async`: a slow answer delays no other request, so nothing is hidden by
 * coordinated omission), beside a bare write+fdatasync loop on the same disk before and after.
 */
export async function measureOpenLoop({ folder, perSecond, seconds }: OpenLoopOptions) {
  const ghz = toolPath('ghz');
  if (!ghz) throw new Error(`ghz is not installed: ${installHint('ghz')}`);
  const sidecar = await startSidecarProcess({ dataDir: `${folder}/data` });
  try {
    await settled(sidecar.pid);
    const before = await fdatasyncLatenciesMs(folder, perSecond, seconds / 2);
    const message = join(folder, 'check.bin');
    await writeFile(message, checkRequest(chatBody(BODY_BYTES)));
    const run = (duration: number) =>
      runGhz(ghz, { address: sidecar.data, message, perSecond, seconds: duration, folder });
    await run(WARM_UP_SECONDS);
    const load = await run(seconds);
    const after = await fdatasyncLatenciesMs(folder, perSecond, seconds / 2);
    return { perSecond, seconds, connections: CONNECTIONS, ...load, fdatasyncMs: summary([...before, ...after]) };
  } finally {
    await sidecar.stop();
  }
}

interface GhzRun {
  readonly address: string;
  readonly message: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly folder: string;
}

interface GhzReport {
  rps: number;
  details: { latency: number; error: string; status: string }[];
}

async function runGhz(ghz: string, { address, message, perSecond, seconds, folder }: GhzRun) {
  const output = join(folder, 'ghz.json');
  const args = [
    ['--insecure', '--async', '--protoset', join(repositoryRoot, 'proto', 'gen', 'jimini.binpb')],
    ['--call', 'envoy.service.auth.v3.Authorization/Check', '--binary-file', message],
    ['--rps', String(perSecond), '-n', String(perSecond * seconds), '--connections', String(CONNECTIONS)],
    ['-c', '64', '--format', 'json', '--output', output, address],
  ].flat();
  await promisify(execFile)(ghz, args, { timeout: (seconds + 60) * 1000 });
  const report = JSON.parse(await readFile(output, 'utf8')) as GhzReport;
  const errors = report.details.filter((detail) => detail.status !== 'OK').length;
  return {
    requestsPerSecond: report.rps,
    errorFraction: errors / Math.max(1, report.details.length),
    latencyMs: summary(report.details.map((detail) => detail.latency / 1e6)),
  };
}
