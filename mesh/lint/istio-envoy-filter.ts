import type { Report } from './checks.js';
import type { EnvoyPart } from './envoy.js';
import { at, listAt, mentions, type Tree, textAt } from './tree.js';

/** The pieces of Envoy configuration in an EnvoyFilter (istio.io/api, networking/v1alpha3/envoy_filter.proto). */
export function partsOfEnvoyFilter(resource: Tree): EnvoyPart[] {
  return patchesOf(resource).flatMap(({ operation, value }) =>
    value ? [{ root: value, isPatch: operation === 'MERGE' }] : [],
  );
}

/** The clusters that an EnvoyFilter adds; they carry no type. */
export function clustersOfEnvoyFilter(resource: Tree): Tree[] {
  return patchesOf(resource).flatMap(({ target, value }) => (target === 'CLUSTER' && value ? [value] : []));
}

/** Checks for patches that take ext_authz out of a chain. */
export function checkRemovals(report: Report, resource: Tree): boolean {
  const removals = patchesOf(resource).filter(({ target, operation, match }) => {
    return target === 'HTTP_FILTER' && operation === 'REMOVE' && mentions(match, 'ext_authz');
  });
  for (const { patch } of removals) report('filter-removed', patch, 'this patch removes ext_authz');
  return removals.length > 0;
}

function patchesOf(resource: Tree) {
  return listAt(resource, 'spec', 'config_patches').map((patch) => ({
    patch,
    target: textAt(patch, 'apply_to') ?? '',
    match: at(patch, 'match'),
    operation: textAt(patch, 'patch', 'operation') ?? '',
    value: at(patch, 'patch', 'value'),
  }));
}
