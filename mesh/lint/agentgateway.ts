import { type BodyNames, checkBody, ENVOY_BODY } from './body-settings.js';
import type { Report } from './checks.js';
import { isLoopback } from './clusters.js';
import { checkStatusOnError } from './ext-authz.js';
import type { Guard } from './guard.js';
import { checkHeaderNames } from './header-lists.js';
import { checkContext } from './route-context-checks.js';
import { checkTimeout } from './timeout.js';
import { at, everyMap, type Field, field, fieldsAt, listAt, mentions, type Tree, textAt } from './tree.js';

/** agentgateway, controller/api/v1alpha1/agentgateway/agentgateway_policy_types.go, ExtAuth. */
const POLICY_BODY: BodyNames = { holder: 'forwardBody', limit: 'maxSize' };
/** agentgateway, crates/agentgateway/src/http/ext_authz.rs, BodyOptions. */
const LOCAL_BODY: BodyNames = { ...ENVOY_BODY, holder: 'include_request_body', defaultLimit: 8192 };

/** The guards of an AgentgatewayPolicy. */
export function policyGuards(resource: Tree): Guard[] {
  const outer = field(at(resource, 'spec', 'traffic'), 'extAuth');
  if (!outer) return [];
  const conditional = field(outer.value, 'conditional');
  const entries = listAt(conditional?.value);
  const settings = entries.length === 0 ? [outer] : entries.flatMap((entry) => field(entry, 'policy') ?? []);
  const isNamed = mentions(resource, 'jimini');
  const guards: Guard[] = settings.map((auth) => ({ isNamed, check: (report) => checkPolicyAuth(report, auth) }));
  const isLimited = conditional !== undefined && entries.every((entry) => field(entry, 'condition') !== undefined);
  const check = (report: Report) => report('policy-condition', conditional ?? outer, 'every entry has a condition');
  return isLimited ? [...guards, { isNamed, check }] : guards;
}

function checkPolicyAuth(report: Report, auth: Field): void {
  const tree = auth.value;
  const http = field(tree, 'http');
  if (http) report('http-service', http, `${auth.name} calls by ${http.name}`);
  const mode = field(tree, 'failureMode');
  if (mode && isOpen(mode)) report('failure-open', mode, `${mode.name} is ${textAt(mode.value)}`);
  checkBody(report, { tree, name: auth.name, place: auth, named: (name) => name }, POLICY_BODY);
  checkCache(report, tree);
  for (const entry of fieldsAt(tree, 'grpc', 'contextExtensions'))
    checkContext(report, { name: entry.name, value: entry });
}

/** The guards of a configuration file of agentgateway without Kubernetes: every `extAuthz` below it. */
export function localGuards(root: Tree): Guard[] {
  return [...everyMap(root)].flatMap((tree) => {
    const auth = tree.fields.get('extAuthz');
    const isOurs =
      auth?.value.kind === 'map' && ['host', 'service', 'backend', 'protocol'].some((name) => at(auth.value, name));
    if (!auth || !isOurs) return [];
    return [{ isNamed: mentions(auth.value, 'jimini'), check: (report: Report) => checkLocalAuth(report, auth) }];
  });
}

function checkLocalAuth(report: Report, auth: Field): void {
  const tree = auth.value;
  const http = field(at(tree, 'protocol'), 'http');
  if (http) report('http-service', http, `${auth.name} calls by ${http.name}`);
  const mode = field(tree, 'failureMode');
  if (mode && isOpen(mode)) report('failure-open', mode, `${mode.name} is ${textAt(mode.value)}`);
  checkStatusOnError(report, field(mode?.value, 'denyWithStatus'));
  checkBody(report, { tree, name: auth.name, place: auth, named: () => 'includeRequestBody' }, LOCAL_BODY);
  checkHeaderNames(report, field(tree, 'includeRequestHeaders'));
  checkCache(report, tree);
  checkTimeout(report, field(at(tree, 'policies', 'http'), 'requestTimeout'));
  for (const entry of fieldsAt(tree, 'protocol', 'grpc', 'context'))
    checkContext(report, { name: entry.name, value: entry });
  const host = field(tree, 'host');
  const name = (textAt(host?.value) ?? '').replace(/:\d+$/, '');
  if (host && !isLoopback(name) && !at(tree, 'policies', 'backendTLS')) {
    report('remote-plaintext', host, `${host.name} is ${name}, without backendTLS`);
  }
}

/** `FailOpen` on Kubernetes, `allow` without it. */
function isOpen(mode: Field): boolean {
  return /^(FailOpen|allow)$/i.test(textAt(mode.value) ?? '');
}

function checkCache(report: Report, tree: Tree): void {
  const cache = field(tree, 'cache');
  const keys = listAt(cache?.value, 'key').map((key) => textAt(key) ?? '');
  if (cache && !keys.some((key) => key.includes('request.body'))) {
    report('cached-decisions', cache, `${cache.name} has a key without the body`);
  }
}
