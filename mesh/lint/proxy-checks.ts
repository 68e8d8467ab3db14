import type { CheckText } from './check-text.js';

/** Checks of what stands around the call: filter chain, routes, clusters. */
export const PROXY_CHECKS = {
  'listener-unchecked': {
    severity: 'warning',
    why: 'what comes in here is not judged, while other listeners are guarded',
    mend: 'give it the ext_authz filter too, or make sure that no model can be reached from here',
  },
  'filter-disabled': {
    severity: 'error',
    why: 'the filter is off unless a route turns it on, and none does',
    mend: 'remove `disabled`',
  },
  'filter-optional': {
    severity: 'error',
    why: 'an Envoy that does not know the filter starts without it',
    mend: 'remove `is_optional`',
  },
  'filter-conditional': {
    severity: 'warning',
    why: 'requests for which the matcher skips the filter pass unjudged',
    mend: 'make sure that no client can choose, or put the filter into the chain by itself',
  },
  'filter-removed': {
    severity: 'error',
    why: 'nothing asks Jimini any more',
    mend: 'remove the patch',
  },
  'filter-after-router': {
    severity: 'error',
    why: 'the router ends the chain: filters after it see nothing',
    mend: 'put it before the router',
  },
  'filter-after-rewriter': {
    severity: 'warning',
    why: 'that filter has seen, and may have changed or answered, what was not judged yet',
    mend: 'put ext_authz before it',
  },
  'filter-before-rewriter': {
    severity: 'warning',
    why: 'that filter may change what was judged before it is forwarded',
    mend: 'put ext_authz behind it if it changes requests, or make sure that it does not',
  },
  'two-guards': {
    severity: 'warning',
    why: 'each request is judged, recorded and waited for twice',
    mend: 'remove one',
  },
  'buffer-filter-limit': {
    severity: 'warning',
    why: 'bodies that Jimini could judge get 413 before it is asked',
    mend: 'raise it to the limit of ext_authz, or remove the filter: ext_authz buffers by itself',
  },
  'connection-buffer': {
    severity: 'warning',
    why: 'other filters that hold bodies go by the smaller limit and answer 413 (ext_authz itself goes by its own)',
    mend: 'make both the same',
  },
  'route-unchecked': {
    severity: 'error',
    why: 'requests on this route are not judged',
    mend: 'remove it; a route that only answers by itself (direct_response) needs no filter',
  },
  'probe-route-unchecked': {
    severity: 'warning',
    why: 'requests on this route, which looks like a health probe, are not judged',
    mend: 'make sure that no model is behind it',
  },
  'route-filter-unknown': {
    severity: 'warning',
    why: 'Envoy goes by the name of the filter in the chain: what the route says to it has no effect',
    mend: 'write it under the name that the ext_authz filter has in http_filters',
  },
  'route-without-body': {
    severity: 'error',
    why: 'every request with a body is denied as body:absent on this route',
    mend: 'remove it, unless the route is for gRPC streams',
  },
  'grpc-buffered': {
    severity: 'warning',
    why: 'a gRPC stream waits for ever, because its body does not end (envoyproxy/envoy#42800, istio/istio#27777)',
    mend: 'set check_settings.disable_request_body_buffering on this route if its methods stream',
  },
  'upgrade-allowed': {
    severity: 'warning',
    why: 'frames after an upgrade never come by ext_authz; Jimini denies the upgrade itself unless policy.gaps allows it',
    mend: 'remove it, so that Envoy refuses upgrades itself',
  },
  'upgrade-unchecked': {
    severity: 'error',
    why: 'this upgrade has a filter chain of its own, in which nothing asks Jimini',
    mend: 'remove the upgrade, or put the ext_authz filter into its chain',
  },
  'own-headers-accepted': {
    severity: 'warning',
    why: 'on routes that are not checked, a client can say `x-jimini-verdict: ALLOW` to whatever stands behind the proxy',
    mend: 'remove the prefix x-jimini- by early_header_mutation_extensions (headers.earlyRequestHeaders.removeOnMatch)',
  },
  'route-by-own-header': {
    severity: 'error',
    why: 'routes are chosen before the check: what is matched here is what the client wrote',
    mend: 'match something that a client cannot set',
  },
  'underscore-headers': {
    severity: 'warning',
    why: 'many servers read `x_jimini_verdict` as `x-jimini-verdict`',
    mend: 'set it to DROP_HEADER or REJECT_REQUEST',
  },
  'path-not-normalised': {
    severity: 'warning',
    why: 'Envoy chooses the route by another path than the one that Jimini judges',
    mend: 'set it to true, or to DECODE_AND_MERGE_SLASHES in Istio',
  },
  'path-slashes': {
    severity: 'warning',
    why: 'servers differ on what `//` means, and Jimini judges it as one slash',
    mend: 'let slashes be merged: DECODE_AND_MERGE_SLASHES in Istio',
  },
  'path-escaped-slashes': {
    severity: 'warning',
    why: 'servers differ on what `%2F` means; Jimini denies such paths as path:ambiguous',
    mend: 'set it to REJECT_REQUEST (RejectRequest), so that the proxy says why',
  },
  'cluster-missing': {
    severity: 'error',
    why: 'every check fails',
    mend: 'add the cluster',
  },
  'cluster-http1': {
    severity: 'error',
    why: 'gRPC needs HTTP/2: every check fails',
    mend: 'add explicit_http_config with http2_protocol_options to typed_extension_protocol_options',
  },
  'remote-plaintext': {
    severity: 'error',
    why: 'prompts cross the network in the clear, and whoever answers in the name of Jimini allows everything',
    mend: 'put Jimini beside the proxy (loopback or a Unix socket), or add TLS',
  },
  'context-key': {
    severity: 'error',
    why: 'a key that starts with jimini and that Jimini does not know denies every request: config:context',
    mend: 'use jimini.direction, jimini.endpoint, jimini.packs, jimini.tenant or jimini.subject_header',
  },
  'context-direction': {
    severity: 'error',
    why: 'an unknown direction denies every request: config:context',
    mend: 'use inbound, outbound, or nothing for every rule',
  },
  'context-outbound': {
    severity: 'warning',
    why: 'ext_authz sees requests, which are on their way to the model: rules of the direction inbound do not apply here',
    mend: 'remove it, or set it to inbound, unless what is sent here leaves the organisation',
  },
  'metadata-from-client': {
    severity: 'error',
    why: 'whatever the client writes there is taken for what the operator says of the route: endpoint, packs, direction, tenant',
    mend: 'write it under another namespace',
  },
  'context-value': {
    severity: 'error',
    why: 'a value that is too long or holds control characters denies every request: config:context',
    mend: 'shorten or clean it',
  },
  'packs-empty': {
    severity: 'error',
    why: 'a list without a name denies every request: config:packs',
    mend: 'name packs, or remove the key: all loaded packs apply then',
  },
  'packs-unknown': {
    severity: 'warning',
    why: 'a pack that is not loaded denies every request: config:packs',
    mend: 'correct the name, or load a pack of this name (JIMINI_PACKS)',
  },
} as const satisfies Record<string, CheckText>;
