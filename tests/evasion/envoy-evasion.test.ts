import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { GAP_KINDS, type GapKind } from '../../sidecar/kernel/gap.js';
import { type RunningEnvoy, startEnvoy } from '../envoy/envoy.js';
import { sampleConfigFor } from '../envoy/sample-config.js';
import { startUpstream, type Upstream, type UpstreamRequest } from '../envoy/upstream.js';
import { type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';
import { casesOf, type EvasionCase, knownMiss, SCOPED_PACK, TECHNIQUES, twinGaps } from './cases.js';
import type { WireRequest } from './wire-request.js';

const testEnvoy = needs(program('envoy'));
/** All tests of a file run at once; this is how many of their requests do. */
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

let folder: string;
let upstream: Upstream;
let sidecar: SidecarProcess;
let envoy: RunningEnvoy;

test.before(async () => {
  if (!toolPath('envoy')) return;
  folder = await mkdtemp(join(tmpdir(), 'jimini-evasion-'));
  upstream = await startUpstream();
  const env = { JIMINI_PACKS: `secrets,pii,pci,injection,${SCOPED_PACK}` };
  sidecar = await startSidecarProcess({ dataDir: join(folder, 'data'), env });
  const port = Number(sidecar.data.split(':').at(-1));
  envoy = await startEnvoy(sampleConfigFor({ listen: { port: 0 }, jimini: { port }, llm: { port: upstream.port } }));
});
test.after.always(async () => {
  agent.destroy();
  await envoy?.stop();
  await sidecar?.stop();
  await upstream?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly status: number;
  /** Envoy said that the request is refused; over gRPC and JSON-RPC it says so under the status 200. */
  readonly isRefused: boolean;
  readonly seen?: UpstreamRequest;
}

/** Sends the request as it is written, and gives what Envoy answers and what the upstream has seen. */
async function send({ method, path, headers, body }: WireRequest): Promise<Outcome> {
  const id = crypto.randomUUID();
  const written = [...headers, ['host', 'llm.example'], ['x-test-id', id]].flat();
  if (method !== 'GET') written.push('content-length', String(body.length));
  const sent = httpRequest({ agent, host: '127.0.0.1', port: envoy.port, method, path, headers: written });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  const seen = upstream.received.find((received) => received.headers['x-test-id'] === id);
  const status = answer.statusCode ?? 0;
  const isDenied = answer.headers['x-jimini-verdict'] === 'BLOCK';
  const isRefused = seen === undefined && ((status >= 400 && status < 500) || isDenied);
  return { status, isRefused, ...(seen && { seen }) };
}

/** What is wrong with what became of one planted text and of its twin, in words. */
async function faultsOf({ technique, format, planted, twin, turn }: EvasionCase & { turn: number }): Promise<string[]> {
  const faults: string[] = [];
  const one = planted[turn % planted.length];
  if (one && knownMiss(technique, format, one.payload) === undefined) {
    const { status, isRefused, seen } = await send(one.request);
    const verdict = seen?.headers['x-jimini-verdict'];
    if (!isRefused && verdict !== 'FLAG') faults.push(`${format}: ${one.payload} gets through: ${status} ${verdict}`);
  }
  const { status, isRefused, seen } = await send(twin);
  // Where a gap denies it, Envoy may have mended the path before.
  const mayBeRefused = twinGaps(technique, format).some((kind) => GAP_KINDS[kind as GapKind].action === 'deny');
  if (seen === undefined && !(isRefused && mayBeRefused)) faults.push(`${format}: the twin is stopped with ${status}`);
  if (seen && !seen.body.equals(twin.body)) faults.push(`${format}: the twin arrives changed`);
  return faults;
}

for (const [index, technique] of TECHNIQUES.entries()) {
  const cases = casesOf(technique).filter(({ isDirect }) => !isDirect);
  if (cases.length === 0) continue;
  testEnvoy(
    `through a real Envoy, ${technique}: no planted text gets through, and a harmless one unchanged`,
    async (t) => {
      const faults = await Promise.all(cases.map((one, at) => faultsOf({ ...one, turn: index + at })));
      t.deepEqual(faults.flat(), []);
    },
  );
}
