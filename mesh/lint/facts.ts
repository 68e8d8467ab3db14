import { guardsOf } from './envoy.js';
import { isOff } from './filter-chain.js';
import type { Facts, Located } from './guard.js';
import { providerOf } from './istio-policy.js';
import { ownProviders, type ReadFile } from './read-file.js';
import { turnsOn } from './routes.js';
import { textAt } from './tree.js';

/** Gathers what one file may say about another. */
export function factsOf(files: readonly ReadFile[]): Facts {
  const filters = files.flatMap(({ envoy, onlyNamed }) =>
    envoy.managers.flatMap((manager) => guardsOf(manager, onlyNamed)),
  );
  const filterNames = new Set(filters.map(({ name }) => name));
  const located = (file: ReadFile) => ({ report: file.findings.report });
  const resources = Map.groupBy(
    files.flatMap((file) => file.resources.map(({ kind, tree }) => ({ kind, tree, ...located(file) }))),
    ({ kind }) => kind,
  );
  const policies = resources.get('AuthorizationPolicy') ?? [];
  return {
    clusters: new Map(
      files.flatMap((file) =>
        file.envoy.clusters.map((tree): [string, Located] => [textAt(tree, 'name') ?? '', { tree, ...located(file) }]),
      ),
    ),
    filterNames,
    chainNames: new Set(
      files.flatMap(({ envoy }) => envoy.managers.flatMap((manager) => manager.filters.map(({ name }) => name))),
    ),
    isOffByDefault: filters.some(isOff),
    isTurnedOn: files.some(({ envoy }) => envoy.maps.some((tree) => turnsOn({ filterNames }, tree))),
    providers: new Set(files.flatMap((file) => ownProviders(file).map(({ name }) => name))),
    allProviders: new Set(files.flatMap(({ providers }) => providers.map(({ name }) => name))),
    usedProviders: new Set(policies.map(({ tree }) => providerOf(tree))),
    hasPolicies: policies.length > 0,
    resources,
  };
}
