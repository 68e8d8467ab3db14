import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { CHECK_METHOD, createCheckHandler } from '../../mesh/ext-authz/handler.js';
import type { DecisionPort } from '../../sidecar/kernel/decision-port.js';
import type { Decision, Evaluation } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { decisionFor, plainSettings } from '../mesh/decisions.js';
import { type RunningEnvoy, startEnvoy } from './envoy.js';
import { type EnvoyConfig, type Place, sampleConfigFor } from './sample-config.js';

/** A request as the upstream got it. */
export interface UpstreamRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Client, Envoy with the shipped configuration, the ext_authz door, an upstream; only the decision is the test's own. */
export interface Chain {
  readonly url: string;
  readonly envoy: RunningEnvoy;
  /** What the door asked, in order. */
  readonly evaluations: Evaluation[];
  /** The CheckRequests as they came from Envoy. */
  readonly messages: Buffer[];
  /** What got through, in order. */
  readonly upstream: UpstreamRequest[];
  stop(): Promise<void>;
}

export interface ChainOptions {
  /** Envoy calls the door over a Unix socket instead of TCP. */
  readonly overUnixSocket?: boolean;
  /** Changes the shipped configuration before Envoy starts. */
  readonly edit?: (config: EnvoyConfig) => void;
  /** Makes the decision; default: ALLOW without gaps, else BLOCK. */
  readonly decide?: (evaluation: Evaluation) => Decision;
}

export async function startChain(options: ChainOptions = {}): Promise<Chain> {
  const evaluations: Evaluation[] = [];
  const decide = options.decide ?? ((evaluation) => decisionFor(evaluation.gaps.length === 0 ? 'ALLOW' : 'BLOCK'));
  const messages: Buffer[] = [];
  const decisionPort: DecisionPort = {
    decide: async (evaluation) => {
      evaluations.push(evaluation);
      return decide(evaluation);
    },
  };
  const policy = await startPolicyServer(decisionPort, messages, options.overUnixSocket === true);
  const upstream: UpstreamRequest[] = [];
  const model = await startUpstream(upstream);
  const config = sampleConfigFor({ listen: { port: 0 }, jimini: policy.place, llm: model.place });
  options.edit?.(config);
  const envoy = await startEnvoy(config).catch(async (error) => {
    await Promise.all([policy.stop(), model.stop()]);
    throw error;
  });
  return {
    url: `http://127.0.0.1:${envoy.port}`,
    envoy,
    evaluations,
    messages,
    upstream,
    stop: async () => {
      await envoy.stop();
      await Promise.all([policy.stop(), model.stop()]);
    },
  };
}

interface Stoppable {
  readonly place: Place;
  stop(): Promise<void>;
}

async function startPolicyServer(
  decisionPort: DecisionPort,
  messages: Buffer[],
  overUnixSocket: boolean,
): Promise<Stoppable> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-door-'));
  const path = join(folder, 'data.sock');
  const faults: Error[] = [];
  const handler = createCheckHandler({
    decisionPort,
    settings: () => plainSettings,
    onFault: (error) => faults.push(error),
  });
  const server = new Server({ 'grpc.max_receive_message_length': LIMITS.grpcReceiveBytesMax });
  const bytes = { serialize: (value: Uint8Array) => Buffer.from(value), deserialize: (value: Buffer) => value };
  server.addService(
    {
      check: {
        path: CHECK_METHOD,
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes.serialize,
        requestDeserialize: bytes.deserialize,
        responseSerialize: bytes.serialize,
        responseDeserialize: bytes.deserialize,
      },
    },
    {
      check: (call: ServerUnaryCall<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>) => {
        const context = {
          signal: new AbortController().signal,
          header: (name: string) => call.metadata.get(name)[0]?.toString(),
        };
        messages.push(call.request);
        void handler(call.request, context).then((answer) => callback(null, answer, new Metadata()));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      overUnixSocket ? `unix:${path}` : '127.0.0.1:0',
      ServerCredentials.createInsecure(),
      (error, bound) => (error ? reject(error) : resolve(bound)),
    );
  });
  return {
    place: overUnixSocket ? { path } : { port },
    stop: async () => {
      server.forceShutdown();
      await rm(folder, { recursive: true });
      if (faults.length > 0) throw faults[0];
    },
  };
}

async function startUpstream(requests: UpstreamRequest[]): Promise<Stoppable> {
  const server = createServer(async (request, response) => {
    requests.push(await received(request));
    response.setHeader('content-type', 'application/json').end('{"from":"upstream"}');
  });
  server.on('upgrade', (request, socket) => {
    requests.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.of(),
    });
    socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    place: { port: (server.address() as AddressInfo).port },
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function received(request: IncomingMessage): Promise<UpstreamRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = '', url = '', headers } = request;
  return { method, url, headers, body: Buffer.concat(chunks) };
}
