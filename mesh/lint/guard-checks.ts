import { LIMITS } from '../../sidecar/kernel/limits.js';
import type { CheckText } from './check-text.js';
import { BODY_BYTES_LOW, TIMEOUT_MS_LONG, TIMEOUT_MS_SHORT } from './expected.js';

/** Checks of the settings with which a proxy calls Jimini. */
export const GUARD_CHECKS = {
  'failure-open': {
    severity: 'error',
    why: 'whoever makes the check fail or last longer than its timeout gets in unjudged',
    mend: 'let it fail closed: false, or FailClosed or deny in agentgateway',
  },
  'shadow-mode': {
    severity: 'error',
    why: 'the proxy asks and then forwards whatever the answer is',
    mend: "remove it; Jimini's own shadow mode (JIMINI_SHADOW) records what it would have done",
  },
  'sampled-requests': {
    severity: 'error',
    why: 'requests outside the percentage pass unjudged',
    mend: 'remove it, or set it to 100 %',
  },
  'runtime-switch': {
    severity: 'warning',
    why: 'whoever can set the runtime key, by the admin port or a runtime layer, switches the guard off',
    mend: 'remove it, or set deny_at_disable with a default of true',
  },
  'metadata-condition': {
    severity: 'warning',
    why: 'requests that do not match pass unjudged',
    mend: 'make sure that no client can influence the condition, or remove it',
  },
  'status-on-error': {
    severity: 'error',
    why: 'an outage of Jimini would look like success, or not like an error, to clients',
    mend: 'set it to 503 (ServiceUnavailable)',
  },
  'status-on-error-missing': {
    severity: 'warning',
    why: 'an outage answers 403 like a denial, so that nobody can tell the two apart',
    mend: 'set it to 503 (ServiceUnavailable)',
  },
  'transport-version': {
    severity: 'error',
    why: 'Jimini speaks version 3 of the protocol only',
    mend: 'set it to V3',
  },
  'http-service': {
    severity: 'error',
    why: 'Jimini speaks gRPC; an HTTP call gets no verdict',
    mend: 'call it over gRPC: grpc_service, envoyExtAuthzGrpc, type GRPC or grpc',
  },
  'body-missing': {
    severity: 'error',
    why: 'without the body there is nothing to judge: every request that has one is denied as body:absent',
    mend: 'send the body, whole and as bytes',
  },
  'body-partial': {
    severity: 'error',
    why: 'the rest of a longer body flows on unjudged, and a body that pauses at the limit is not even marked as cut',
    mend: 'set it to false: longer bodies get 413',
  },
  'body-text': {
    severity: 'error',
    why: 'bytes that are not UTF-8 are replaced, so that compressed bodies arrive damaged and are denied as body:damaged',
    mend: 'set it to true',
  },
  'body-limit-low': {
    severity: 'warning',
    why: `coding agents send up to 2 MB; they get 413, which is in no log of Jimini (less than ${BODY_BYTES_LOW} bytes)`,
    mend: `raise it, up to ${LIMITS.bodyBytesMax} bytes`,
  },
  'body-limit-high': {
    severity: 'error',
    why: `Jimini reads at most ${LIMITS.bodyBytesMax} bytes, and gRPC refuses messages over ${LIMITS.grpcReceiveBytesMax}, which cannot be recorded`,
    mend: `lower it to ${LIMITS.bodyBytesMax}`,
  },
  'timeout-missing': {
    severity: 'warning',
    why: "the defaults are Envoy's 200 ms, less than a large body takes, Envoy Gateway's 10 s and Istio's 600 s",
    mend: 'set it to 5s',
  },
  'timeout-none': {
    severity: 'error',
    why: 'zero means no limit: requests wait for ever for a Jimini that hangs',
    mend: 'set it to 5s',
  },
  'timeout-short': {
    severity: 'warning',
    why: `a large body or a busy machine takes longer than this, and a late answer counts as none (less than ${TIMEOUT_MS_SHORT} ms)`,
    mend: 'set it to 5s',
  },
  'timeout-long': {
    severity: 'warning',
    why: `each request holds its body in the proxy for so long when Jimini hangs (more than ${TIMEOUT_MS_LONG} ms)`,
    mend: 'set it to 5s, unless classifiers are allowed to take longer',
  },
  'header-hidden': {
    severity: 'error',
    why: 'without it Jimini cannot tell how the body is to be read, whether it is whole, or which request it belongs to',
    mend: 'let it through, or drop the list: all headers are sent then',
  },
  'credentials-sent': {
    severity: 'warning',
    why: 'Jimini has no use for credentials, and what does not get them cannot lose them',
    mend: 'list authorization, proxy-authorization, cookie, x-api-key, api-key and x-goog-api-key under disallowed_headers',
  },
  'metadata-ignored': {
    severity: 'warning',
    why: 'decision id, verdict and coverage gaps do not reach the access log',
    mend: 'remove it, or set it to true',
  },
  'metadata-unused': {
    severity: 'warning',
    why: 'requests that were not judged (413, unchecked routes) are in no log, and those that were cannot be tied to their record',
    mend: 'log %DYNAMIC_METADATA(envoy.filters.http.ext_authz:decision_id)%, as mesh/config/envoy.yaml does',
  },
  'mutations-unchecked': {
    severity: 'warning',
    why: 'an illegal header in an answer changes the request instead of failing it',
    mend: 'set it to true',
  },
  'route-cache': {
    severity: 'warning',
    why: 'a request that was judged for one route may be forwarded on another, with a weaker policy',
    mend: 'set it to false',
  },
  'denial-cut': {
    severity: 'warning',
    why: "the error of the provider's API is cut, so that SDKs cannot read it",
    mend: 'remove it, or allow 8192 bytes',
  },
  'cached-decisions': {
    severity: 'error',
    why: 'a decision about one body is used for another one',
    mend: 'remove the cache, or make request.body part of its key',
  },
  'observe-only': {
    severity: 'error',
    why: 'the proxy ignores the answers',
    mend: 'remove it',
  },
  'immediate-response-disabled': {
    severity: 'error',
    why: 'a block is an immediate response: with this it becomes an error or nothing',
    mend: 'remove it',
  },
} as const satisfies Record<string, CheckText>;
