import { type BodyNames, checkBody, ENVOY_BODY } from './body-settings.js';
import type { Report } from './checks.js';
import { isLoopback } from './clusters.js';
import { checkStatusOnError } from './ext-authz.js';
import type { Facts, Guard, Located } from './guard.js';
import { checkTimeout } from './timeout.js';
import { at, camelCase, everyMap, type Field, field, isTrue, listAt, mentions, type Tree, textAt } from './tree.js';

/** An ext_authz provider of Istio's mesh configuration (istio.io/api, mesh/v1alpha1/config.proto, ExtensionProvider). */
export interface Provider extends Guard {
  readonly name: string;
}

const BODY: BodyNames = { ...ENVOY_BODY, holder: 'include_request_body_in_check' };

/** The providers below a value, in whatever it is wrapped: IstioOperator, Helm values, the mesh configuration itself. */
export function readProviders(root: Tree): Provider[] {
  return [...everyMap(root)].flatMap((tree) => {
    const grpc = field(tree, 'envoy_ext_authz_grpc');
    const http = field(tree, 'envoy_ext_authz_http');
    const settings = grpc ?? http;
    if (!settings) return [];
    const name = textAt(tree, 'name') ?? '';
    const isNamed = mentions(tree, 'jimini');
    return [
      { name, isNamed, check: (report, facts) => checkProvider(report, facts, { name, settings, isHttp: !grpc }) },
    ];
  });
}

/** Checks how Istio normalises paths, where the mesh configuration says it. */
export function checkPathNormalisation(report: Report, root: Tree): void {
  for (const tree of everyMap(root)) {
    const written = field(at(tree, 'path_normalization'), 'normalization');
    if (!written || !at(tree, 'extension_providers')) continue;
    const said = textAt(written.value) ?? '';
    if (said === 'NONE') report('path-not-normalised', written, `${written.name} is NONE`);
    if (said === 'BASE' || said === 'DEFAULT') report('path-slashes', written, `${written.name} is ${said}`);
  }
}

interface Found {
  readonly name: string;
  readonly settings: Field;
  readonly isHttp: boolean;
}

function checkProvider(report: Report, facts: Facts, { name, settings, isHttp }: Found): void {
  const tree = settings.value;
  const isSnake = settings.name.includes('_');
  const named = (snakeName: string) => (isSnake ? snakeName : camelCase(snakeName));
  if (isHttp) report('http-service', settings, `provider ${name} is ${settings.name}`);
  const open = field(tree, 'fail_open');
  if (open && isTrue(open)) report('failure-open', open, `${open.name} is true`);
  const cache = field(tree, 'clear_route_cache');
  if (cache && isTrue(cache)) report('route-cache', cache, `${cache.name} is true`);
  checkBody(report, { tree, name: settings.name, place: settings, named }, BODY);
  const status = { place: settings, message: `${settings.name} has no ${named('status_on_error')}` };
  checkStatusOnError(report, field(tree, 'status_on_error'), status);
  checkTimeout(report, field(tree, 'timeout'), { place: settings, of: settings.name, name: 'timeout' });
  checkService(report, facts, field(tree, 'service'));
  if (facts.hasPolicies && !facts.usedProviders.has(name))
    report('provider-unused', settings, `provider ${name} is not used`);
}

/** In the mesh, Istio encrypts by itself; what is told here is where the files say that it does not. */
function checkService(report: Report, { resources }: Facts, service: Field | undefined): void {
  const host = textAt(service?.value)?.split('/').at(-1);
  if (!service || host === undefined) return;
  const isFor = ({ tree }: Located, ...path: string[]) => listAt(tree, ...path).some((item) => textAt(item) === host);
  const rules = (resources.get('DestinationRule') ?? []).filter((rule) => isFor(rule, 'spec', 'host'));
  const mode = rules.map(({ tree }) => textAt(tree, 'spec', 'traffic_policy', 'tls', 'mode')).find((found) => found);
  const entries = (resources.get('ServiceEntry') ?? []).filter((entry) => isFor(entry, 'spec', 'hosts'));
  const addresses = entries.flatMap(({ tree }) =>
    listAt(tree, 'spec', 'endpoints').map((endpoint) => at(endpoint, 'address')),
  );
  const remote = addresses.find((address) => address && !isLoopback(textAt(address) ?? ''));
  const isRemote = entries.length === 0 || remote !== undefined;
  const said = `${service.name} ${host}`;
  if (mode === 'DISABLE' && isRemote)
    report('remote-plaintext', service, `${said} is called without TLS, as a DestinationRule says`);
  else if (mode === undefined && remote)
    report('remote-plaintext', service, `${said} is at ${textAt(remote)}, without TLS`);
}
