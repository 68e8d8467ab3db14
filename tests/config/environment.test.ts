import test from 'ava';
import fc from 'fast-check';
import { isServiceVariableName, OTHER_VARIABLES, readEnvironment } from '../../sidecar/config/environment.js';
import { CONFIG_KEYS, keysOf, type SchemaNode, variableOf } from '../../sidecar/config/keys.js';
import { loadConfig } from '../../sidecar/config/load.js';
import { textToValue } from '../../sidecar/config/text-value.js';

test('two key paths never map to one variable or flag', (t) => {
  const variables = CONFIG_KEYS.map((key) => variableOf(key.path));
  t.is(new Set(variables).size, variables.length);
  const flags = CONFIG_KEYS.flatMap((key) => key.flag ?? []);
  t.is(new Set(flags).size, flags.length);
});

test('no key path maps to a variable that Kubernetes could inject or that means something else', (t) => {
  const wrong = CONFIG_KEYS.map((key) => variableOf(key.path)).filter(
    (name) => isServiceVariableName(name) || OTHER_VARIABLES.has(name),
  );
  t.deepEqual(wrong, []);
});

test('variables and flags follow from the key path', (t) => {
  const node: SchemaNode = {
    properties: { dataDir: {}, listen: { properties: { allowPlaintext: {}, gaps: { type: 'object' } } } },
  };
  t.deepEqual(
    keysOf(node).map(({ path, variable, flag }) => [path, variable, flag]),
    [
      ['dataDir', 'JIMINI_DATA_DIR', '--data-dir'],
      ['listen.allowPlaintext', 'JIMINI_LISTEN_ALLOW_PLAINTEXT', '--listen-allow-plaintext'],
      ['listen.gaps', undefined, undefined],
    ],
  );
});

test('the variables that the documentation promises exist', (t) => {
  const promised = ['DATA_DIR', 'LISTEN_DATA', 'LISTEN_CONTROL', 'LISTEN_OPS', 'PACKS', 'SHADOW'];
  const variables = CONFIG_KEYS.map((key) => key.variable);
  t.deepEqual(
    promised.filter((name) => !variables.includes(`JIMINI_${name}`)),
    [],
  );
});

/** What the kubelet makes of one Service (pkg/kubelet/envvars in kubernetes/kubernetes). */
function serviceVariables(service: string, port: number, protocol: 'TCP' | 'UDP', portName: string) {
  const name = service.toUpperCase().replaceAll('-', '_');
  const url = `${protocol.toLowerCase()}://10.0.0.1:${port}`;
  const prefix = `${name}_PORT_${port}_${protocol}`;
  return {
    [`${name}_SERVICE_HOST`]: '10.0.0.1',
    [`${name}_SERVICE_PORT`]: String(port),
    [`${name}_SERVICE_PORT_${portName.toUpperCase().replaceAll('-', '_')}`]: String(port),
    [`${name}_PORT`]: url,
    [prefix]: url,
    [`${prefix}_PROTO`]: protocol.toLowerCase(),
    [`${prefix}_PORT`]: String(port),
    [`${prefix}_ADDR`]: '10.0.0.1',
  };
}

test('variables of any Service named jimini or jimini-x are ignored', async (t) => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?$/);
  const service = fc.oneof(
    fc.constant('jimini'),
    label.map((name) => `jimini-${name}`),
  );
  const port = fc.integer({ min: 1, max: 65_535 });
  await fc.assert(
    fc.asyncProperty(service, port, fc.constantFrom('TCP' as const, 'UDP' as const), label, async (...parts) => {
      const loaded = await loadConfig({ env: serviceVariables(...parts), directory: '/' });
      t.deepEqual(loaded.problems, []);
      t.is(loaded.config?.listen.data, '127.0.0.1:9000');
    }),
    { numRuns: 100 },
  );
});

test('every other variable with our prefix is refused, and other variables are not looked at', (t) => {
  const known = new Set([...CONFIG_KEYS.map((key) => key.variable), ...OTHER_VARIABLES.keys()]);
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z_]{0,20}$/), fc.string(), (rest, value) => {
      const name = `JIMINI_${rest}`;
      fc.pre(!known.has(name) && !isServiceVariableName(name));
      const { problems, overrides } = readEnvironment({ [name]: value, [`X${name}`]: value, JIMIN: value });
      t.is(problems.length, 1);
      t.is(overrides.length, 0);
      t.true(problems[0]?.message.startsWith(refusalStart(name)));
    }),
  );
});

function refusalStart(name: string): string {
  const map = CONFIG_KEYS.find((key) => key.variable === undefined && variableOf(key.path) === name);
  return map ? `${map.path} cannot` : 'unknown variable; the nearest known one is JIMINI_';
}

test('a refused variable is named, and its value is not', async (t) => {
  const loaded = await loadConfig({ env: { JIMINI_API_KEY: 'sk-very-secret' }, directory: '/' });
  t.false(JSON.stringify(loaded.problems).includes('secret'));
});

test('variables that are no settings are tolerated', async (t) => {
  const env = { JIMINI_HOST_NODE: '1', JIMINI_TOKEN_FILE: '/run/token' };
  t.deepEqual((await loadConfig({ env, directory: '/' })).problems, []);
});

test('a list variable says the same as the list in the file', (t) => {
  const item = fc.stringMatching(/^[a-z0-9./-]{1,10}$/);
  fc.assert(
    fc.property(fc.array(item, { minLength: 1 }), fc.constantFrom(',', ', ', ' , '), (items, comma) => {
      t.deepEqual(textToValue(items.join(comma), { type: 'array' }), { value: items });
    }),
  );
  t.deepEqual(textToValue('', { type: 'array' }), { value: [] });
});

test('numbers are whole, written in digits', (t) => {
  t.deepEqual(textToValue('-12', { type: 'integer' }), { value: -12 });
  for (const text of ['', '1.5', '1e3', '0x10', ' 1', '9'.repeat(16)]) {
    t.deepEqual(textToValue(text, { type: 'integer' }), { expected: 'a whole number' });
  }
});
