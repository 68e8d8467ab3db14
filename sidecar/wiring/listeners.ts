import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { isLocal, parseListenAddress } from '../config/listen-address.js';
import { packageRoot } from '../config/package-root.js';
import { LIMITS } from '../kernel/limits.js';
import { createGrpcServer, type GrpcServer, type UnaryMethod } from '../server/grpc-server.js';
import { createOpsServer, type OpsServer, type OpsSources } from '../server/ops-http.js';

/** The three ports. */
export interface Listeners {
  /** Requests being received or judged. */
  inFlight(): number;
  /** Binds all three. Rejects with `JIMINI_LISTEN_REFUSED`. */
  listen(): Promise<Addresses>;
  /** Says SERVING. */
  serve(): void;
  /** NOT_SERVING, no new calls, and running ones have `LIMITS.drainMs` to end. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Addresses as bound. */
export interface Addresses {
  readonly data: string;
  readonly control: string;
  readonly ops: string;
}

/** What the three ports serve. */
export interface ListenersOptions {
  readonly config: Config;
  readonly methods: ReadonlyMap<string, UnaryMethod>;
  readonly onOverload: () => void;
  readonly ops: OpsSources;
}

/** Makes the servers; nothing listens yet. */
export async function createListeners(options: ListenersOptions): Promise<Listeners> {
  const { config, methods, onOverload, ops: opsSources } = options;
  const { onError } = opsSources;
  const descriptorSet = await readFile(join(packageRoot(), 'proto', 'gen', 'jimini.binpb'));
  const reflection = (name: 'data' | 'control') => (reflects(config, name) ? { descriptorSet } : {});
  const data: GrpcServer = createGrpcServer({ methods, onError, onOverload, ...reflection('data') });
  const control: GrpcServer = createGrpcServer({ methods: new Map(), onError, ...reflection('control') });
  const ops: OpsServer = createOpsServer(opsSources);
  const where = (name: keyof Addresses) => ({ name, ...config.listen, address: config.listen[name] });
  return {
    inFlight: () => data.load().calls,
    async listen() {
      return {
        data: await data.listen(where('data')),
        control: await control.listen(where('control')),
        ops: await ops.listen(where('ops')),
      };
    },
    serve() {
      for (const server of [data, control]) server.setServing(true);
    },
    async drain() {
      await Promise.all([data.drain(LIMITS.drainMs), control.drain(LIMITS.drainMs)]);
    },
    async close() {
      await Promise.all([data.close(), control.close(), ops.close()]);
    },
  };
}

/** `auto`: only where nobody but this machine can ask. */
function reflects({ server, listen }: Config, name: 'data' | 'control'): boolean {
  if (server.reflection !== 'auto') return server.reflection;
  const address = parseListenAddress(listen[name]);
  return typeof address === 'object' && isLocal(address);
}
