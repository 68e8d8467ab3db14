import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CHECKS } from '../../../mesh/lint/checks.js';
import { checksDocument } from '../../../mesh/lint/document.js';
import { lintMesh } from '../../../mesh/lint/lint.js';
import { repositoryRoot } from '../../processes/sidecar.js';

const AUTHZ = caseText('failure-open', 'good.yaml');
const CHAIN = caseText('filter-optional', 'good.yaml');
const POLICY = caseText('rules-none', 'good.yaml');
const PROVIDER = caseText('provider-unused', 'good.yaml');

test('a policy may name a provider of another file', (t) => {
  t.deepEqual(lint({ policy: POLICY, mesh: PROVIDER }), []);
  t.deepEqual(
    lint({ policy: POLICY.replace('provider: { name: jimini }', 'provider: { name: jimini2 }'), mesh: PROVIDER }),
    ['policy:6 provider-missing', 'mesh:9 provider-unused'],
  );
});

test('what is missing on the cluster is told in the file of the cluster', (t) => {
  const cluster = '"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster\nname: jimini\n';
  t.deepEqual(lint({ authz: AUTHZ, cluster }), ['cluster:1 cluster-http1']);
});

test('routes of another file are checked under the name that the filter has in its chain', (t) => {
  const renamed = CHAIN.replace('name: envoy.filters.http.ext_authz', 'name: guard');
  const routes = caseText('route-unchecked', 'bad.yaml');
  t.deepEqual(lint({ chain: renamed, routes }), ['routes:10 route-filter-unknown']);
  const guarded = routes.replace('envoy.filters.http.ext_authz:', 'guard:');
  t.deepEqual(lint({ chain: renamed, routes: guarded }), ['routes:12 route-unchecked']);
});

test('where the filter is off by default, routes of another file have to turn it on', (t) => {
  const off = CHAIN.replace('  - name: envoy.filters.http.ext_authz\n', '$&    disabled: true\n');
  const routes = caseText('route-unchecked', 'good.yaml');
  t.deepEqual(lint({ chain: off, routes }), []);
  const more = routes.replace('    routes:\n', '$&      - { match: { prefix: /v2 }, route: { cluster: llm } }\n');
  t.deepEqual(lint({ chain: off, routes: more }), ['routes:7 route-unchecked']);
});

test('routes of a proxy that does not call Jimini are no matter of ours', (t) => {
  const routes = caseText('grpc-buffered', 'bad.yaml').replace(/ +typed_per_filter_config.*/s, '');
  t.deepEqual(lint({ routes }), ['routes:1 file-unrelated']);
});

test('where a guard of a file names Jimini, the others of that file are left alone; where none does, all are checked', (t) => {
  const opa = AUTHZ.replace('cluster_name: jimini', 'cluster_name: opa').replace('allow: false', 'allow: true');
  t.deepEqual(lint({ both: `${AUTHZ}---\n${opa}` }), []);
  t.deepEqual(lint({ opa }), ['opa:10 failure-open']);
});

test('resources that say more about a guard of another file are not unrelated', (t) => {
  const [policy, backend] = caseText('failure-open', 'good-gateway.yaml').split('---\n') as [string, string];
  t.deepEqual(lint({ policy, backend }), []);
  t.deepEqual(lint({ backend }), ['backend:1 file-unrelated']);
});

test('a file that could not be opened is an error', (t) => {
  t.like(lintMesh([{ file: 'x', reason: 'no such file' }]), [
    { file: 'x', line: 1, column: 1, severity: 'error', check: 'file-unreadable', message: 'no such file' },
  ]);
});

test('a finding says where, what, why and what to do, in the words of the file', (t) => {
  const [finding] = lintMesh([{ file: 'f', text: caseText('failure-open', 'bad-istio.yaml') }]);
  t.deepEqual(finding, {
    file: 'f',
    line: 12,
    column: 11,
    severity: 'error',
    check: 'failure-open',
    message: 'failOpen is true',
    why: CHECKS['failure-open'].why,
    mend: CHECKS['failure-open'].mend,
  });
});

test('what is missing is named in the style of the file', (t) => {
  const messageOf = (check: string, name: string) => lintMesh([{ file: 'f', text: caseText(check, name) }])[0]?.message;
  t.is(messageOf('body-missing', 'bad.yaml'), 'ext_authz has no with_request_body');
  t.is(messageOf('body-missing', 'bad-istio.yaml'), 'envoyExtAuthzGrpc has no includeRequestBodyInCheck');
  t.is(messageOf('body-missing', 'bad-gateway.yaml'), 'extAuth has no bodyToExtAuth');
  t.is(messageOf('body-missing', 'bad-agentgateway.yaml'), 'extAuth has no forwardBody');
  t.is(messageOf('body-text', 'bad-istio.yaml'), 'includeRequestBodyInCheck has no packAsBytes: true');
});

test('the place in a text inside a file is that of the file', (t) => {
  const findings = lintMesh([{ file: 'f', text: caseText('forms', 'bad-configmap.yaml') }]);
  t.like(findings, [{ line: 15, column: 11, message: 'failOpen is true' }]);
});

test('the documentation has every check, as the code has it', (t) => {
  const text = readFileSync(join(repositoryRoot, 'docs', 'mesh-lint.md'), 'utf8');
  const checks = /<!-- checks -->\n\n(.*?)\n\n<!-- end of checks -->/s.exec(text)?.[1];
  t.is(checks, checksDocument(), 'write them anew with: npx jimini mesh checks');
});

test('why and mend are parts of a sentence', (t) => {
  for (const [id, { why, mend }] of Object.entries(CHECKS)) {
    t.regex(id, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const text of [why, mend])
      t.regex(text, /^[^A-Z\s](.*[^.\s])$|^(Envoy|Jimini|CONNECT)\b.*[^.]$|^an Envoy/, id);
  }
});

/** Findings as `file:line check`. */
function lint(files: Readonly<Record<string, string>>): string[] {
  const given = Object.entries(files).map(([file, text]) => ({ file, text }));
  return lintMesh(given).map(({ file, line, check }) => `${file}:${line} ${check}`);
}

function caseText(check: string, name: string): string {
  return readFileSync(join(repositoryRoot, 'tests', 'mesh', 'lint', 'cases', check, name), 'utf8');
}
