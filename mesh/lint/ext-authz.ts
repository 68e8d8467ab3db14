import { checkBody, ENVOY_BODY } from './body-settings.js';
import type { Report } from './checks.js';
import { DENIAL_BYTES } from './expected.js';
import { checkCredentials, checkHeaderLists } from './header-lists.js';
import { percentOf } from './percent.js';
import { checkTimeout } from './timeout.js';
import { at, type Field, field, isTrue, listAt, nameIn, numberOf, type Place, type Tree, textAt } from './tree.js';

/** An ext_authz filter's configuration, wherever it was found. */
export interface AuthzMessage {
  readonly body: Tree;
  /** Its `@type`: where it is said that something is missing. */
  readonly place: Place;
  /** A patch: what it does not say may be set elsewhere. */
  readonly isPatch: boolean;
}

/** Checks an `envoy.extensions.filters.http.ext_authz.v3.ExtAuthz`. Its services and its place in the chain are checked elsewhere. */
export function checkExtAuthz(report: Report, { body, place, isPatch }: AuthzMessage): void {
  const missing = (name: string) => `ext_authz has no ${nameIn(body, name)}`;
  const flag = (name: string) => {
    const found = field(body, name);
    return found && isTrue(found) ? found : undefined;
  };
  const open = flag('failure_mode_allow');
  if (open) report('failure-open', open, `${open.name} is true`);
  const shadow = flag('shadow_mode');
  if (shadow) report('shadow-mode', shadow, `${shadow.name} is true`);
  const routeCache = flag('clear_route_cache');
  if (routeCache) report('route-cache', routeCache, `${routeCache.name} is true`);

  checkEnabled(report, body);
  checkBody(report, { tree: body, name: 'ext_authz', place, isPatch }, ENVOY_BODY);
  checkHeaderLists(report, body);
  checkStatusOnError(
    report,
    field(body, 'status_on_error'),
    isPatch ? undefined : { place, message: missing('status_on_error') },
  );

  const ingestion = field(body, 'enable_dynamic_metadata_ingestion');
  if (ingestion && !isTrue(ingestion)) report('metadata-ignored', ingestion, `${ingestion.name} is false`);
  const denial = field(body, 'max_denied_response_body_bytes');
  const denialBytes = denial && numberOf(denial.value);
  if (denial && denialBytes && denialBytes < DENIAL_BYTES) {
    report('denial-cut', denial, `${denial.name} is ${denialBytes}`);
  }
  const version = field(body, 'transport_api_version');
  if (version ? !/^(V3|2)$/.test(textAt(version.value) ?? '') : !isPatch) {
    report(
      'transport-version',
      version ?? place,
      version ? `${version.name} is ${textAt(version.value)}` : missing('transport_api_version'),
    );
  }
  if (isPatch) return;
  const mutations = field(body, 'validate_mutations');
  if (!isTrue(mutations)) {
    report(
      'mutations-unchecked',
      mutations ?? place,
      mutations ? `${mutations.name} is false` : missing('validate_mutations'),
    );
  }
  checkCredentials(report, body, { ...place, name: 'ext_authz', value: body });
}

/** Checks which requests the filter is on for. */
function checkEnabled(report: Report, body: Tree): void {
  const enabled = field(body, 'filter_enabled');
  const standard = at(enabled?.value, 'default_value');
  const percent = standard === undefined ? 100 : percentOf(standard);
  if (enabled && percent < 100) report('sampled-requests', enabled, `${enabled.name} is ${percent} %`);
  const key = textAt(enabled?.value, 'runtime_key');
  const denies = isTrue(field(at(body, 'deny_at_disable'), 'default_value'));
  if (enabled && key && !denies) report('runtime-switch', enabled, `${enabled.name} depends on the runtime key ${key}`);
  const condition = field(body, 'filter_enabled_metadata');
  if (condition && !isOfIstio(condition.value))
    report('metadata-condition', condition, `${condition.name} limits what is checked`);
}

/** The mark that Istio's RBAC filter sets where a CUSTOM policy matches: clients have no hand in it (istio/istio, extauthz.go). */
function isOfIstio(condition: Tree): boolean {
  const key = textAt(listAt(condition, 'path')[0], 'key') ?? '';
  return textAt(condition, 'filter') === 'envoy.filters.http.rbac' && key.startsWith('istio_ext_authz');
}

/** Names of envoy/type/v3/http_status.proto that stand for less than 400. */
const NOT_AN_ERROR =
  /^(OK|Created|Accepted|NonAuthoritativeInformation|NoContent|ResetContent|PartialContent|MultiStatus|AlreadyReported|IMUsed|Continue|MultipleChoices|MovedPermanently|Found|SeeOther|NotModified|UseProxy|TemporaryRedirect|PermanentRedirect|Empty)$/;

/** Checks the status of an outage: a message with `code`, or the bare code. */
export function checkStatusOnError(
  report: Report,
  status: Field | undefined,
  missing?: { readonly place: Place; readonly message: string },
): void {
  if (!status) {
    if (missing) report('status-on-error-missing', missing.place, missing.message);
    return;
  }
  const code = textAt(status.value.kind === 'map' ? at(status.value, 'code') : status.value) ?? '';
  if (NOT_AN_ERROR.test(code) || /^[0-3]\d{0,2}$/.test(code))
    report('status-on-error', status, `${status.name} is ${code}`);
}

/** Checks the service that a filter or a route calls; gives the name of its cluster. */
export function checkServices(report: Report, body: Tree, place: Place, isPatch: boolean): Field | undefined {
  const http = field(body, 'http_service');
  if (http) {
    report('http-service', http, `${http.name} instead of ${nameIn(body, 'grpc_service')}`);
    return undefined;
  }
  const grpc = field(body, 'grpc_service');
  if (!grpc) {
    if (!isPatch) report('http-service', place, `ext_authz has no ${nameIn(body, 'grpc_service')}`);
    return undefined;
  }
  const name = nameIn(grpc.value, 'timeout');
  checkTimeout(report, field(grpc.value, 'timeout'), isPatch ? undefined : { place: grpc, of: grpc.name, name });
  checkGoogleGrpc(report, at(grpc.value, 'google_grpc'));
  return field(at(grpc.value, 'envoy_grpc'), 'cluster_name');
}

/** Google's own client instead of a cluster: envoy/config/core/v3/grpc_service.proto, GoogleGrpc. */
function checkGoogleGrpc(report: Report, google: Tree | undefined): void {
  const target = field(google, 'target_uri');
  const uri = textAt(target?.value) ?? '';
  if (!target || isLocalTarget(uri)) return;
  const isSecure =
    at(google, 'channel_credentials', 'ssl_credentials') ?? listAt(google, 'channel_credentials_plugin')[0];
  if (!isSecure) report('remote-plaintext', target, `${target.name} is ${uri}, without credentials`);
}

function isLocalTarget(uri: string): boolean {
  return uri.startsWith('unix:') || /^(dns:\/*|ipv4:|ipv6:)?(127\.[\d.]+|localhost|\[::1\]|::1)(:\d+)?$/.test(uri);
}
