import { createServer, type Socket } from 'node:net';
import { type ChannelOptions, Server, ServerCredentials, type ServerInterceptor, setLogger } from '@grpc/grpc-js';
import type { TlsIdentity } from '../config/tls-files.js';
import type { UnaryHandler } from '../kernel/call.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { Access } from './access/gate.js';
import { createAdmission } from './admission.js';
import { AdmittedCall, type CallRules, DRAINING, LATE } from './admitted-call.js';
import { assertGrpcInternals, limitSessions } from './grpc-internals.js';
import { addHealth, HEALTH_SERVICE } from './health.js';
import { InOrder } from './in-order.js';
import { type ListenOptions, listen } from './listen.js';
import { addReflection, REFLECTION_SERVICES } from './reflection.js';
import { type StreamHandler, streamMethod } from './stream-method.js';
import { createTlsListener, type TlsTerms } from './tls-listener.js';
import { asBuffer, asBytes, unaryMethod } from './unary-method.js';

/** What a gRPC server is made of. */
export interface GrpcServerOptions {
  /** Methods by path, such as `/jimini.v1.PolicyService/Evaluate`. */
  readonly methods: ReadonlyMap<string, UnaryMethod>;
  /** Methods that answer with a stream, by path. Their calls have a bound of their own, and no longest time. */
  readonly streams?: ReadonlyMap<string, StreamMethod>;
  /** Who may call the methods and streams; absent = everybody. Health and reflection never ask. */
  readonly access?: Access;
  /** Serialised FileDescriptorSet with every import; absent = no reflection. */
  readonly descriptorSet?: Uint8Array;
  /** Sees every error of a handler, with what callers are not told. Must not throw. */
  readonly onError: (error: unknown) => void;
  /** A call was turned away for want of room. */
  readonly onOverload?: () => void;
  /** Absent = plaintext. */
  readonly tls?: TlsTerms | undefined;
  /** Bounds of calls; tests narrow them. */
  readonly limits?: Partial<GrpcServerLimits>;
}

/** One unary method over raw bytes. */
export interface UnaryMethod {
  readonly handler: UnaryHandler;
  /** What a call gets that is turned away for want of room: a message of the method, or an error. */
  readonly overloaded: () => Uint8Array | JiminiError;
}

/** One method with a stream of answers over raw bytes. */
export interface StreamMethod {
  readonly handler: StreamHandler;
  /** What a call gets that is turned away for want of room. */
  readonly overloaded: () => JiminiError;
}

/** Bounds over all connections of one server; see `LIMITS`. */
export interface GrpcServerLimits {
  readonly messageBytesMax: number;
  readonly streamsMax: number;
  readonly stalledMsMax: number;
  readonly callsMax: number;
  readonly bytesMax: number;
  readonly callMsMax: number;
  readonly connectionsMax: number;
}

/** A gRPC server with health, reflection and bounded memory. Opens and closes once. */
export interface GrpcServer {
  /** Binds and resolves to the bound address. Rejects with JIMINI_LISTEN_REFUSED. */
  listen(options: ListenOptions): Promise<string>;
  /** See `TlsListener.renew`; without TLS nothing happens. */
  renew(identity: TlsIdentity): void;
  /** What health tells; false until set. */
  setServing(serving: boolean): void;
  /** Calls and bytes of messages being received or worked on, health and reflection apart. */
  load(): { calls: number; bytes: number };
  /**
   * Stops: health says NOT_SERVING, no new connections or calls, and calls under way have `graceMs` to end. Resolves
   * when all have ended or the time is over, to the number of handlers that are still working.
   */
  drain(graceMs: number): Promise<number>;
  /** Cuts what is left. Idempotent. */
  close(): Promise<void>;
}

