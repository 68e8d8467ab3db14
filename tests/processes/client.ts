import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { CheckRequest, CheckResponse } from '../../proto/gen/envoy/service/auth/v3/external_auth.js';
import {
  EvaluateRequest,
  EvaluateResponse,
  ListRulesRequest,
  ListRulesResponse,
} from '../../proto/gen/jimini/v1/policy.js';

/** A gRPC client that shares nothing with the server but the protos. */
export interface SidecarClient {
  evaluate(request: Partial<EvaluateRequest>, metadata?: Record<string, string>): Promise<EvaluateResponse>;
  listRules(): Promise<ListRulesResponse>;
  /** Sends a CheckRequest, or whatever bytes stand in for one. */
  check(request: Uint8Array, metadata?: Record<string, string>): Promise<CheckResponse>;
  /** What the standard health service says of the process. */
  health(): Promise<'SERVING' | 'NOT_SERVING'>;
  close(): void;
}

const DEADLINE_MS = 60_000;

/** Connects to a bound address (`host:port` or `unix:PATH`). */
export function connect(address: string): SidecarClient {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
  });
  const call = <T>(
    path: string,
    bytes: Uint8Array,
    decode: (bytes: Buffer) => T,
    headers: Record<string, string> = {},
  ) =>
    new Promise<T>((resolve, reject) => {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      const options = { deadline: Date.now() + DEADLINE_MS };
      const identity = (message: Uint8Array) => Buffer.from(message);
      client.makeUnaryRequest(
        path,
        identity,
        decode,
        bytes,
        metadata,
        options,
        (error: ServiceError | null, answer?: T) => (answer === undefined ? reject(error) : resolve(answer)),
      );
    });
  return {
    evaluate: (request, metadata) =>
      call(
        '/jimini.v1.PolicyService/Evaluate',
        EvaluateRequest.encode(EvaluateRequest.fromPartial(request)).finish(),
        (bytes) => EvaluateResponse.decode(bytes),
        metadata,
      ),
    listRules: () =>
      call('/jimini.v1.PolicyService/ListRules', ListRulesRequest.encode({}).finish(), (bytes) =>
        ListRulesResponse.decode(bytes),
      ),
    check: (request, metadata) =>
      call('/envoy.service.auth.v3.Authorization/Check', request, (bytes) => CheckResponse.decode(bytes), metadata),
    health: () =>
      call('/grpc.health.v1.Health/Check', new Uint8Array(), (bytes) =>
        bytes.equals(Buffer.from([0x08, 0x01])) ? 'SERVING' : 'NOT_SERVING',
      ),
    close: () => client.close(),
  };
}

export interface CheckInput {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
  readonly contextExtensions?: Record<string, string>;
  readonly principal?: string;
}

/** Bytes of the CheckRequest that Envoy sends for such a request, with `pack_as_bytes`. */
export function checkRequestBytes({
  method = 'POST',
  path = '/v1/chat/completions',
  headers,
  body,
  contextExtensions,
  principal,
}: CheckInput) {
  const lengths: Record<string, string> =
    body === undefined ? {} : { 'content-length': String(body.length), 'x-envoy-auth-partial-body': 'false' };
  const request = CheckRequest.fromPartial({
    attributes: {
      contextExtensions: contextExtensions ?? {},
      ...(principal && { source: { principal } }),
      request: {
        http: {
          id: '1',
          method,
          path,
          host: 'llm.example',
          scheme: 'https',
          protocol: 'HTTP/1.1',
          size: BigInt(body?.length ?? -1),
          headers: { ':method': method, ':path': path, 'content-type': 'application/json', ...lengths, ...headers },
          rawBody: Buffer.from(body ?? []),
        },
      },
    },
  });
  return CheckRequest.encode(request).finish();
}

/** A chat completions body with one user message. */
export function chatBodyOf(text: string): Buffer {
  return Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: text }] }));
}
