import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { isLocal, type ListenerName, parseListenAddress } from '../config/listen-address.js';
import { packageRoot } from '../config/package-root.js';
import { speaksTls } from '../config/tls.js';
import type { TlsIdentity } from '../config/tls-files.js';
import { LIMITS } from '../kernel/limits.js';
import { createGrpcServer, type GrpcServer, type GrpcServerOptions, type UnaryMethod } from '../server/grpc-server.js';
import { createOpsServer, type OpsServer, type OpsSources } from '../server/ops-http.js';
import type { TlsTerms } from '../server/tls-listener.js';

/** The three ports. */
export interface Listeners {
  /** Requests being received or judged. */
  inFlight(): number;
  /** Binds all three. Rejects with `JIMINI_LISTEN_REFUSED`. */
  listen(): Promise<Addresses>;
  /** See `TlsListener.renew`, for all three. */
  renew(identity: TlsIdentity): void;
  /** SERVING, on the data port only where records can be taken: the control port is there to find out why not. */
  serve(isReady: boolean): void;
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
  readonly control: Pick<GrpcServerOptions, 'methods' | 'streams' | 'access'>;
  readonly ops: OpsSources;
  /** Present when the configuration names a certificate. */
  readonly identity?: TlsIdentity | undefined;
  /** A peer of a listener was not let in; see `TlsTerms`. */
  readonly onRefused: (listener: ListenerName, ...why: Parameters<TlsTerms['onRefused']>) => void;
}

/** Makes the servers; nothing listens yet. */
export async function createListeners(options: ListenersOptions): Promise<Listeners> {
  const { config, methods, onOverload, ops: opsSources, identity } = options;
  const { onError } = opsSources;
  const descriptorSet = await readFile(join(packageRoot(), 'proto', 'gen', 'jimini.binpb'));
  const reflection = (name: 'data' | 'control') => (reflects(config, name) ? { descriptorSet } : {});
  const termsOf = (name: ListenerName): TlsTerms | undefined =>
    identity && speaksTls(config, name)
      ? { identity, clientIds: config.listen.tls.clientIds, onRefused: (...why) => options.onRefused(name, ...why) }
      : undefined;
  const grpc = (name: 'data' | 'control') => ({ onError, ...reflection(name), tls: termsOf(name) });
  const data: GrpcServer = createGrpcServer({ methods, onOverload, ...grpc('data') });
  const control: GrpcServer = createGrpcServer({ ...options.control, limits: CONTROL_LIMITS, ...grpc('control') });
  const ops: OpsServer = createOpsServer(opsSources, termsOf('ops'));
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
    renew(renewed) {
      for (const server of [data, control, ops]) server.renew(renewed);
    },
    serve(isReady) {
      data.setServing(isReady);
      control.setServing(true);
    },
    async drain() {
      await Promise.all([data.drain(LIMITS.drainMs), control.drain(LIMITS.drainMs)]);
    },
    async close() {
      await Promise.all([data.close(), control.close(), ops.close()]);
    },
  };
}

/** Its requests are small and few, and must not take what traffic needs. */
const CONTROL_LIMITS = {
  callsMax: LIMITS.controlCallsMax,
  bytesMax: LIMITS.controlBytesMax,
  messageBytesMax: LIMITS.controlMessageBytesMax,
};

/** `auto`: only where nobody but this machine can ask. */
function reflects({ server, listen }: Config, name: 'data' | 'control'): boolean {
  if (server.reflection !== 'auto') return server.reflection;
  const address = parseListenAddress(listen[name]);
  return typeof address === 'object' && isLocal(address);
}