/** See `GrpcServer`. Throws JIMINI_INTERNAL when grpc-js is not the version that is supported. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  assertGrpcInternals();
  // grpc-js logs hostile header values as they are.
  setLogger({ error: () => {}, info: () => {}, debug: () => {} });
  const limits: GrpcServerLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const work = createAdmission(limits);
  const auxiliary = createAdmission({ callsMax: LIMITS.auxiliaryCallsMax, bytesMax: LIMITS.auxiliaryBytesMax });
  const streaming = createAdmission({ callsMax: limits.streamsMax, bytesMax: limits.bytesMax });
  const open = new InOrder<AdmittedCall>();
  const lasting = new InOrder<AdmittedCall>();
  const { messageBytesMax } = limits;
  const interceptor = admitCalls(options, { work, auxiliary, streaming, open, lasting, messageBytesMax });
  const server = new Server({ ...CHANNEL_OPTIONS, interceptors: [interceptor] });
  limitSessions(server);
  const names = addMethods(server, options, limits.stalledMsMax);
  const health = addHealth(server, names);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)));
    injector.injectConnection(socket);
  };
  const secured = options.tls && createTlsListener(options.tls, accept);
  const listener = secured?.server ?? createServer({ noDelay: true }, accept);
  listener.maxConnections = limits.connectionsMax;
  const sweep = setInterval(
    () => {
      const beforeMs = performance.now() - limits.callMsMax;
      expireOld(open, beforeMs);
      for (const call of lasting) call.review(beforeMs);
    },
    Math.min(1000, limits.callMsMax / 2),
  );
  sweep.unref();

  const closeListener = () => new Promise<void>((resolve) => listener.close(() => resolve()));
  return {
    listen: (where) => listen(listener, where),
    renew: (identity) => secured?.renew(identity),
    setServing: health.setServing,
    load: () => ({ calls: work.calls, bytes: work.bytes }),
    async drain(graceMs) {
      health.setServing(false);
      void closeListener();
      secured?.cut();
      auxiliary.evictAll();
      for (const call of lasting) call.cut(DRAINING);
      await settledWithin(graceMs, [
        new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
        work.whenEmpty(),
        streaming.whenEmpty(),
      ]);
      return work.calls + streaming.calls;
    },
    async close() {
      clearInterval(sweep);
      server.forceShutdown();
      // Without channelz, grpc-js knows no sessions that it could cut.
      for (const socket of sockets) socket.destroy();
      secured?.cut();
      await closeListener();
    },
  };
}

const DEFAULT_LIMITS: GrpcServerLimits = {
  messageBytesMax: LIMITS.grpcReceiveBytesMax,
  streamsMax: LIMITS.controlStreamsMax,
  stalledMsMax: LIMITS.streamStalledMsMax,
  callsMax: LIMITS.inFlightRequestsMax,
  bytesMax: LIMITS.inFlightBytesMax,
  callMsMax: LIMITS.callWithoutDeadlineMsMax,
  connectionsMax: LIMITS.connectionsMax,
};

const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': LIMITS.grpcReceiveBytesMax,
  'grpc.max_concurrent_streams': LIMITS.streamsPerSessionMax,
  'grpc.keepalive_time_ms': LIMITS.keepaliveMs,
  'grpc.keepalive_timeout_ms': LIMITS.keepaliveTimeoutMs,
  'grpc.max_connection_idle_ms': LIMITS.connectionIdleMsMax,
  'grpc-node.max_session_memory': LIMITS.sessionMemoryMiBMax,
  'grpc.enable_channelz': 0,
};

/** Adds the methods and reflection, and returns the full names of all services. */
function addMethods(
  server: Server,
  { methods, streams, descriptorSet, onError }: GrpcServerOptions,
  stalledMsMax: number,
): string[] {
  for (const [path, { handler }] of methods) {
    server.register(path, unaryMethod(handler, onError) as never, asBuffer as never, asBytes as never, 'unary');
  }
  for (const [path, { handler }] of streams ?? []) {
    server.register(
      path,
      streamMethod(handler, onError, stalledMsMax) as never,
      asBuffer as never,
      asBytes as never,
      'serverStream',
    );
  }
  const names = new Set(
    [...methods.keys(), ...(streams?.keys() ?? [])].map((path) => path.slice(1, path.lastIndexOf('/'))),
  );
  if (!descriptorSet) return [...names];
  addReflection(server, descriptorSet, [...names, HEALTH_SERVICE, ...REFLECTION_SERVICES]);
  return [...names, ...REFLECTION_SERVICES];
}

interface Calls {
  readonly work: CallRules['admission'];
  readonly auxiliary: CallRules['admission'];
  readonly streaming: CallRules['admission'];
  /** Calls with one answer. */
  readonly open: InOrder<AdmittedCall>;
  /** Calls with a stream of answers. */
  readonly lasting: InOrder<AdmittedCall>;
  readonly messageBytesMax: number;
}

/** Puts every call under the rules of its method: ours into pools of their own, health and reflection into the small one. */
function admitCalls(options: GrpcServerOptions, calls: Calls): ServerInterceptor {
  const { methods, streams, access, onOverload } = options;
  const { work, auxiliary, streaming, open, lasting, messageBytesMax } = calls;
  const rulesOfOurs = new Map<string, CallRules>();
  for (const [path, method] of [...methods, ...(streams ?? [])]) {
    const overloaded = () => {
      onOverload?.();
      return method.overloaded();
    };
    rulesOfOurs.set(path, {
      access: access?.of(path),
      admission: streams?.has(path) ? streaming : work,
      messageBytesMax,
      overloaded,
      handsOver: true,
    });
  }
  const rulesOfOthers: CallRules = {
    admission: auxiliary,
    messageBytesMax: LIMITS.auxiliaryMessageBytesMax,
    overloaded: () => new JiminiError('JIMINI_OVERLOADED', 'too many health and reflection calls'),
    handsOver: false,
  };
  return (method, inner) => {
    const isUnary = !method.requestStream && !method.responseStream;
    const among = isUnary ? open : streams?.has(method.path) ? lasting : undefined;
    const rules = rulesOfOurs.get(method.path) ?? rulesOfOthers;
    return new AdmittedCall(inner, rules, { openedMs: performance.now(), among });
  };
}

/** Ends the calls that are older than the longest time for a call. */
function expireOld(open: InOrder<AdmittedCall>, beforeMs: number): void {
  for (const call of open) {
    if (call.openedMs > beforeMs) return;
    call.cut(LATE);
  }
}

async function settledWithin(graceMs: number, work: Promise<void>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([over, Promise.all(work)]);
  clearTimeout(timer);
}
