import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelOptions, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import {
  createGrpcServer,
  type GrpcServer,
  type GrpcServerOptions,
  type UnaryMethod,
} from '../../sidecar/server/grpc-server.js';

/** Method that the tests register. It has no schema: the server passes bytes through. */
export const ECHO = '/test.v1.Echo/Echo';

/** The schemas that the program ships. */
export const descriptorSet = readFileSync(new URL('../../../proto/gen/jimini.binpb', import.meta.url));

/** A method with the answer "overloaded" as its own message. */
export function method(handler: UnaryMethod['handler']): UnaryMethod {
  return { handler, overloaded: () => Buffer.from('overloaded') };
}

/** A temporary directory that is removed after the test. Short, because socket paths are. */
export function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync('/tmp/jmn-');
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a server on a free port (or the given address) and stops it after the test. */
export async function serve(
  t: ExecutionContext,
  options: Partial<GrpcServerOptions> & { methods: GrpcServerOptions['methods'] },
  address = '127.0.0.1:0',
): Promise<{ server: GrpcServer; address: string }> {
  const server = createGrpcServer({ onError: () => {}, ...options });
  t.teardown(() => server.close());
  const bound = await server.listen({ name: 'data', address, allowPlaintext: [], socketMode: 0o660 });
  server.setServing(true);
  return { server, address: bound };
}

/** A grpc-js client with a connection of its own, closed after the test. */
export function client(t: ExecutionContext, address: string, options: ChannelOptions = {}): Client {
  const made = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_send_message_length': -1,
    ...options,
  });
  t.teardown(() => made.close());
  return made;
}

/** What one call came to. */
export type Outcome = { answer: string } | { code: number; details: string };

/** Calls a method with raw bytes. */
export function call(
  made: Client,
  message: Uint8Array | string,
  options: { path?: string; headers?: Record<string, string>; deadlineMs?: number } = {},
): Promise<Outcome> & { cancel(): void } {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.headers ?? {})) metadata.set(name, value);
  const bytes = (value: Buffer) => value;
  let cancel = () => {};
  const outcome = new Promise<Outcome>((resolve) => {
    const under = made.makeUnaryRequest(
      options.path ?? ECHO,
      bytes,
      bytes,
      Buffer.from(message),
      metadata,
      options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs },
      (error: ServiceError | null, answer?: Buffer) =>
        resolve(error ? { code: error.code, details: error.details } : { answer: answer?.toString() ?? '' }),
    );
    cancel = () => under.cancel();
  });
  return Object.assign(outcome, { cancel: () => cancel() });
}

/** Waits until something holds; the test's own timeout ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Path of a file in a fresh directory below a temporary one. */
export function socketPath(t: ExecutionContext): string {
  return join(temporaryDirectory(t), 'run', 'data.sock');
}
