import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { type Config, changedRestartKeys } from '../../sidecar/config/config.js';
import { type ConfigSources, loadConfig, usable } from '../../sidecar/config/load.js';
import { packageRoot } from '../../sidecar/config/package-root.js';
import { configError, formatOrigin, formatProblem } from '../../sidecar/config/problem.js';
import { tlsFilesOf } from '../../sidecar/config/tls-files.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { tempDirectory } from './temp-directory.js';

interface RefusedCase {
  readonly name: string;
  readonly file?: string;
  readonly env?: Record<string, string>;
  readonly flags?: Record<string, string>;
  readonly problems: readonly string[];
}

const cases = parse(
  readFileSync(join(packageRoot(), 'tests/config/cases/refused.yaml'), 'utf8'),
) as readonly RefusedCase[];

const refused = test.macro(async (t, { file, env = {}, flags = {}, problems }: RefusedCase) => {
  const directory = tempDirectory(t);
  if (file !== undefined) writeFileSync(join(directory, 'jimini.yaml'), file);
  const loaded = await loadConfig({
    ...(file === undefined ? {} : { file: 'jimini.yaml' }),
    env,
    flags: new Map(Object.entries(flags).map(([key, said]) => [key, { name: `--${key}`, said }])),
    directory,
  });
  t.deepEqual(loaded.problems.map(formatProblem), problems);
  t.is(loaded.config, undefined);
});

for (const each of cases) test(each.name, refused, each);

test('a file that is nested too deeply has that one problem, however many brackets are open', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'jimini.yaml'), `packs: ${'['.repeat(100_000)}`);
  const { problems } = await loadConfig({ file: 'jimini.yaml', env: {}, directory });
  t.is(problems.length, 1);
  t.regex(formatProblem(problems[0] as (typeof problems)[0]), /^jimini\.yaml:1:\d+: nested too deeply$/);
});

async function configOf(sources: Partial<ConfigSources>): Promise<Config> {
  const loaded = await loadConfig({ env: {}, directory: '/work-dir', ...sources });
  if (!loaded.config) throw configError(loaded.problems);
  return loaded.config;
}

test('without file, environment and flags every setting has its default', async (t) => {
  const defaults: unknown = await configOf({});
  t.deepEqual(defaults, {
    dataDir: '/work-dir/.jimini',
    keyringDir: '',
    listen: {
      data: '127.0.0.1:9000',
      control: '127.0.0.1:9001',
      ops: '127.0.0.1:9002',
      allowPlaintext: [],
      socketMode: 0o660,
      tls: {
        certFile: '',
        keyFile: '',
        clientCaFile: '',
        clientCertificate: 'required',
        clientIds: [],
        listeners: ['data'],
      },
    },
    control: { tokensFile: '', clients: {}, proxies: [] },
    packs: ['secrets', 'pii', 'pci', 'injection'],
    shadow: false,
    privacy: { requireKeyring: false },
    store: { minFreeBytes: 512 * 1024 * 1024 },
    tenant: '',
    tenants: {},
    policy: {
      requiredPacks: ['all'],
      onError: 'deny',
      maskInExtAuthz: 'block',
      gaps: {},
      routes: {},
      denialMessage: 'reasons',
      ancestorDirections: 'inert',
    },
    moderators: {},
    killSwitch: null,
    maintenance: [],
    trustedHeaders: [],
    credentials: {
      headers: ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie'],
      query: ['key', 'api-key', 'access_token', 'x-amz-*'],
    },
    server: { reflection: 'auto' },
    log: {
      durability: 'strict',
      capture: 'findings',
      onGap: 'serve',
      retentionDays: 0,
      signingKeyFile: '',
      segments: { dir: '', retentionDays: 190 },
      witnesses: [],
    },
    metrics: { seedNames: true },
    logLevel: 'info',
  });
});

test('an empty file says nothing', async (t) => {
  const directory = tempDirectory(t);
  for (const text of ['', '# nothing yet\n', '\uFEFF', '---\n']) {
    writeFileSync(join(directory, 'jimini.yaml'), text);
    t.is((await configOf({ file: 'jimini.yaml', directory })).logLevel, 'info');
  }
});

