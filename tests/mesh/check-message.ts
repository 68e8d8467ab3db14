import { type CheckRequest, CheckRequest as Codec } from '../../proto/gen/envoy/service/auth/v3/external_auth.js';

/** A CheckRequest as tests write it: the HTTP part and the route's words. */
export interface CheckParts {
  readonly method?: string;
  readonly path?: string;
  readonly id?: string;
  readonly headers?: { readonly [name: string]: string };
  /** `raw_body`, or `body` when it is a string. */
  readonly body?: Uint8Array | string;
  readonly size?: number;
  readonly context?: { readonly [key: string]: string };
  /** Metadata of the route and of the request: structs by namespace. */
  readonly routeMetadata?: { readonly [namespace: string]: object };
  readonly requestMetadata?: { readonly [namespace: string]: object };
  readonly principal?: string;
}

/** Written by the generated encoder, which shares no code with the reader under test. */
export function checkRequest(parts: CheckParts): CheckRequest {
  const { body = '' } = parts;
  return Codec.fromPartial({
    attributes: {
      contextExtensions: parts.context ?? {},
      ...(parts.routeMetadata && { routeMetadataContext: { filterMetadata: parts.routeMetadata } }),
      ...(parts.requestMetadata && { metadataContext: { filterMetadata: parts.requestMetadata } }),
      ...(parts.principal && { source: { principal: parts.principal } }),
      request: {
        http: {
          id: parts.id ?? '',
          method: parts.method ?? 'POST',
          path: parts.path ?? '/v1/chat/completions',
          headers: parts.headers ?? {},
          size: BigInt(parts.size ?? 0),
          ...(typeof body === 'string' ? { body } : { rawBody: Buffer.from(body) }),
        },
      },
    },
  });
}

export function checkBytes(parts: CheckParts): Uint8Array {
  return Codec.encode(checkRequest(parts)).finish();
}
