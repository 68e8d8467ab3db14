import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import test from 'ava';
import { type Certificate, createAuthority } from '../envoy/certificates.js';
import { type RunningEnvoy, startEnvoy } from '../envoy/envoy.js';
import { type EnvoyConfig, sampleConfig, sampleConfigFor } from '../envoy/sample-config.js';
import { startUpstream, type Upstream } from '../envoy/upstream.js';
import { jimini } from '../processes/cli.js';
import { chatBodyOf } from '../processes/client.js';
import { repositoryRoot, type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program } from '../tools/programs.js';

const testEnvoy = needs(program('envoy'));
const testOpenssl = needs(program('envoy'), {
  name: 'openssl 3',
  missing: () =>
    /^OpenSSL 3/.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '')
      ? undefined
      : 'not installed',
});
const OUR_ID = 'spiffe://example.org/ns/guard/sa/jimini';
const ENVOY_ID = 'spiffe://example.org/ns/prod/sa/gateway';
const WAIT_MS = 20_000;

const authority = createAuthority();
const envoyCertificate = authority.issue({ uris: [ENVOY_ID] });

let folder: string;
let sidecar: SidecarProcess;
let upstream: Upstream;
let generation = 0;

/** Puts certificate and key where the sidecar reads them, as Kubernetes swaps a Secret: by one rename of a link. */
async function putPair({ cert, key }: Certificate): Promise<void> {
  const mount = join(folder, 'tls');
  generation += 1;
  const data = join(mount, `..${generation}`);
  await mkdir(data, { recursive: true });
  const files = { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.cert };
  for (const [name, text] of Object.entries(files)) await writeFile(join(data, name), text, { mode: 0o600 });
  await symlink(`..${generation}`, join(mount, '..data_tmp'));
  await rename(join(mount, '..data_tmp'), join(mount, '..data'));
}

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jimini-mtls-'));
  await putPair(authority.issue({ uris: [OUR_ID], dnsNames: ['localhost'], days: 2 }));
  for (const name of ['tls.crt', 'tls.key', 'ca.crt']) await symlink(`..data/${name}`, join(folder, 'tls', name));
  await writeFile(
    join(folder, 'jimini.yaml'),
    "listen: {tls: {certFile: tls/tls.crt, keyFile: tls/tls.key, clientCaFile: tls/ca.crt, clientIds: ['spiffe://example.org/ns/prod/*']}}",
  );
  upstream = await startUpstream();
  sidecar = await startSidecarProcess({
    dataDir: join(folder, 'data'),
    env: { JIMINI_LISTEN_DATA: '0.0.0.0:0' },
    args: ['--config', join(folder, 'jimini.yaml')],
  });
});
test.after.always(async () => {
  await Promise.all([sidecar?.stop(), upstream?.close()]);
  await rm(folder, { recursive: true });
});

interface EnvoyOptions {
  /** Data port that Envoy asks; default: that of the sidecar of all tests. */
  readonly port?: number;
  /** Whom Envoy trusts, PEM. */
  readonly authority?: string;
  /** Changes the configuration. */
  readonly edit?: (config: EnvoyConfig) => void;
}

/** An Envoy with the sample configuration that shows this certificate. */
async function startMutualEnvoy({ cert, key }: Certificate, options: EnvoyOptions = {}): Promise<RunningEnvoy> {
  const { port = portOf(sidecar), edit } = options;
  const files = await mkdtemp(join(folder, 'envoy-'));
  await writeFile(join(files, 'tls.crt'), cert);
  await writeFile(join(files, 'tls.key'), key);
  await writeFile(join(files, 'ca.crt'), options.authority ?? authority.cert);
  const places = { listen: { port: 0 }, jimini: { port }, llm: { port: upstream.port } };
  const config = sampleConfigFor(places, 'envoy-mtls.yaml');
  edit?.(config);
  return startEnvoy(JSON.parse(JSON.stringify(config).replaceAll('/etc/envoy/tls', files)));
}

