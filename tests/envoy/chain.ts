import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECK_METHOD, createCheckHandler } from '../../mesh/ext-authz/handler.js';
import type { CheckSettings } from '../../mesh/ext-authz/read-check.js';
import { overloadedCheckResponse } from '../../mesh/ext-authz/write-check.js';
import type { UnaryHandler } from '../../sidecar/kernel/call.js';
import type { DecisionPort } from '../../sidecar/kernel/decision-port.js';
import type { Decision, Evaluation } from '../../sidecar/kernel/evaluation.js';
import { createGrpcServer } from '../../sidecar/server/grpc-server.js';
import { decisionFor, plainSettings } from '../mesh/decisions.js';
import { type RunningEnvoy, startEnvoy } from './envoy.js';
import { type EnvoyConfig, type Place, sampleConfigFor } from './sample-config.js';
import { startUpstream, type UpstreamRequest } from './upstream.js';

/** Client, Envoy with the shipped configuration, the ext_authz door, an upstream; only the decision is the test's own. */
export interface Chain {
  readonly url: string;
  readonly envoy: RunningEnvoy;
  /** What the door asked, in order. */
  readonly evaluations: Evaluation[];
  /** The CheckRequests as they came from Envoy. */
  readonly messages: Buffer[];
  /** What got through, in order. */
  readonly upstream: readonly UpstreamRequest[];
  stop(): Promise<void>;
}

export interface ChainOptions {
  /** Envoy calls the door over a Unix socket instead of TCP. */
  readonly overUnixSocket?: boolean;
  /** Changes the shipped configuration before Envoy starts. */
  readonly edit?: (config: EnvoyConfig) => void;
  /** What of the door's settings differs from `plainSettings`. */
  readonly settings?: Partial<CheckSettings>;
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
  const faults: unknown[] = [];
  const check = createCheckHandler({
    decisionPort,
    settings: () => ({ ...plainSettings, ...options.settings }),
    onFault: (error) => faults.push(error),
  });
  const handler: UnaryHandler = (message, call) => {
    messages.push(Buffer.from(message));
    return check(message, call);
  };
  const folder = await mkdtemp(join(tmpdir(), 'jimini-door-'));
  const server = createGrpcServer({
    methods: new Map([[CHECK_METHOD, { handler, overloaded: overloadedCheckResponse }]]),
    onError: (error) => faults.push(error),
  });
  const address = options.overUnixSocket ? `unix:${join(folder, 'data.sock')}` : '127.0.0.1:0';
  const bound = await server.listen({ name: 'data', address, allowPlaintext: [], socketMode: 0o660 });
  const upstream = await startUpstream();
  const stop = async () => {
    await Promise.all([server.close(), upstream.close()]);
    await rm(folder, { recursive: true });
    if (faults.length > 0) throw faults[0];
  };
  const config = sampleConfigFor({ listen: { port: 0 }, jimini: placeOf(bound), llm: { port: upstream.port } });
  options.edit?.(config);
  const envoy = await startEnvoy(config).catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${envoy.port}`,
    envoy,
    evaluations,
    messages,
    upstream: upstream.received,
    stop: async () => {
      await envoy.stop();
      await stop();
    },
  };
}

/** A bound address as Envoy's configuration needs it. */
function placeOf(bound: string): Place {
  return bound.startsWith('unix:')
    ? { path: bound.slice('unix:'.length) }
    : { port: Number(bound.slice(bound.lastIndexOf(':') + 1)) };
}
