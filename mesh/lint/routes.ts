import { printable } from '../../sidecar/kernel/printable.js';
import { checkBodySettings, ENVOY_BODY } from './body-settings.js';
import type { Report } from './checks.js';
import { checkUpgrades } from './connection-manager.js';
import { checkServices } from './ext-authz.js';
import { messageOf, shortType } from './messages.js';
import { checkContext } from './route-context-checks.js';
import { at, type Field, field, fieldsAt, isTrue, listAt, type Place, type Tree, textAt } from './tree.js';

/** What the checks of routes need to know. */
export interface RouteContext {
  readonly report: Report;
  /** Names under which the chains hold the filters that call Jimini; empty: not known, every ext_authz filter is meant. */
  readonly filterNames: ReadonlySet<string>;
  /** Names of all filters of all chains; empty: not known. */
  readonly chainNames: ReadonlySet<string>;
  /** The filter is off unless a route turns it on. */
  readonly isOffByDefault: boolean;
  /** Takes the cluster that a route calls instead of the filter's. */
  readonly onCluster: (cluster: Field) => void;
}

/** Paths of health probes: nothing is lost when they are not judged. */
const PROBE =
  /^\/?(-\/)?(healthz?|health[-_]?check|livez?|liveness|readyz?|readiness|startupz?|ping|status|metrics|stats)(\/prometheus)?\/?$/i;
/** `/package.Service/` or `/package.Service/Method`. */
const GRPC_PATH = /^\/[A-Za-z_]\w*(\.\w+)+\/(\w+)?$/;

/** Checks one map if it is a route configuration, a virtual host, a route or a weighted cluster. */
export function checkRouteMap(context: RouteContext, tree: Tree): void {
  if (at(tree, 'virtual_hosts')) checkEnabledRoutes(context, tree);
  const match = at(tree, 'match');
  if (match && isRoute(tree)) checkRoute(context, tree, match);
  for (const entry of ownEntries(context, tree)) checkEntry(context, tree, entry);
  checkEntryNames(context, tree);
}

/** Envoy goes by the name that the filter has in the chain, whatever the type of what stands under it. */
function checkEntryNames({ report, chainNames }: RouteContext, tree: Tree): void {
  if (chainNames.size === 0) return;
  for (const entry of fieldsAt(tree, 'typed_per_filter_config')) {
    const outer = messageOf(entry.value);
    const inner = outer && shortType(outer) === 'FilterConfig' ? messageOf(at(outer.body, 'config')) : outer;
    if (inner?.type.endsWith('.ExtAuthzPerRoute') === true && !chainNames.has(entry.name))
      report('route-filter-unknown', entry, `no filter is named ${printable(entry.name)}`);
  }
}

function isRoute(tree: Tree): boolean {
  return ['route', 'redirect', 'direct_response', 'typed_per_filter_config'].some(
    (name) => at(tree, name) !== undefined,
  );
}

function checkRoute(context: RouteContext, route: Tree, match: Tree): void {
  const { report } = context;
  for (const header of listAt(match, 'headers')) {
    const name = textAt(header, 'name') ?? '';
    if (/^x[-_]jimini/i.test(name)) report('route-by-own-header', header, `this route is chosen by the header ${name}`);
  }
  if (at(match, 'connect_matcher')) report('upgrade-allowed', match, 'this route takes CONNECT requests');
  checkUpgrades(report, listAt(route, 'route', 'upgrade_configs'));
  const isUnbuffered = ownEntries(context, route).some(({ config }) => {
    return config === undefined || isTrue(field(at(config, 'check_settings'), 'disable_request_body_buffering'));
  });
  if (isForGrpc(match) && at(route, 'route') && !isUnbuffered) {
    report('grpc-buffered', match, `this route is for gRPC (${pathOf(match) ?? 'grpc'}), and its bodies are buffered`);
  }
}

function isForGrpc(match: Tree): boolean {
  return at(match, 'grpc') !== undefined || GRPC_PATH.test(pathOf(match) ?? '');
}

function pathOf(match: Tree | undefined): string | undefined {
  return textAt(match, 'path') ?? textAt(match, 'prefix') ?? textAt(match, 'path_separated_prefix');
}

