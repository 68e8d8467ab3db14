import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import { EvaluateRequest, EvaluateResponse } from '../proto/gen/jimini/v1/policy.js';
import { EVALUATE_PATH } from '../sidecar/server/policy-service.js';

/** A request without an answer for this long has failed. */
const DEADLINE_MS = 10_000;
const CONNECTIONS = 4;

export interface EvaluateLoopOptions {
  readonly address: string;
  readonly text: string;
  readonly perSecond: number;
}

/** What became of one request. */
export interface Sample {
  /** When it was to be sent, on the clock of `performance.now()`. */
  readonly intendedMs: number;
  /** From then to its answer: a client that falls behind its schedule counts too, so nothing hides. */
  readonly latencyMs: number;
  /** The policy that judged it; absent when there was no answer. */
  readonly revision?: string;
}

/** Sends Evaluates at a fixed rate, by schedule: an answer that is late delays no other request (open loop). */
export interface EvaluateLoop {
  /** In the order in which they were answered. Grows while the loop runs. */
  readonly samples: readonly Sample[];
  /** Sends nothing more, and waits until every request has been answered or has failed. */
  stop(): Promise<void>;
}

/** Starts a loop, once its connections stand. */
export async function startEvaluateLoop({ address, text, perSecond }: EvaluateLoopOptions): Promise<EvaluateLoop> {
  const clients = await connections(address);
  const message = evaluateMessage({ text });
  const samples: Sample[] = [];
  const startMs = performance.now();
  const due = () => startMs + (sent * 1000) / perSecond;
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  const send = (intendedMs: number) => {
    evaluate(clients[sent % clients.length] as Client, message, (answer) => {
      const latencyMs = performance.now() - intendedMs;
      samples.push({ intendedMs, latencyMs, ...(answer && { revision: answer.policyRevision }) });
    });
    sent++;
  };
  const tick = () => {
    while (due() <= performance.now()) send(due());
    timer = setTimeout(tick, Math.max(0, due() - performance.now()));
  };
  tick();
  return {
    samples,
    async stop() {
      clearTimeout(timer);
      while (samples.length < sent) await sleep(10);
      for (const client of clients) client.close();
    },
  };
}

/** Connections of their own, as several workers of Envoy have. */
export async function connections(address: string, count: number = CONNECTIONS): Promise<readonly Client[]> {
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_send_message_length': -1 };
  const clients = Array.from({ length: count }, () => new Client(address, credentials.createInsecure(), options));
  const ready = (client: Client) => promisify(client.waitForReady.bind(client))(Date.now() + DEADLINE_MS);
  await Promise.all(clients.map(ready));
  return clients;
}

/** The bytes of an Evaluate request. */
export function evaluateMessage(request: Partial<EvaluateRequest>): Buffer {
  return Buffer.from(EvaluateRequest.encode(EvaluateRequest.fromPartial(request)).finish());
}

/** Sends one request; `answered` is called with its answer, or with nothing when it failed. */
export function evaluate(client: Client, message: Buffer, answered: (answer?: EvaluateResponse) => void): void {
  const identity = (bytes: Buffer) => bytes;
  const options = { deadline: Date.now() + DEADLINE_MS };
  client.makeUnaryRequest(EVALUATE_PATH, identity, EvaluateResponse.decode, message, options, (_, answer) =>
    answered(answer?.decisionId ? answer : undefined),
  );
}
