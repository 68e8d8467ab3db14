import { type BodyNames, checkBody } from './body-settings.js';
import type { Report } from './checks.js';
import { isLoopback } from './clusters.js';
import type { EnvoyPart } from './envoy.js';
import { BODY_BYTES_LOW } from './expected.js';
import { checkStatusOnError } from './ext-authz.js';
import type { Facts, Guard } from './guard.js';
import { checkHeaderNames } from './header-lists.js';
import { byteCountOf } from './quantity.js';
import { checkContext } from './route-context-checks.js';
import { checkTimeout } from './timeout.js';
import { at, type Field, field, isTrue, listAt, mentions, type Tree, textAt } from './tree.js';

/** envoyproxy/gateway, api/v1alpha1/ext_auth_types.go. It has no setting for partial bodies (never) and for raw bytes (never). */
const BODY: BodyNames = { holder: 'bodyToExtAuth', limit: 'maxRequestBytes' };

/** The guard of a SecurityPolicy, if it has one. */
export function securityPolicyGuard(resource: Tree): Guard | undefined {
  const auth = field(at(resource, 'spec'), 'extAuth');
  if (!auth) return undefined;
  return {
    isNamed: mentions(auth.value, 'jimini') || mentions(at(resource, 'metadata', 'name'), 'jimini'),
    check: (report, facts) => checkExtAuth(report, facts, auth),
  };
}

function checkExtAuth(report: Report, facts: Facts, auth: Field): void {
  const tree = auth.value;
  const http = field(tree, 'http');
  if (http) report('http-service', http, `${auth.name} calls by ${http.name}`);
  const open = field(tree, 'failOpen');
  if (open && isTrue(open)) report('failure-open', open, `${open.name} is true`);
  const reroute = field(tree, 'recomputeRoute');
  if (reroute && isTrue(reroute)) report('route-cache', reroute, `${reroute.name} is true`);
  checkBody(report, { tree, name: auth.name, place: auth, named: (name) => name }, BODY);
  checkHeaderNames(report, field(tree, 'headersToExtAuth'));
  checkStatusOnError(report, field(tree, 'statusOnError'), {
    place: auth,
    message: `${auth.name} has no statusOnError`,
  });
  checkTimeout(report, field(tree, 'timeout'), { place: auth, of: auth.name, name: 'timeout' });
  for (const entry of listAt(tree, 'contextExtensions')) {
    const value = field(entry, 'value');
    if (value) checkContext(report, { name: textAt(entry, 'name') ?? '', value });
  }
  for (const service of [at(tree, 'grpc'), at(tree, 'http')]) {
    const refs = [...listAt(service, 'backendRefs'), ...listAt(service, 'backendRef')];
    for (const ref of refs) checkBackend(report, facts, ref);
  }
}

/** A Backend that is not this pod and has no TLS. Of a Service the files do not say where it is. */
function checkBackend(report: Report, { resources }: Facts, ref: Tree): void {
  const name = textAt(ref, 'name') ?? '';
  if (textAt(ref, 'kind') !== 'Backend') return;
  const hasName = (tree: Tree) => textAt(tree, 'metadata', 'name') === name;
  const backend = resources.get('Backend')?.find(({ tree }) => hasName(tree))?.tree;
  const policies = (resources.get('BackendTLSPolicy') ?? []).filter(({ tree }) =>
    mentions(at(tree, 'spec', 'targetRefs'), name),
  );
  if (!backend || at(backend, 'spec', 'tls') || policies.length > 0) return;
  const hosts = listAt(backend, 'spec', 'endpoints').flatMap((endpoint) => [
    textAt(endpoint, 'ip', 'address') ?? textAt(endpoint, 'fqdn', 'hostname') ?? [],
  ]);
  const remote = hosts.flat().find((host) => !isLoopback(host));
  if (remote !== undefined) report('remote-plaintext', ref, `Backend ${name} is at ${remote}, without TLS`);
}