test('a flag wins over the environment, the environment over the file, the file over the default', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'jimini.yaml'), 'logLevel: warn\nshadow: true\nmetrics: {seedNames: false}\n');
  const loaded = await loadConfig({
    file: 'jimini.yaml',
    directory,
    env: { JIMINI_LOG_LEVEL: 'error', JIMINI_SHADOW: '0' },
    flags: new Map([['logLevel', { name: '--log-level', said: 'debug' }]]),
  });
  t.deepEqual(loaded.problems, []);
  t.is(loaded.config?.logLevel, 'debug');
  t.is(loaded.config?.shadow, false);
  t.is(loaded.config?.metrics.seedNames, false);
  t.is(loaded.file, join(directory, 'jimini.yaml'));
  const origin = (key: string) => formatOrigin(loaded.origins.get(key) ?? { kind: 'default' });
  t.is(origin('logLevel'), '--log-level');
  t.is(origin('shadow'), 'JIMINI_SHADOW');
  t.is(origin('metrics.seedNames'), 'jimini.yaml:3:22');
  t.is(origin('dataDir'), 'default');
});

test('JIMINI_CONFIG names the file, and --config wins over it', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'a.yaml'), 'logLevel: warn\n');
  writeFileSync(join(directory, 'b.yaml'), 'logLevel: error\n');
  const env = { JIMINI_CONFIG: 'a.yaml' };
  t.is((await configOf({ env, directory })).logLevel, 'warn');
  t.is((await configOf({ env, directory, file: 'b.yaml' })).logLevel, 'error');
});

test('a relative path is relative to where it is said', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(
    join(directory, 'jimini.yaml'),
    'dataDir: data\npacks: [secrets, ./own.yaml]\nlisten: {data: "unix:run/data.sock"}\n',
  );
  const file = join(directory, 'jimini.yaml');
  const inFile = await configOf({ file });
  t.is(inFile.dataDir, join(directory, 'data'));
  t.deepEqual(inFile.packs, ['secrets', join(directory, 'own.yaml')]);
  t.is(inFile.listen.data, `unix:${directory}/run/data.sock`);
  const env = { JIMINI_DATA_DIR: 'data', JIMINI_PACKS: 'own.yml,/etc/x.yaml', JIMINI_LISTEN_DATA: 'unix:///run/x' };
  const inEnvironment = await configOf({ file, env });
  t.is(inEnvironment.dataDir, '/work-dir/data');
  t.deepEqual(inEnvironment.packs, ['/work-dir/own.yml', '/etc/x.yaml']);
  t.is(inEnvironment.listen.data, 'unix:/run/x');
});

test('a socket path that is too long only once resolved is refused', async (t) => {
  const directory = `/${'d'.repeat(LIMITS.socketPathBytesMax)}`;
  const loaded = await loadConfig({ env: { JIMINI_LISTEN_DATA: 'unix:data.sock' }, directory });
  t.deepEqual(loaded.problems.map(formatProblem), [
    'JIMINI_LISTEN_DATA: listen.data: the socket path has 118 bytes; the system allows 107',
  ]);
});

test('segments beside the data directory are accepted, and so is a directory that both lie in', async (t) => {
  for (const dir of ['/srv/jimini-days', '/srv/jimini/../days', '/srv']) {
    const env = { JIMINI_DATA_DIR: '/srv/jimini', JIMINI_LOG_SEGMENTS_DIR: dir };
    t.is((await configOf({ env })).log.segments.dir, resolve(dir));
  }
});

test('a keyring in the data directory is accepted, but for where the log is', async (t) => {
  for (const dir of ['/srv/jimini/keyring', '/srv/jimini', '/srv/jimini/logs', '/srv/log', '/srv/jimini/keys/log']) {
    const env = { JIMINI_DATA_DIR: '/srv/jimini', JIMINI_KEYRING_DIR: dir };
    t.is((await configOf({ env })).keyringDir, dir);
  }
});

test('a listener for other machines is accepted where plaintext is', async (t) => {
  const env = { JIMINI_LISTEN_DATA: '0.0.0.0:9000', JIMINI_LISTEN_ALLOW_PLAINTEXT: 'data' };
  t.is((await configOf({ env })).listen.data, '0.0.0.0:9000');
});

test('a listener for other machines is accepted where it speaks TLS, and the files stand beside the configuration', async (t) => {
  const directory = tempDirectory(t);
  const file = join(directory, 'jimini.yaml');
  const ids = "clientIds: ['spiffe://example.org/ns/*', 'urn:uuid:1']";
  const names = 'certFile: tls.crt, keyFile: keys/tls.key, clientCaFile: /run/ca.crt, listeners: [data, control]';
  writeFileSync(file, `listen: {data: '0.0.0.0:9000', control: '[::]:9001', tls: {${names}, ${ids}}}`);
  const { listen } = usable(await loadConfig({ file, env: {}, directory: '/' })).config;
  t.like(listen.tls, {
    certFile: join(directory, 'tls.crt'),
    keyFile: join(directory, 'keys/tls.key'),
    clientCaFile: '/run/ca.crt',
    clientCertificate: 'required',
  });
  t.deepEqual(tlsFilesOf(listen.tls).length, 3);
});