async function ask(envoy: RunningEnvoy, text: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(`http://127.0.0.1:${envoy.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: chatBodyOf(text),
  });
  return { status: answer.status, body: await answer.text() };
}

const get = async (path: string) => (await fetch(`http://${sidecar.ops}${path}`)).text();
const metric = async (name: string) => Number((await get('/metrics')).split(`\n${name} `)[1]?.split('\n', 1)[0]);
const health = async () =>
  JSON.parse(await get('/health')) as { ok: boolean; tls: { ok: boolean; problems?: string[] } };

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`not in time:\n${sidecar.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function portOf({ data }: SidecarProcess): number {
  return Number(data.slice(data.lastIndexOf(':') + 1));
}

/** When the certificate ends that a new connection is shown, ms. */
async function shownExpiry(): Promise<number> {
  const port = portOf(sidecar);
  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, servername: 'localhost', ...envoyCertificate });
  try {
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return Date.parse(socket.getPeerCertificate().valid_to);
  } finally {
    socket.destroy();
  }
}

test('the sample for mutual TLS is the plain one but for the cluster of the sidecar', (t) => {
  const others = (config: EnvoyConfig) => ({
    ...config,
    static_resources: {
      ...config.static_resources,
      clusters: config.static_resources.clusters.filter(({ name }) => name !== 'jimini'),
    },
  });
  t.deepEqual(others(sampleConfig('envoy-mtls.yaml')), others(sampleConfig()));
});

testEnvoy('requests are judged over mutual TLS, and go on while certificates are renewed', async (t) => {
  const envoy = await startMutualEnvoy(envoyCertificate);
  try {
    t.is((await ask(envoy, 'What is the capital of France?')).status, 200);
    t.regex((await ask(envoy, 'My card is 4111 1111 1111 1111')).body, /jimini_blocked/);
    const expiry = 'jimini_tls_certificate_expiry_timestamp_seconds';
    const before = await metric(expiry);
    t.is(before * 1000, await shownExpiry());

    await putPair(authority.issue({ uris: [OUR_ID], dnsNames: ['localhost'], days: 3 }));
    await until(async () => (await metric(expiry)) > before);
    t.is((await metric(expiry)) * 1000, await shownExpiry());
    t.is((await ask(envoy, 'and of Spain?')).status, 200);
    t.is(await metric('jimini_tls_reloads_total{result="applied"}'), 1);

    const good = await metric(expiry);
    await putPair({ cert: authority.issue().cert, key: authority.issue().key });
    await until(async () => (await metric('jimini_tls_reload_failed')) === 1);
    const { ok, tls } = await health();
    t.true(ok, 'the guard still guards');
    t.false(tls.ok);
    t.regex(tls.problems?.join() ?? '', /tls\.key: listen\.tls\.keyFile: is not the key of/);
    t.regex(sidecar.output(), /certificate refused; the last good one stays in force/);
    t.is(await metric(expiry), good);
    t.is((await ask(envoy, 'and of Italy?')).status, 200);
    t.is((await shownExpiry()) / 1000, good);

    await putPair(authority.issue({ uris: [OUR_ID], dnsNames: ['localhost'], days: 4 }));
    await until(async () => (await metric('jimini_tls_reload_failed')) === 0);
    t.true((await health()).tls.ok);
    t.true((await metric(expiry)) > good);
    t.notRegex(sidecar.output(), /PRIVATE KEY/);
  } finally {
    await envoy.stop();
  }
});

const stranger = createAuthority('Stranger');
for (const { title, certificate, edit, reason } of [
  {
    title: 'with a certificate of another authority',
    certificate: stranger.issue({ uris: [ENVOY_ID] }),
    reason: 'certificate',
  },
  {
    title: 'with a certificate that has ended',
    certificate: authority.issue({ uris: [ENVOY_ID], days: -1 }),
    reason: 'certificate',
  },
  {
    title: 'with an id that is not in the list',
    certificate: authority.issue({ uris: ['spiffe://example.org/ns/dev/sa/gateway'] }),
    reason: 'client_id',
  },
  {
    title: 'that speaks plaintext',
    certificate: envoyCertificate,
    edit: (config: EnvoyConfig) => {
      for (const cluster of config.static_resources.clusters) delete cluster.transport_socket;
    },
    reason: 'not_tls',
  },
  {
    title: 'that expects another one than us',
    certificate: envoyCertificate,
    edit: (config: EnvoyConfig) => {
      const { typed_config } = config.static_resources.clusters[0].transport_socket;
      const [match] = typed_config.common_tls_context.validation_context.match_typed_subject_alt_names;
      match.matcher.exact = ENVOY_ID;
    },
    reason: 'peer_refused',
  },
]) {
  testEnvoy(`an Envoy ${title} gets no answer: its clients get 503, and we count it`, async (t) => {
    const series = `jimini_tls_refused_connections_total{listener="data",reason="${reason}"}`;
    const before = (await metric(series)) || 0;
    const envoy = await startMutualEnvoy(certificate, { ...(edit && { edit }) });
    try {
      const reached = upstream.received.length;
      t.is((await ask(envoy, 'What is the capital of France?')).status, 503);
      t.is(upstream.received.length, reached);
      await until(async () => (await metric(series)) > before);
      t.regex(sidecar.output(), new RegExp(`"reason":"${reason}"`));
    } finally {
      await envoy.stop();
    }
  });
}

testOpenssl('the certificates of the documentation let Envoy in', async (t) => {
  const directory = await mkdtemp(join(folder, 'openssl-'));
  const page = await readFile(join(repositoryRoot, 'docs', 'envoy.md'), 'utf8');
  const [, commands = ''] = /```sh\n(umask .*?)```/s.exec(page) ?? [];
  await promisify(execFile)('bash', ['-ec', commands], { cwd: directory });
  const file = (name: string) => join(directory, name);
  const env = {
    JIMINI_LISTEN_TLS_CERT_FILE: file('jimini.crt'),
    JIMINI_LISTEN_TLS_KEY_FILE: file('jimini.key'),
    JIMINI_LISTEN_TLS_CLIENT_CA_FILE: file('ca.crt'),
    JIMINI_LISTEN_TLS_CLIENT_IDS: ENVOY_ID,
  };
  const other = await startSidecarProcess({ dataDir: file('data'), env });
  const read = (name: string) => readFile(file(name), 'utf8');
  const shown = { cert: await read('gateway.crt'), key: await read('gateway.key') };
  const envoy = await startMutualEnvoy(shown, { port: portOf(other), authority: await read('ca.crt') });
  try {
    t.is((await ask(envoy, 'What is the capital of France?')).status, 200);
  } finally {
    await Promise.all([envoy.stop(), other.stop()]);
  }
});

test('a pair that does not fit is refused at start and by config check, by file and key', async (t) => {
  const directory = await mkdtemp(join(folder, 'wrong-'));
  const name = (file: string) => join(directory, file);
  await writeFile(name('tls.crt'), authority.issue().cert);
  await writeFile(name('tls.key'), authority.issue().key, { mode: 0o600 });
  const env = {
    JIMINI_LISTEN_TLS_CERT_FILE: name('tls.crt'),
    JIMINI_LISTEN_TLS_KEY_FILE: name('tls.key'),
    JIMINI_LISTEN_TLS_CLIENT_CERTIFICATE: 'none',
  };
  const expected = /tls\.key: listen\.tls\.keyFile: is not the key of the certificate/;
  const error = await t.throwsAsync(startSidecarProcess({ dataDir: name('data'), env }));
  t.regex(error?.message ?? '', expected);
  const checked = await jimini(['config', 'check'], env);
  t.is(checked.code, 2);
  t.regex(checked.stderr, expected);
});
