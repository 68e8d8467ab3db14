import { randomBytes } from 'node:crypto';
import { Client, type ClientReadableStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import {
  GetCheckpointRequest,
  GetCheckpointResponse,
  GetConsistencyProofRequest,
  GetConsistencyProofResponse,
  GetInclusionProofRequest,
  GetInclusionProofResponse,
  ListEntriesRequest,
  ListEntriesResponse,
  StreamEntriesRequest,
  StreamEntriesResponse,
  VerifyRequest,
  VerifyResponse,
} from '../../proto/gen/jimini/v1/audit.js';
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import { createKeptTiles } from '../../sidecar/audit/tree/kept-tiles.js';
import type { Codec } from '../../sidecar/cli/control-client.js';
import { systemClock } from '../../sidecar/kernel/clock.js';
import type { Role } from '../../sidecar/kernel/role.js';
import { createGate, type Refusal } from '../../sidecar/server/access/gate.js';
import { mintToken, type StoredToken } from '../../sidecar/server/access/token.js';
import { createAuditService } from '../../sidecar/server/audit-service.js';
import { createGrpcServer, type GrpcServer, type GrpcServerLimits } from '../../sidecar/server/grpc-server.js';
import { levelLogOptions, openAuditLog } from '../audit/records.js';
import { temporaryDirectory } from './rig.js';

const DAY_MS = 86_400_000;

/** A control port over a real LevelDB, with tokens that tests hand out and take away. */
export interface ControlPort {
  readonly log: AuditLog;
  readonly dataDir: string;
  readonly server: GrpcServer;
  readonly address: string;
  /** Tokens that are accepted. */
  readonly tokens: StoredToken[];
  readonly refusals: Refusal[];
  /** A token with these roles; `lifeMs` below 0 = it has expired. */
  issue(roles: readonly Role[], options?: { name?: string; lifeMs?: number }): { token: string; stored: StoredToken };
}

/** Starts one, and stops it after the test. */
export async function openControlPort(
  t: ExecutionContext,
  limits: Partial<GrpcServerLimits> = {},
  dataDir = temporaryDirectory(t),
): Promise<ControlPort> {
  const log = await openAuditLog(levelLogOptions(dataDir));
  const tokens: StoredToken[] = [];
  const refusals: Refusal[] = [];
  const server = createGrpcServer({
    ...createAuditService({ log, kept: createKeptTiles(), onMalformed: () => {} }),
    access: createGate({
      tokens: () => tokens,
      clients: {},
      proxies: [],
      clock: systemClock,
      onRefused: (refusal) => refusals.push(refusal),
    }),
    onError: () => {},
    limits,
  });
  t.teardown(async () => {
    await server.close();
    await log.close('shutdown');
  });
  const where = { name: 'control', address: '127.0.0.1:0', allowPlaintext: [], socketMode: 0o660 } as const;
  const address = await server.listen(where);
  server.setServing(true);
  return {
    log,
    dataDir,
    server,
    address,
    tokens,
    refusals,
    issue(roles, { name = 'ana', lifeMs = DAY_MS } = {}) {
      const made = mintToken((count) => randomBytes(count), { name, roles, nowMs: Date.now(), lifeMs });
      tokens.push(made.stored);
      return made;
    },
  };
}

/** Request headers with a bearer token. */
export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** A client of AuditService. */
export interface AuditClient {
  list(request?: Partial<ListEntriesRequest>): Promise<ListEntriesResponse>;
  checkpoint(): Promise<GetCheckpointResponse>;
  inclusion(request: Partial<GetInclusionProofRequest>): Promise<GetInclusionProofResponse>;
  consistency(request: Partial<GetConsistencyProofRequest>): Promise<GetConsistencyProofResponse>;
  stream(request?: Partial<StreamEntriesRequest>): ClientReadableStream<StreamEntriesResponse>;
  verify(request?: Partial<VerifyRequest>): ClientReadableStream<VerifyResponse>;
}

/** Connects with these request headers, and closes after the test. */
export function auditClient(t: ExecutionContext, address: string, headers: Record<string, string> = {}): AuditClient {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  t.teardown(() => client.close());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const path = (method: string) => `/jimini.v1.AuditService/${method}`;
  const bytes = (message: Uint8Array) => Buffer.from(message);
  const unary = <Q, A>(name: string, request: Codec<Q>, answer: Codec<A>, message: Q): Promise<A> =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        path(name),
        bytes,
        (received) => answer.decode(received),
        request.encode(message).finish(),
        metadata,
        {},
        (error: ServiceError | null, value?: A) => (value ? resolve(value) : reject(error)),
      ),
    );
  return {
    list: (request = {}) =>
      unary('ListEntries', ListEntriesRequest, ListEntriesResponse, ListEntriesRequest.fromPartial(request)),
    checkpoint: () => unary('GetCheckpoint', GetCheckpointRequest, GetCheckpointResponse, {}),
    inclusion: (request) =>
      unary(
        'GetInclusionProof',
        GetInclusionProofRequest,
        GetInclusionProofResponse,
        GetInclusionProofRequest.fromPartial(request),
      ),
    consistency: (request) =>
      unary(
        'GetConsistencyProof',
        GetConsistencyProofRequest,
        GetConsistencyProofResponse,
        GetConsistencyProofRequest.fromPartial(request),
      ),
    stream: (request = {}) =>
      client.makeServerStreamRequest(
        path('StreamEntries'),
        bytes,
        (answer) => StreamEntriesResponse.decode(answer),
        StreamEntriesRequest.encode(StreamEntriesRequest.fromPartial(request)).finish(),
        metadata,
      ),
    verify: (request = {}) =>
      client.makeServerStreamRequest(
        path('Verify'),
        bytes,
        (answer) => VerifyResponse.decode(answer),
        VerifyRequest.encode(VerifyRequest.fromPartial(request)).finish(),
        metadata,
      ),
  };
}

/** Everything that a stream gives, and how it ends. */
export async function outcomeOf<T>(
  stream: ClientReadableStream<T>,
): Promise<{ answers: T[]; code: number; details: string }> {
  const answers: T[] = [];
  return new Promise((resolve) => {
    stream.on('data', (answer: T) => answers.push(answer));
    stream.on('error', () => {});
    stream.on('status', ({ code, details }) => resolve({ answers, code, details }));
  });
}
