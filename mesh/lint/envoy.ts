import { bodyLimitOf, ENVOY_BODY } from './body-settings.js';
import type { Report } from './checks.js';
import { checkCluster, clusterOf, reportMissingCluster } from './clusters.js';
import { checkFilterEntry, checkManager } from './connection-manager.js';
import { type AuthzMessage, checkExtAuthz, checkServices } from './ext-authz.js';
import { checkExtProc } from './ext-proc.js';
import { authzOf, type HttpFilter, isOff, type Manager, managerOf, namesJimini } from './filter-chain.js';
import type { Facts } from './guard.js';
import { messageOf, shortType } from './messages.js';
import { checkRouteMap, hasEntry, leadsNowhere, type RouteContext } from './routes.js';
import { checkRuntime } from './runtime.js';
import { at, everyMap, type Field, field, listAt, mentions, numberOf, type Tree, textAt } from './tree.js';

/** A piece of Envoy's configuration: a whole file, or what a Kubernetes resource patches into one. */
export interface EnvoyPart {
  readonly root: Tree;
  /** What it does not say may be set elsewhere. */
  readonly isPatch: boolean;
}

/** What concerns us in the Envoy configuration of one file. */
export interface EnvoyConfig {
  readonly managers: readonly (Manager & { readonly isPatch: boolean })[];
  /** ext_authz configurations outside of any chain of the file. */
  readonly looseAuthz: readonly AuthzMessage[];
  readonly extProcs: readonly { readonly body: Tree; readonly place: Field }[];
  readonly maps: readonly Tree[];
  readonly clusters: readonly Tree[];
  /** Clusters may come from elsewhere. */
  readonly hasOtherClusters: boolean;
}

/** Finds what concerns us. Whatever form the file has (bootstrap, resources of a discovery service, dump), messages are known by their type. */
export function readEnvoy(parts: readonly EnvoyPart[], addedClusters: readonly Tree[]): EnvoyConfig {
  const maps = parts.flatMap(({ root, isPatch }) => [...everyMap(root)].map((tree) => ({ tree, isPatch })));
  const managers = maps.flatMap(({ tree, isPatch }) => {
    const manager = managerOf(tree);
    return manager ? [{ ...manager, isPatch }] : [];
  });
  const inChains = new Set(managers.flatMap(({ filters }) => filters.flatMap(({ authz }) => authz?.body ?? [])));
  return {
    managers,
    looseAuthz: maps.flatMap(({ tree, isPatch }) => {
      const authz = authzOf(tree, isPatch);
      return authz && !inChains.has(authz.body) ? [authz] : [];
    }),
    extProcs: maps.flatMap(({ tree }) => {
      const message = messageOf(tree);
      const place = field(tree, '@type');
      return message && place && shortType(message) === 'ExternalProcessor' ? [{ body: message.body, place }] : [];
    }),
    maps: maps.map(({ tree }) => tree),
    clusters: [
      ...addedClusters,
      ...maps.flatMap(({ tree }) => [...listAt(tree, 'static_resources', 'clusters'), ...typedClusters(tree)]),
    ],
    hasOtherClusters:
      maps.every(({ tree }) => !at(tree, 'static_resources')) || maps.some(({ tree }) => at(tree, 'dynamic_resources')),
  };
}

function typedClusters(tree: Tree): Tree[] {
  const cluster = clusterOf(tree);
  return cluster ? [cluster] : [];
}

/** Whether a filter or message of the configuration names Jimini. */
export function hasNamedGuard({ managers, looseAuthz, extProcs }: EnvoyConfig): boolean {
  return (
    managers.some(({ filters }) => filters.some((filter) => filter.kind === 'ext_authz' && namesJimini(filter))) ||
    looseAuthz.some(({ body }) => mentions(body, 'jimini')) ||
    extProcs.some(({ body }) => mentions(body, 'jimini'))
  );
}

/** The filters of a chain that call Jimini. `onlyNamed`: some other guard of the file names it. */
export function guardsOf({ filters }: Manager, onlyNamed: boolean): HttpFilter[] {
  return filters.filter((filter) => filter.kind === 'ext_authz' && (!onlyNamed || namesJimini(filter)));
}

/** Checks the configuration of one file. Gives whether anything in it calls Jimini. */
export function checkEnvoy(report: Report, config: EnvoyConfig, onlyNamed: boolean, facts: Facts): boolean {
  const onCluster = (place: Field) => checkClusterNamed(report, config, facts, place);
  checkManagers(report, config, onlyNamed, facts, onCluster);
  const loose = config.looseAuthz.filter(({ body }) => !onlyNamed || mentions(body, 'jimini'));
  for (const authz of loose) checkAuthz(report, authz, onCluster);
  const processors = config.extProcs.filter(({ body }) => mentions(body, 'jimini'));
  for (const { body, place } of processors) checkExtProc(report, body, place);
  const unguarded = config.managers.filter((manager) => guardsOf(manager, onlyNamed).length === 0);
  // Where the filter does not stand, routes have nothing to say about it.
  const elsewhere = new Set<Tree>(unguarded.flatMap(({ body }) => [...everyMap(body)]));
  const routes = config.maps.filter((tree) => !elsewhere.has(tree));
  const hasEntries = routes.some((tree) => hasEntry(facts, tree));
  if (hasEntries || facts.filterNames.size > 0) {
    const isOffByDefault = facts.isOffByDefault && facts.isTurnedOn;
    const { filterNames, chainNames } = facts;
    const context: RouteContext = { report, filterNames, chainNames, isOffByDefault, onCluster };
    for (const tree of routes) checkRouteMap(context, tree);
  }
  return hasEntries || unguarded.length < config.managers.length || loose.length > 0 || processors.length > 0;
}

