import { checkEnvoy } from './envoy.js';
import { TRAFFIC_CHECKS } from './envoy-gateway.js';
import { factsOf } from './facts.js';
import type { MeshFinding } from './findings.js';
import type { Facts } from './guard.js';
import { checkRemovals } from './istio-envoy-filter.js';
import { checkPolicy } from './istio-policy.js';
import { checkPathNormalisation } from './istio-provider.js';
import { type MeshFile, ownGuards, ownProviders, type ReadFile, readFile } from './read-file.js';

/** Kinds that say more about a guard of another file. */
const BESIDE_A_GUARD = new Set([
  ...Object.keys(TRAFFIC_CHECKS),
  'ServiceEntry',
  'DestinationRule',
  'Backend',
  'BackendTLSPolicy',
]);

/**
 * Looks for what keeps Jimini from judging what it should: in Envoy, Istio, Envoy Gateway and agentgateway configuration.
 * The files are one configuration: a policy of one may name a provider of another. Findings come by file, in the order of the
 * files, then by place. Pure and total: whatever the files hold gives findings.
 */
export function lintMesh(files: readonly MeshFile[]): MeshFinding[] {
  const read = files.map(readFile);
  const facts = factsOf(read);
  const hasGateway = read.some((file) => ownGuards(file).length > 0);
  const related = read.map((file) => checkFile(file, facts, hasGateway));
  const hasGuard = related.includes(true);
  for (const [index, file] of read.entries()) {
    const isBeside = hasGuard && file.resources.some(({ kind }) => BESIDE_A_GUARD.has(kind));
    if (related[index] || isBeside || file.findings.sorted().length > 0) continue;
    file.findings.report('file-unrelated', { line: 1, column: 1 }, 'nothing in this file concerns Jimini');
  }
  return read.flatMap(({ findings }) => findings.sorted());
}

/** Whether something in the file calls Jimini. */
function checkFile(file: ReadFile, facts: Facts, hasGateway: boolean): boolean {
  const { report } = file.findings;
  const guards = [...ownGuards(file), ...ownProviders(file)];
  for (const guard of guards) guard.check(report, facts);
  let isRelated = checkEnvoy(report, file.envoy, file.onlyNamed, facts) || guards.length > 0;
  for (const { kind, tree } of file.resources) {
    if (kind === 'AuthorizationPolicy') isRelated = checkPolicy(report, tree, facts) || isRelated;
    if (kind === 'EnvoyFilter') isRelated = checkRemovals(report, tree) || isRelated;
    if (ownProviders(file).length > 0) checkPathNormalisation(report, tree);
    if (hasGateway) TRAFFIC_CHECKS[kind]?.(report, tree);
  }
  return isRelated;
}
