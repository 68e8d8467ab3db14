import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { parse, parseAllDocuments } from 'yaml';
import { lintMesh } from '../../../mesh/lint/lint.js';
import { startEnvoy } from '../../envoy/envoy.js';
import { connectionManager, extAuthz, type Json, sampleConfig, sampleConfigFor } from '../../envoy/sample-config.js';
import { repositoryRoot } from '../../processes/sidecar.js';
import { needs } from '../../tools/needs.js';
import { program, toolPath } from '../../tools/programs.js';
import { createCrdChecker } from './crds.js';

const run = promisify(execFile);
const FOLDER = join(repositoryRoot, 'mesh', 'config');
const SAMPLES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
/** Asks about nothing: it serves our own API as REST. */
const REST_SAMPLE = 'envoy-rest.yaml';
/** Envoy reads the certificates when it validates; tests/e2e/mtls.test.ts drives this one. */
const TLS_SAMPLE = 'envoy-mtls.yaml';
const ENVOY_SAMPLES = SAMPLES.filter(
  (name) => name.startsWith('envoy') && name !== 'envoy-gateway.yaml' && name !== TLS_SAMPLE,
);

test('no sample has a finding, each by itself and all together', (t) => {
  const asking = SAMPLES.filter((name) => name !== REST_SAMPLE);
  const files = asking.map((file) => ({ file, text: read(file) }));
  for (const file of files) t.deepEqual(lintMesh([file]), []);
  t.deepEqual(lintMesh(files), []);
});

test('the configuration that tests and demo run with has no finding either', (t) => {
  const places = { listen: { port: 0 }, jimini: { port: 9000 }, llm: { port: 8080 } };
  t.deepEqual(lintMesh([{ file: 'demo', text: JSON.stringify(sampleConfigFor(places)) }]), []);
});

for (const name of ENVOY_SAMPLES) {
  needs(program('envoy'))(`Envoy accepts ${name} and has nothing to say about it`, async (t) => {
    const args = ['--mode', 'validate', '-l', 'warning', '-c', join(FOLDER, name)];
    const { stdout, stderr } = await run(toolPath('envoy') as string, args);
    t.true(stdout.includes(' OK'));
    t.is(stderr, '');
  });
}

needs(program('envoy'))('what a running Envoy says of its configuration is read like the file', async (t) => {
  const config = sampleConfigFor({ listen: { port: 0 }, jimini: { port: 1 }, llm: { port: 1 } });
  const checksOf = async () => {
    const envoy = await startEnvoy(config);
    const text = await (await fetch(`${envoy.admin}/config_dump`)).text().finally(() => envoy.stop());
    return [...new Set(lintMesh([{ file: 'config_dump', text }]).map(({ check }) => check))].sort();
  };
  t.deepEqual(await checksOf(), []);
  extAuthz(config).failure_mode_allow = true;
  connectionManager(config).route_config.virtual_hosts[0].routes[0].typed_per_filter_config = {
    'envoy.filters.http.ext_authz': {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
      disabled: true,
    },
  };
  t.deepEqual(await checksOf(), ['failure-open', 'route-unchecked']);
});

test('the sample for a Unix socket is the other one, with another address', (t) => {
  const jimini = { path: '/run/jimini/socket/data.sock' };
  const expected = sampleConfigFor({ listen: { port: 10_000 }, jimini, llm: { port: 8080 } });
  t.deepEqual(parse(read('envoy-unix-socket.yaml')), expected);
});

test('what the EnvoyFilter merges in makes of a filter by Istio the one of the sample for Envoy', (t) => {
  const [, , resource] = documents('istio.yaml');
  const [manager, authz] = resource.spec.configPatches.map((patch: Json) => patch.patch.value.typed_config);
  for (const [patch, sample] of [
    [manager, connectionManager(sampleConfig())],
    [authz, extAuthz(sampleConfig())],
  ]) {
    t.true(Object.keys(patch).length > 2);
    for (const [name, value] of Object.entries(patch)) t.deepEqual(value, sample[name], name);
  }
});

test('what the provider says is what the sample for Envoy says', (t) => {
  const [operator] = documents('istio-mesh-config.yaml');
  const { failOpen, timeout, includeRequestBodyInCheck } =
    operator.spec.meshConfig.extensionProviders[0].envoyExtAuthzGrpc;
  const authz = extAuthz(sampleConfig());
  t.is(failOpen, authz.failure_mode_allow);
  t.is(timeout, authz.grpc_service.timeout);
  t.deepEqual(Object.values(includeRequestBodyInCheck), Object.values(authz.with_request_body));
});

for (const [name, crds] of [
  ['istio.yaml', 'istio-crds'],
  ['envoy-gateway.yaml', 'envoy-gateway-crds'],
] as const) {
  needs(program(crds))(`${name} holds to the resource definitions of ${basename(crds, '-crds')}`, (t) => {
    const check = createCrdChecker(readFileSync(toolPath(crds) as string, 'utf8'));
    for (const resource of documents(name)) {
      t.deepEqual(check(resource), [], resource.kind);
      t.deepEqual(check({ ...resource, spec: { ...resource.spec, misspelt: 1 } }), ['/spec: unknown field misspelt']);
    }
  });
}

function read(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

function documents(name: string): Json[] {
  return parseAllDocuments(read(name)).map((document) => document.toJS());
}
