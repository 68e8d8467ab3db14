import { localGuards, policyGuards } from './agentgateway.js';
import type { Report } from './checks.js';
import { type EnvoyConfig, type EnvoyPart, hasNamedGuard, readEnvoy } from './envoy.js';
import { partsOfPatchPolicy, securityPolicyGuard } from './envoy-gateway.js';
import { createFindings, type FileFindings } from './findings.js';
import type { Guard } from './guard.js';
import { clustersOfEnvoyFilter, partsOfEnvoyFilter } from './istio-envoy-filter.js';
import { type Provider, readProviders } from './istio-provider.js';
import { type Resource, type Resources, readResources } from './resources.js';
import { camelCase, everyMap, type Tree } from './tree.js';

/** A file as it was given: its path as it was named, and its text, or why there is none. */
export type MeshFile = { readonly file: string } & ({ readonly text: string } | { readonly reason: string });

/** A file, understood: what calls an external service in it. */
export interface ReadFile {
  readonly findings: FileFindings;
  readonly resources: readonly Resource[];
  readonly envoy: EnvoyConfig;
  readonly providers: readonly Provider[];
  /** Guards that are neither Envoy filters nor providers. */
  readonly guards: readonly Guard[];
  /** Some guard of the file names Jimini, so that the others are somebody else's. */
  readonly onlyNamed: boolean;
}

/** Kinds that hold no Envoy configuration of their own. */
const OTHER_KINDS = new Set(['AuthorizationPolicy', 'SecurityPolicy', 'AgentgatewayPolicy', 'ConfigMap']);

/** Reads a file. What cannot be read is a finding. */
export function readFile(given: MeshFile): ReadFile {
  const findings = createFindings(given.file);
  const { resources, faults } = 'text' in given ? readResources(given.text) : unreadable(given.reason);
  for (const { message, ...place } of faults) findings.report('file-unreadable', place, message);
  for (const { tree } of resources) checkNames(findings.report, tree);
  const envoy = readEnvoy(resources.flatMap(partsOf), resources.flatMap(clustersOf));
  const providers = resources.flatMap(({ tree }) => readProviders(tree));
  const guards = resources.flatMap(guardsOfResource);
  const onlyNamed = hasNamedGuard(envoy) || [...providers, ...guards].some(({ isNamed }) => isNamed);
  return { findings, resources, envoy, providers, guards, onlyNamed };
}

function checkNames(report: Report, root: Tree): void {
  for (const { fields } of everyMap(root)) {
    for (const [name, field] of fields) {
      const other = name.includes('_') ? fields.get(camelCase(name)) : undefined;
      if (other && other !== field) report('field-twice', field, `${name} stands beside ${other.name}`);
    }
  }
}

function unreadable(message: string): Resources {
  return { resources: [], faults: [{ line: 1, column: 1, message }] };
}

function partsOf({ kind, tree }: Resource): EnvoyPart[] {
  if (kind === 'EnvoyFilter') return partsOfEnvoyFilter(tree);
  if (kind === 'EnvoyPatchPolicy') return partsOfPatchPolicy(tree);
  return OTHER_KINDS.has(kind) ? [] : [{ root: tree, isPatch: kind !== '' }];
}

function clustersOf({ kind, tree }: Resource) {
  return kind === 'EnvoyFilter' ? clustersOfEnvoyFilter(tree) : [];
}

function guardsOfResource({ kind, group, tree }: Resource): Guard[] {
  if (kind === '') return localGuards(tree);
  if (kind === 'AgentgatewayPolicy') return policyGuards(tree);
  const guard = kind === 'SecurityPolicy' && group === 'gateway.envoyproxy.io' ? securityPolicyGuard(tree) : undefined;
  return guard ? [guard] : [];
}

/** The guards that call Jimini. */
export function ownGuards({ guards, onlyNamed }: ReadFile): Guard[] {
  return guards.filter(({ isNamed }) => isNamed || !onlyNamed);
}

/** The providers that call Jimini. */
export function ownProviders({ providers, onlyNamed }: ReadFile): Provider[] {
  return providers.filter(({ isNamed }) => isNamed || !onlyNamed);
}
