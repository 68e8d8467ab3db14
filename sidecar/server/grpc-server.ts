import { createServer } from 'node:net';
import type { TlsIdentity } from '../config/tls-files.js';
import type { UnaryHandler } from '../kernel/call.js';
import type { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { Access } from './access/gate.js';
import { createAdmission } from './admission.js';
import { DRAINING } from './admitted-call.js';
import type { CallPool } from './call-rules.js';
import { Connections } from './connections.js';
import { Health } from './health.js';
import { InOrder } from './in-order.js';
import { type ListenOptions, listen } from './listen.js';
import { type CallPools, rulesOf, servicesOf } from './method-rules.js';
import { callsOf } from './requests.js';
import type { StreamHandler } from './stream-method.js';
import { createTlsListener, type TlsTerms } from './tls-listener.js';

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

/** See `GrpcServer`. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const limits: GrpcServerLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const pools: CallPools = {
    work: poolOf(limits),
    streaming: poolOf({ callsMax: limits.streamsMax, bytesMax: limits.bytesMax }),
    auxiliary: poolOf({ callsMax: LIMITS.auxiliaryCallsMax, bytesMax: LIMITS.auxiliaryBytesMax }),
  };
  const { work, streaming, auxiliary } = pools;
  const health = new Health(servicesOf(options));
  const rules = rulesOf(options, { limits, pools, health });
  const connections = new Connections({
    connectionsMax: limits.connectionsMax,
    onRequest: callsOf(rules),
    onFault: options.onError,
  });
  const secured =
    options.tls && createTlsListener(options.tls, limits.connectionsMax, (socket) => connections.accept(socket));
  const listener = secured?.server ?? createServer({ noDelay: true }, (socket) => connections.accept(socket));
  const stopTicking = startTicking(pools, connections, limits.callMsMax);

  const closeListener = () => new Promise<void>((resolve) => listener.close(() => resolve()));
  return {
    listen: (where) => listen(listener, where),
    renew: (identity) => secured?.renew(identity),
    setServing: (serving) => health.setServing(serving),
    load: () => ({ calls: work.admission.calls, bytes: work.admission.bytes }),
    async drain(graceMs) {
      health.setServing(false);
      void closeListener();
      secured?.cut();
      streaming.isDraining = true;
      auxiliary.isDraining = true;
      auxiliary.admission.evictAll();
      for (const call of [...streaming.open]) call.cut(DRAINING);
      await settledWithin(graceMs, [connections.drain(), work.admission.whenEmpty(), streaming.admission.whenEmpty()]);
      return work.admission.calls + streaming.admission.calls;
    },
    async close() {
      stopTicking();
      connections.destroy();
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

function poolOf(limits: { callsMax: number; bytesMax: number }): CallPool {
  return { admission: createAdmission(limits), open: new InOrder(), isDraining: false };
}

/** Looks at the deadlines of calls, and at what lasts. Returns what ends it. */
function startTicking(pools: CallPools, connections: Connections, callMsMax: number): () => void {
  const deadlines = setInterval(() => {
    const nowMs = performance.now();
    for (const { open } of Object.values(pools)) for (const call of open) call.expire(nowMs);
  }, LIMITS.deadlineTickMs);
  const reviews = setInterval(
    () => {
      const nowMs = performance.now();
      for (const call of pools.streaming.open) call.review(nowMs - callMsMax);
      connections.review(nowMs);
    },
    Math.min(1000, callMsMax / 2),
  );
  for (const timer of [deadlines, reviews]) timer.unref();
  return () => {
    for (const timer of [deadlines, reviews]) clearInterval(timer);
  };
}

async function settledWithin(graceMs: number, work: Promise<void>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([over, Promise.all(work)]);
  clearTimeout(timer);
}