function checkManagers(
  report: Report,
  config: EnvoyConfig,
  onlyNamed: boolean,
  facts: Facts,
  onCluster: (place: Field) => void,
): void {
  const hasGuard = config.managers.some((manager) => guardsOf(manager, onlyNamed).length > 0);
  for (const manager of config.managers) {
    const guards = guardsOf(manager, onlyNamed);
    if (guards.length === 0 && hasGuard && !manager.isPatch && !leadsNowhere(manager.body)) {
      report(
        'listener-unchecked',
        manager.place,
        'this http_connection_manager has no ext_authz filter that calls Jimini',
      );
    }
    checkManager(report, manager, guards, manager.isPatch);
    for (const guard of guards) {
      checkFilterEntry(report, guard);
      if (guard.authz) {
        checkAuthz(report, { ...guard.authz, isPatch: manager.isPatch }, onCluster);
        checkRuntime(report, config.maps, guard.authz.body);
      }
      const disabled = field(guard.entry, 'disabled');
      if (disabled && isOff(guard) && !facts.isTurnedOn) {
        report('filter-disabled', disabled, `${disabled.name} is true for ${guard.name}`);
      }
    }
  }
  const guarded = config.managers.filter((manager) => guardsOf(manager, onlyNamed).length > 0);
  const clusters = new Set(
    guarded.flatMap(({ body }) => [...everyMap(body)].flatMap((map) => textAt(map, 'cluster') ?? [])),
  );
  for (const tree of config.maps) {
    checkListener(report, tree, onlyNamed);
    if (hasGuard) checkForgedMetadata(report, tree);
    checkTcpProxy(report, tree, clusters);
  }
}

/**
 * Finds rules that write what a client sent into our namespace of the request's metadata, where routes say what applies to them:
 * `KeyValuePair` of header_to_metadata and its like. What set_metadata writes has no key, and is the operator's own.
 */
function checkForgedMetadata(report: Report, tree: Tree): void {
  const namespace = field(tree, 'metadata_namespace');
  if (!namespace || textAt(namespace.value)?.trim() !== 'jimini' || !field(tree, 'key')) return;
  report('metadata-from-client', namespace, `${textAt(tree, 'key') ?? 'a key'} of jimini is taken from the request`);
}

/** Finds bytes that go past HTTP to where guarded requests go (envoy.extensions.filters.network.tcp_proxy.v3). */
function checkTcpProxy(report: Report, tree: Tree, guardedClusters: ReadonlySet<string>): void {
  const message = messageOf(tree);
  const place = field(tree, '@type');
  if (!message || !place || shortType(message) !== 'TcpProxy') return;
  const cluster = textAt(message.body, 'cluster') ?? '';
  if (guardedClusters.has(cluster))
    report('listener-unchecked', place, `this tcp_proxy reaches the cluster ${cluster} without ext_authz`);
}

function checkAuthz(report: Report, authz: AuthzMessage, onCluster: (place: Field) => void): void {
  checkExtAuthz(report, authz);
  const cluster = checkServices(report, authz.body, authz.place, authz.isPatch);
  if (cluster) onCluster(cluster);
}

function checkClusterNamed(report: Report, config: EnvoyConfig, facts: Facts, place: Field): void {
  const found = facts.clusters.get(textAt(place.value) ?? '');
  if (found) checkCluster(found.report, found.tree);
  else if (!config.hasOtherClusters) reportMissingCluster(report, place);
}

/** Checks the buffer of a listener against what the filters in its chains may hold. */
function checkListener(report: Report, listener: Tree, onlyNamed: boolean): void {
  const limit = field(listener, 'per_connection_buffer_limit_bytes');
  const bytes = limit && numberOf(limit.value);
  if (!limit || bytes === undefined || !(at(listener, 'filter_chains') ?? at(listener, 'default_filter_chain'))) return;
  const managers = [...everyMap(listener)].flatMap((tree) => managerOf(tree) ?? []);
  const bodies = managers
    .flatMap((manager) => guardsOf(manager, onlyNamed))
    .flatMap(({ authz }) => (authz && bodyLimitOf(authz.body, ENVOY_BODY)) ?? []);
  const largest = Math.max(0, ...bodies);
  if (largest > bytes)
    report('connection-buffer', limit, `${limit.name} is ${bytes}, the limit of ext_authz ${largest}`);
}
