import { Client, credentials } from '@grpc/grpc-js';

export interface ClosedLoopOptions {
  readonly address: string;
  readonly message: Buffer;
  readonly connections: number;
  readonly streamsPerConnection: number;
  readonly durationMs: number;
}

export interface ClosedLoopResult {
  readonly requests: number;
  readonly errors: number;
  readonly seconds: number;
}

const CHECK = '/envoy.service.auth.v3.Authorization/Check';
const identity = (bytes: Buffer) => bytes;

/**
 * Keeps `connections` x `streamsPerConnection` Checks going for as long as asked. Closed loop: it measures work per
 * request and throughput, not latency at a rate.
 */
export async function closedLoop(options: ClosedLoopOptions): Promise<ClosedLoopResult> {
  const clients = Array.from(
    { length: options.connections },
    () => new Client(options.address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 }),
  );
  const startMs = performance.now();
  const endMs = startMs + options.durationMs;
  let requests = 0;
  let errors = 0;
  const stream = (client: Client): Promise<void> =>
    new Promise((resolve) => {
      const next = (): void => {
        if (performance.now() >= endMs) {
          resolve();
          return;
        }
        client.makeUnaryRequest(CHECK, identity, identity, options.message, (error) => {
          if (error) errors++;
          requests++;
          next();
        });
      };
      next();
    });
  await Promise.all(
    clients.flatMap((client) => Array.from({ length: options.streamsPerConnection }, () => stream(client))),
  );
  const seconds = (performance.now() - startMs) / 1000;
  for (const client of clients) client.close();
  return { requests, errors, seconds };
}