test('several listeners may ask for any free port', async (t) => {
  const env = { JIMINI_LISTEN_DATA: 'localhost:0', JIMINI_LISTEN_CONTROL: 'localhost:0', JIMINI_LISTEN_OPS: '[::1]:0' };
  t.is((await configOf({ env })).listen.control, 'localhost:0');
});

test('all stands for every built-in pack but the last two', async (t) => {
  t.deepEqual((await configOf({ env: { JIMINI_PACKS: 'all, illinois' } })).packs, [
    'secrets',
    'pii',
    'pci',
    'hipaa',
    'cjis',
    'injection',
    'illinois',
  ]);
});

test('names of required packs wait for the pack files when there are any', async (t) => {
  const env = { JIMINI_PACKS: 'secrets,own.yaml', JIMINI_POLICY_REQUIRED_PACKS: 'theirs' };
  t.deepEqual((await configOf({ env })).policy.requiredPacks, ['theirs']);
});

test('a flag may give a list as it is', async (t) => {
  const flags = new Map([['packs', { name: '--pack', said: ['./a,b.yaml', 'pci'] }]]);
  t.deepEqual((await configOf({ flags })).packs, ['/work-dir/a,b.yaml', 'pci']);
});

test('reflection takes auto, true and false', async (t) => {
  for (const [text, value] of [['auto', 'auto'] as const, ['true', true] as const, ['0', false] as const]) {
    t.is((await configOf({ env: { JIMINI_SERVER_REFLECTION: text } })).server.reflection, value);
  }
});

test('the keys that need a restart are named when they change', async (t) => {
  const before = await configOf({});
  const after = await configOf({ env: { JIMINI_SHADOW: '1', JIMINI_LISTEN_OPS: 'unix:/run/o', JIMINI_PACKS: 'pci' } });
  t.deepEqual(changedRestartKeys(before, before), []);
  t.deepEqual(changedRestartKeys(before, after), ['listen.ops']);
});

test('a file of hostile size or shape is refused, not read for ever', async (t) => {
  const directory = tempDirectory(t);
  const file = join(directory, 'jimini.yaml');
  const hostile: readonly (readonly [string | Uint8Array, RegExp])[] = [
    ['#'.repeat(LIMITS.configFileBytesMax + 1), /^jimini.yaml: larger than 4194304 bytes$/],
    [Uint8Array.of(0x61, 0xff), /^jimini.yaml: not valid UTF-8$/],
    ['['.repeat(50_000), /^jimini.yaml:1:\d+: /],
    [`dataDir: ${'a'.repeat(5000)}`, /^jimini.yaml:1:10: dataDir: expected at most 4096 characters$/],
    [`packs: [${'a,'.repeat(100)}a]`, /^jimini.yaml:1:8: packs: expected at most 64 entries$/],
    [Array.from({ length: 50_000 }, (_, i) => `key${i}: 1`).join('\n'), /^jimini.yaml:1:1: key0: unknown key/],
  ];
  for (const [content, expected] of hostile) {
    writeFileSync(file, content);
    const loaded = await loadConfig({ file: 'jimini.yaml', env: {}, directory });
    t.regex(formatProblem(loaded.problems[0] ?? { origin: { kind: 'default' }, key: '', message: '' }), expected);
    t.true(loaded.problems.length <= LIMITS.problemsMax);
  }
});

test('an alias bomb costs nothing', async (t) => {
  const directory = tempDirectory(t);
  const levels = Array.from(
    { length: 30 },
    (_, i) => `a${i}: &a${i} [*a${Math.max(i - 1, 0)}, *a${Math.max(i - 1, 0)}]`,
  );
  writeFileSync(join(directory, 'jimini.yaml'), levels.join('\n'));
  const loaded = await loadConfig({ file: 'jimini.yaml', env: {}, directory });
  t.is(loaded.config, undefined);
});

test('hostile keys leave Object.prototype as it was', async (t) => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  const directory = tempDirectory(t);
  writeFileSync(
    join(directory, 'jimini.yaml'),
    '"__proto__": {polluted: true}\nlisten: {"__proto__": {polluted: true}}\n',
  );
  await loadConfig({ file: 'jimini.yaml', env: { JIMINI___PROTO__: '1' }, directory });
  t.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
  t.is(({} as Record<string, unknown>)['polluted'], undefined);
});

test('all problems make one error with the code of bad configuration', async (t) => {
  const { problems } = await loadConfig({ env: { JIMINI_SHADOW: 'x', JIMINI_X: '' }, directory: '/' });
  const error = configError(problems);
  t.is(error.code, 'JIMINI_CONFIG_INVALID');
  t.is(error.message.split('\n').length, 2);
});
