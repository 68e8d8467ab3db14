import type { GapKind } from '../../sidecar/kernel/gap.js';
import type { HttpFields } from './http-fields.js';

/** Methods that usually have no body (RFC 9110 9.3). One that is not in this list, known or not, is expected to have one. */
const BODILESS_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * What is wrong with the body as the proxy handed it over, or undefined. Nothing here looks into the bytes.
 *
 * Envoy adds `x-envoy-auth-partial-body` to the check if, and only if, it buffered a body, and takes a client's own
 * copy away. Without it, a request that has a body is a check of headers only, and its body flows uninspected.
 */
export function bodyGap(http: HttpFields): GapKind | undefined {
  const marker = http.headers.get('x-envoy-auth-partial-body');
  if (marker !== undefined && marker !== 'false') return 'body:partial';
  if (http.body.length === 0) return gapOfMissingBody(http, marker === 'false');
  const contentLength = http.headers.get('content-length');
  if (contentLength !== undefined && contentLength !== String(http.body.length)) return 'body:partial';
  // agentgateway, which sends no marker over gRPC, states a size of -1 when it cut the body.
  if (http.size < 0 || http.size > http.body.length) return 'body:partial';
  return http.bodyIsText && isCoded(http) ? 'body:damaged' : undefined;
}

function gapOfMissingBody(http: HttpFields, wasBuffered: boolean): GapKind | undefined {
  const contentLength = http.headers.get('content-length');
  const isChunked = http.headers.has('transfer-encoding');
  if (contentLength === '0' && !isChunked) return undefined;
  if (wasBuffered) return contentLength === undefined ? undefined : 'body:partial';
  const isAnnounced = contentLength !== undefined || isChunked || http.size > 0;
  return isAnnounced || !BODILESS_METHODS.has(http.method) ? 'body:absent' : undefined;
}

function isCoded(http: HttpFields): boolean {
  const codings = (http.headers.get('content-encoding') ?? '').toLowerCase().split(',');
  return codings.some((coding) => !['', 'identity'].includes(coding.trim()));
}
