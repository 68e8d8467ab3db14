import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEnvoy } from '../envoy/envoy.js';
import { sampleConfigFor } from '../envoy/sample-config.js';
import { startUpstream, type UpstreamRequest } from '../envoy/upstream.js';
import { startSidecarProcess } from '../processes/sidecar.js';

/** What became of one request. */
export interface Outcome {
  /** 403 as well where a denial is told inside of HTTP: as gRPC does (envoyproxy/envoy#11079), or by an error of JSON-RPC. */
  readonly status: number;
  /** What reached the upstream, if anything did. */
  readonly seen: UpstreamRequest | undefined;
}

/** A stand-in upstream, the sidecar as a process of its own with its defaults, and a real Envoy before them. */
export interface WholeChain {
  post(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Outcome>;
  stop(): Promise<void>;
}

export async function startWholeChain(): Promise<WholeChain> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-formats-'));
  const upstream = await startUpstream();
  const sidecar = await startSidecarProcess({ dataDir: join(folder, 'data') });
  const port = Number(sidecar.data.split(':').at(-1));
  const envoy = await startEnvoy(
    sampleConfigFor({ listen: { port: 0 }, jimini: { port }, llm: { port: upstream.port } }),
  );
  return {
    async post(path, headers, body) {
      const id = crypto.randomUUID();
      const response = await fetch(`http://127.0.0.1:${envoy.port}${path}`, {
        method: 'POST',
        body: Buffer.from(body),
        headers: { 'x-test-id': id, ...headers },
      });
      const answer = await response.text();
      const isRefused = response.headers.get('grpc-status') === '7' || answer.includes('"reason":"jimini_blocked"');
      return {
        status: isRefused ? 403 : response.status,
        seen: upstream.received.find((request) => request.headers['x-test-id'] === id),
      };
    },
    async stop() {
      await envoy.stop();
      await sidecar.stop();
      await upstream.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