/** What a route says of the filter: its own message, or that the filter is off. */
interface FilterEntry {
  readonly disabled: Field | undefined;
  /** `ExtAuthzPerRoute`; undefined when the filter is off, or the entry is of another type. */
  readonly config: Tree | undefined;
}

function ownEntries({ filterNames }: Pick<RouteContext, 'filterNames'>, tree: Tree): FilterEntry[] {
  return fieldsAt(tree, 'typed_per_filter_config').flatMap(({ name, value }) => {
    const outer = messageOf(value);
    const inner = outer && shortType(outer) === 'FilterConfig' ? messageOf(at(outer.body, 'config')) : outer;
    const isMeant = filterNames.size > 0 ? filterNames.has(name) : isAuthzEntry(name, inner?.type ?? '');
    if (!isMeant) return [];
    const off = [outer?.body, inner?.body].map((body) => field(body, 'disabled')).find((found) => isTrue(found));
    return [{ disabled: off, config: off ? undefined : inner?.body }];
  });
}

function isAuthzEntry(name: string, type: string): boolean {
  return type.endsWith('.ExtAuthzPerRoute') || name.includes('ext_authz');
}

function checkEntry(context: RouteContext, carrier: Tree, { disabled, config }: FilterEntry): void {
  const { report } = context;
  if (disabled) reportUnchecked(report, carrier, disabled, `${disabled.name} is true`);
  const settings = at(config, 'check_settings');
  if (!settings) return;
  for (const entry of fieldsAt(settings, 'context_extensions'))
    checkContext(report, { name: entry.name, value: entry });
  const skip = field(settings, 'disable_request_body_buffering');
  const match = at(carrier, 'match');
  if (skip && isTrue(skip) && !(match && isForGrpc(match))) report('route-without-body', skip, `${skip.name} is true`);
  const body = field(settings, 'with_request_body');
  if (body) checkBodySettings(report, body, ENVOY_BODY, false);
  const cluster = checkServices(report, settings, settings, true);
  if (cluster) context.onCluster(cluster);
}

function reportUnchecked(report: Report, carrier: Tree, place: Place, message: string): void {
  if (answersItself(carrier)) return;
  const isProbe = PROBE.test(pathOf(at(carrier, 'match')) ?? '');
  report(isProbe ? 'probe-route-unchecked' : 'route-unchecked', place, message);
}

function answersItself(route: Tree): boolean {
  return ['direct_response', 'redirect', 'non_forwarding_action'].some((action) => at(route, action) !== undefined);
}

/** Whether a manager's own routes lead to nothing but health probes and metrics. False when its routes stand elsewhere. */
export function leadsNowhere(manager: Tree): boolean {
  const routes = listAt(manager, 'route_config', 'virtual_hosts').flatMap((host) => listAt(host, 'routes'));
  const isProbe = (route: Tree) => PROBE.test(pathOf(at(route, 'match')) ?? '');
  return routes.length > 0 && routes.every((route) => answersItself(route) || isProbe(route));
}

/** Where the filter is off by default: finds the routes that nobody turned it on for. */
function checkEnabledRoutes(context: RouteContext, configuration: Tree): void {
  if (!context.isOffByDefault || ownEntries(context, configuration).length > 0) return;
  for (const host of listAt(configuration, 'virtual_hosts')) {
    if (ownEntries(context, host).length > 0) continue;
    for (const route of listAt(host, 'routes')) {
      if (ownEntries(context, route).length > 0) continue;
      const path = pathOf(at(route, 'match'));
      const of = path === undefined ? '' : ` for ${path}`;
      reportUnchecked(context.report, route, route, `this route${of} does not turn the filter on`);
    }
  }
}

/** Whether a map says anything of the filter. */
export function hasEntry(context: Pick<RouteContext, 'filterNames'>, tree: Tree): boolean {
  return ownEntries(context, tree).length > 0;
}

/** Whether a map turns the filter on. */
export function turnsOn(context: Pick<RouteContext, 'filterNames'>, tree: Tree): boolean {
  return ownEntries(context, tree).some(({ disabled }) => !disabled);
}