/** Checks what a ClientTrafficPolicy does to paths and headers. */
function checkClientTraffic(report: Report, resource: Tree): void {
  const spec = at(resource, 'spec');
  const merge = field(at(spec, 'path'), 'disableMergeSlashes');
  if (merge && isTrue(merge)) report('path-slashes', merge, `${merge.name} is true`);
  const escaped = field(at(spec, 'path'), 'escapedSlashesAction');
  const action = textAt(escaped?.value) ?? '';
  if (escaped && /^(KeepUnchanged|UnescapeAndForward)$/.test(action)) {
    report('path-escaped-slashes', escaped, `${escaped.name} is ${action}`);
  }
  if (spec && !mentions(at(spec, 'headers', 'earlyRequestHeaders'), 'x-jimini')) {
    report(
      'own-headers-accepted',
      field(resource, 'spec') ?? spec,
      "a client's own x-jimini-* headers are not removed",
    );
  }
  const underscores = field(at(spec, 'headers'), 'withUnderscoresAction');
  if (underscores && textAt(underscores.value) === 'Allow')
    report('underscore-headers', underscores, `${underscores.name} is Allow`);
}

/** Checks that a policy of a route does not replace the guard of its Gateway by nothing (a policy is merged only when told to). */
function checkOverride(report: Report, resource: Tree): void {
  const spec = field(resource, 'spec');
  if (!spec || at(spec.value, 'extAuth') || at(spec.value, 'mergeType')) return;
  const targets = [...listAt(spec.value, 'targetRefs'), ...listAt(spec.value, 'targetRef')];
  const route = targets.find((target) => textAt(target, 'kind')?.endsWith('Route'));
  if (route) report('policy-overridden', spec, `this policy of ${textAt(route, 'name') ?? 'a route'} has no extAuth`);
}

/** Checks the upgrades and the buffer of a BackendTrafficPolicy. */
function checkBackendTraffic(report: Report, resource: Tree): void {
  const limit = field(at(resource, 'spec', 'requestBuffer'), 'limit');
  const bytes = limit && byteCountOf(limit.value);
  if (limit && bytes !== undefined && bytes < BODY_BYTES_LOW) {
    report('buffer-filter-limit', limit, `${limit.name} of requestBuffer is ${bytes}`);
  }
  for (const upgrade of listAt(resource, 'spec', 'httpUpgrade')) {
    report('upgrade-allowed', upgrade, `httpUpgrade lets upgrades to ${textAt(upgrade, 'type') ?? ''} through`);
  }
}

/** Checks that an EnvoyProxy does not put other filters before ext_authz. */
function checkFilterOrder(report: Report, resource: Tree): void {
  const authz = 'envoy.filters.http.ext_authz';
  for (const position of listAt(resource, 'spec', 'filterOrder')) {
    const name = textAt(position, 'name') ?? '';
    const isAuthzMoved = name === authz && textAt(position, 'after') !== undefined;
    const isRewriter = /\.(lua|wasm|ext_proc|compressor|buffer|dynamic_modules)$/.test(name);
    const isMovedAhead =
      isRewriter && (textAt(position, 'before') ?? '') !== '' && !/router/.test(textAt(position, 'before') ?? '');
    if (isAuthzMoved) report('policy-order', position, `ext_authz comes after ${textAt(position, 'after')}`);
    else if (isMovedAhead) report('policy-order', position, `${name} comes before ${textAt(position, 'before')}`);
  }
}

/** The pieces of Envoy configuration in an EnvoyPatchPolicy. */
export function partsOfPatchPolicy(resource: Tree): EnvoyPart[] {
  return listAt(resource, 'spec', 'jsonPatches').flatMap((patch) => {
    const root = at(patch, 'operation', 'value');
    return root ? [{ root, isPatch: true }] : [];
  });
}

/** Resources of Envoy Gateway whose checks matter only beside a guard. */
export const TRAFFIC_CHECKS: Readonly<Record<string, (report: Report, resource: Tree) => void>> = {
  ClientTrafficPolicy: checkClientTraffic,
  BackendTrafficPolicy: checkBackendTraffic,
  EnvoyProxy: checkFilterOrder,
  SecurityPolicy: checkOverride,
};
