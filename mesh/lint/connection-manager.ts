import { bodyLimitOf, ENVOY_BODY } from './body-settings.js';
import type { Report } from './checks.js';
import { filterOf, type HttpFilter, isOff, type Manager } from './filter-chain.js';
import { at, type Field, field, isTrue, listAt, mentions, nameIn, numberOf, type Tree, textAt } from './tree.js';

/** Filters that change, or answer, requests: what they leave is not what the client sent. */
const REWRITERS = new Set([
  'lua',
  'wasm',
  'golang',
  'dynamic_modules',
  'ext_proc',
  'grpc_json_transcoder',
  'grpc_json_reverse_transcoder',
  'grpc_http1_bridge',
  'grpc_http1_reverse_bridge',
  'connect_grpc_bridge',
  'compressor',
  'decompressor',
  'transform',
  'aws_lambda',
  'cache',
  'cache_v2',
]);

/** Checks a connection manager whose chain has `guards`, the filters that call Jimini. */
export function checkManager(report: Report, manager: Manager, guards: readonly HttpFilter[], isPatch: boolean): void {
  const [guard, second] = guards;
  if (!guard) return;
  if (second) report('two-guards', second.entry, `${second.name} calls Jimini too`);
  checkOrder(report, manager.filters, guard);
  checkUpgrades(report, listAt(manager.body, 'upgrade_configs'));
  if (isPatch) return;
  checkNormalisation(report, manager);
  if (!mentions(at(manager.body, 'access_log'), 'dynamic_metadata(envoy.filters.http.ext_authz')) {
    report('metadata-unused', manager.place, 'no access log has what ext_authz says of a request');
  }
}

/** Checks how the filter's entry stands in the list. */
export function checkFilterEntry(report: Report, filter: HttpFilter): void {
  const optional = field(filter.entry, 'is_optional');
  if (optional && isTrue(optional)) report('filter-optional', optional, `${optional.name} is true for ${filter.name}`);
  if (filter.isConditional)
    report('filter-conditional', filter.entry, `${filter.name} runs only where its matcher says so`);
}

function checkOrder(report: Report, filters: readonly HttpFilter[], guard: HttpFilter): void {
  const own = filters.indexOf(guard);
  const limit = guard.authz && bodyLimitOf(guard.authz.body, ENVOY_BODY);
  for (const [index, filter] of filters.entries()) {
    const { kind, name, entry } = filter;
    if (kind === 'router' && index < own)
      report('filter-after-router', guard.entry, `${guard.name} stands after ${name}`);
    if (kind === 'buffer' && index < own) checkBufferFilter(report, entry, limit);
    if (isOff(filter) || !rewrites(kind, entry)) continue;
    if (index < own) report('filter-after-rewriter', guard.entry, `${guard.name} stands after ${name}`);
    if (index > own) report('filter-before-rewriter', entry, `${name} stands after ${guard.name}`);
  }
}

/** A compressor acts on requests only when told to. */
function rewrites(kind: string, entry: Tree): boolean {
  if (kind === 'compressor') return at(entry, 'typed_config', 'request_direction_config') !== undefined;
  return REWRITERS.has(kind);
}

function checkBufferFilter(report: Report, entry: Tree, limit: number | undefined): void {
  const own = field(at(entry, 'typed_config'), 'max_request_bytes');
  const bytes = own && numberOf(own.value);
  if (own && bytes !== undefined && limit !== undefined && bytes < limit) {
    report('buffer-filter-limit', own, `${own.name} of the buffer filter is ${bytes}, that of ext_authz ${limit}`);
  }
}

/** Checks the protocol upgrades that a manager or a route lets through. */
export function checkUpgrades(report: Report, upgrades: readonly Tree[]): void {
  for (const upgrade of upgrades) {
    const enabled = field(upgrade, 'enabled');
    if (enabled && !isTrue(enabled)) continue;
    const type = textAt(upgrade, 'upgrade_type') ?? '';
    const filters = listAt(upgrade, 'filters').map(filterOf);
    const isChecked = filters.length === 0 || filters.some(({ kind }) => kind === 'ext_authz');
    if (isChecked) report('upgrade-allowed', upgrade, `upgrades to ${type} are let through`);
    else report('upgrade-unchecked', upgrade, `the filters of upgrades to ${type} have no ext_authz`);
  }
}

function checkNormalisation(report: Report, { body, place }: Manager): void {
  const flags = [
    ['normalize_path', 'path-not-normalised'],
    ['merge_slashes', 'path-slashes'],
  ] as const;
  for (const [name, check] of flags) {
    const found = field(body, name);
    if (!isTrue(found)) report(check, found ?? place, saidOrMissing(body, name, found));
  }
  const action = field(body, 'path_with_escaped_slashes_action');
  if (!/^(REJECT_REQUEST|UNESCAPE_AND_REDIRECT|2|3)$/.test(textAt(action?.value) ?? '')) {
    report('path-escaped-slashes', action ?? place, saidOrMissing(body, 'path_with_escaped_slashes_action', action));
  }
  if (!mentions(at(body, 'early_header_mutation_extensions'), 'x-jimini')) {
    report('own-headers-accepted', place, "a client's own x-jimini-* headers are not removed");
  }
  const options = at(body, 'common_http_protocol_options');
  const underscores = field(options, 'headers_with_underscores_action');
  if (!/^(REJECT_REQUEST|DROP_HEADER|1|2)$/.test(textAt(underscores?.value) ?? '')) {
    const said = saidOrMissing(options ?? body, 'headers_with_underscores_action', underscores);
    report('underscore-headers', underscores ?? place, said);
  }
}

function saidOrMissing(parent: Tree, name: string, found: Field | undefined): string {
  if (found) return `${found.name} is ${textAt(found.value) ?? 'not a word'}`;
  return `http_connection_manager has no ${nameIn(parent, name)}`;
}
