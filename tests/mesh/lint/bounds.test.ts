import test from 'ava';
import fc from 'fast-check';
import { lintMesh } from '../../../mesh/lint/lint.js';
import { LIMITS } from '../../../sidecar/kernel/limits.js';

const AUTHZ = '"@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz';

test('aliases of aliases are not multiplied out without end', (t) => {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(10)}1]`,
  );
  t.regex(refusalOf(`l0: &l0 [1]\n${levels.join('\n')}`), /^more than \d+ values, aliases multiplied out$/);
});

test('a ConfigMap full of such texts has one bound for all of them', (t) => {
  const bomb = `a: &a [${'1, '.repeat(200)}1]\\nb: &b [${'*a, '.repeat(200)}*a]\\nc: [${'*b, '.repeat(5)}*b]`;
  const entries = Array.from({ length: 200 }, (_, index) => `  f${index}.yaml: "${bomb}"`);
  const text = `apiVersion: v1\nkind: ConfigMap\ndata:\n${entries.join('\n')}\n`;
  t.regex(refusalOf(text), /^more than \d+ values/);
});

test('an anchor that holds itself ends', (t) => {
  t.regex(refusalOf('a: &a\n  b: *a\n'), /^nested deeper than \d+ levels$/);
  t.regex(refusalOf('a: &a\n  <<: *a\n'), /^nested deeper than \d+ levels$/);
});

for (const [name, text] of [
  ['lists', '['.repeat(100_000)],
  ['maps in JSON', '{"a":'.repeat(100_000)],
  ['block lists', '- '.repeat(100_000)],
  ['closed lists', `${'['.repeat(200)}${']'.repeat(200)}`],
] as const) {
  test(`deep nesting of ${name} is refused`, (t) => {
    t.regex(refusalOf(text), /nested deeper than \d+ levels|not YAML/);
  });
}

test('a file of many keys is read in reasonable time', (t) => {
  const text = Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join('\n');
  t.deepEqual(
    lintMesh([{ file: 'f', text }]).map(({ check }) => check),
    ['file-unrelated'],
  );
});

test('of very many findings a thousand are told, and that there are more', (t) => {
  const text = `resources:\n${`  - { ${AUTHZ}, failure_mode_allow: true }\n`.repeat(LIMITS.meshFindingsMax)}`;
  const findings = lintMesh([{ file: 'f', text }]);
  t.is(findings.length, LIMITS.meshFindingsMax + 1);
  t.is(findings.filter(({ check }) => check === 'findings-left-out').length, 1);
});

test('keys that every object has are keys like others', (t) => {
  const text = `__proto__: { failure_mode_allow: true }\nconstructor: 1\nresources:\n  - { ${AUTHZ} }\n`;
  t.false(lintMesh([{ file: 'f', text }]).some(({ check }) => check === 'failure-open'));
});

/** Names and values that mean something to the linter, put together at random. */
const words = fc.constantFrom(
  '@type',
  'kind',
  'apiVersion',
  'spec',
  'extAuth',
  'extAuthz',
  'host',
  'data',
  'mesh',
  'rules',
  'action',
  'provider',
  'name',
  'http_filters',
  'typed_config',
  'with_request_body',
  'timeout',
  'routes',
  'match',
  'virtual_hosts',
  'typed_per_filter_config',
  'static_resources',
  'clusters',
  'listeners',
  'filter_chains',
  'envoyExtAuthzGrpc',
  'configPatches',
  'patch',
  'value',
  'items',
  'filter_enabled',
  'allowed_headers',
  'patterns',
  'upgrade_configs',
  'cache',
  'conditional',
  '<<',
);
const values = fc.oneof(
  words,
  fc.constantFrom(
    'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
    'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
    'type.googleapis.com/xds.type.v3.TypedStruct',
    'ConfigMap',
    'AuthorizationPolicy',
    'SecurityPolicy',
    'EnvoyFilter',
    'AgentgatewayPolicy',
    'List',
    'jimini',
    '5s',
    '{"a": ',
  ),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    values,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(words, tie('tree'), { maxKeys: 6 }),
  ),
}));

test('whatever a file holds, linting gives findings with places in it', (t) => {
  fc.assert(
    fc.property(tree, (value) => {
      const text = JSON.stringify(value, null, 1);
      const lines = text.split('\n').length;
      const findings = lintMesh([{ file: 'f', text }]);
      return findings.length > 0 && findings.every(({ line, column }) => line >= 1 && line <= lines && column >= 1);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('whatever text is given, linting gives findings', (t) => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => lintMesh([{ file: 'f', text }]).length > 0));
  t.pass();
});

function refusalOf(text: string): string {
  const [finding] = lintMesh([{ file: 'f', text }]);
  return finding?.check === 'file-unreadable' ? finding.message : `no refusal: ${finding?.check}`;
}
