import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { keyFile, signerOf } from '../audit/signed-logs.js';
import { createAuthority } from '../envoy/certificates.js';
import { jimini, verifySigned } from '../processes/cli.js';
import { connect } from '../processes/client.js';
import { FEW_RULES, repositoryRoot, type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';

const testGrpcurl = needs(program('grpcurl'));
const AUDITOR_ID = 'spiffe://example.org/ns/audit/sa/verifier';
const GATEWAY_ID = 'spiffe://example.org/ns/prod/sa/gateway';

let folder = '';
let dataDir = '';
let sidecar: SidecarProcess;

async function issue(name: string, role: string): Promise<string> {
  const { stdout } = await jimini(['token', 'issue', '--data-dir', dataDir, '--name', name, '--role', role]);
  const file = join(folder, `${name}.token`);
  await writeFile(file, stdout, { mode: 0o600 });
  return file;
}

/** `log verify --address` with this token, again while the token is not accepted yet. */
async function verify(address: string, tokenFile: string) {
  for (;;) {
    const ran = await verifySigned(['--address', address, '--format', 'json'], { JIMINI_TOKEN_FILE: tokenFile });
    if (!/UNAUTHENTICATED/.test(ran.stderr)) return ran;
  }
}

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jimini-control-'));
  dataDir = join(folder, 'data');
  sidecar = await startSidecarProcess({ dataDir, env: FEW_RULES });
  const client = connect(sidecar.data);
  for (let count = 0; count < 40; count += 1) await client.evaluate({ text: `question ${count}` });
  client.close();
});

test.after.always(async () => {
  await sidecar?.stop();
  await rm(folder, { recursive: true, force: true });
});

test.serial('without a tokens file nobody is let in, and health says so', async (t) => {
  const health = (await (await fetch(`http://${sidecar.ops}/health`)).json()) as { control: unknown };
  t.like(health.control, { ok: false, tokens: 0 });
  const refused = await jimini(['log', 'verify', '--address', sidecar.control], {});
  t.is(refused.code, 4);
  t.regex(refused.stderr, /expected JIMINI_TOKEN_FILE/);
});

test.serial('a token that is issued while the sidecar runs verifies its log from elsewhere', async (t) => {
  const file = await issue('ana', 'auditor');
  const { code, stdout } = await verify(sidecar.control, file);
  t.is(code, 0);
  t.like(JSON.parse(stdout), { status: 'ok', closed: false, payloads: 'not checked' });
  t.true((JSON.parse(stdout) as { entries: number }).entries > 41);
});

test.serial(
  'the log of a running sidecar is held against a checkpoint and keys that were kept elsewhere',
  async (t) => {
    const env = { JIMINI_TOKEN_FILE: join(folder, 'ana.token') };
    const head = await jimini(['log', 'head', '--address', sidecar.control, '--format', 'json'], env);
    const { checkpoint, verifier_keys: keys } = JSON.parse(head.stdout) as {
      checkpoint: string;
      verifier_keys: string[];
    };
    const [anchor, key, other] = [join(folder, 'anchor'), join(folder, 'key'), join(folder, 'other-key')];
    await writeFile(anchor, checkpoint);
    await writeFile(key, `${keys.join('\n')}\n`);
    await writeFile(other, keyFile(signerOf(7)));
    const held = (...args: string[]) => verifySigned(['--address', sidecar.control, '--anchor', anchor, ...args], env);
    t.is((await held('--key', key)).code, 0);
    const refused = await held('--key', other);
    t.is(refused.code, 1);
    t.regex(refused.stdout, /rule signer/);
  },
);

test.serial('what the token was refused for, and that it came, is in the log', async (t) => {
  const file = await issue('ben', 'operator');
  const ran = await verify(sidecar.control, file);
  t.is(ran.code, 4);
  t.regex(ran.stderr, /PERMISSION_DENIED: no role of the caller may call this method\n$/);
  const { stdout } = await jimini(['log', 'show', '--data-dir', dataDir, '--last', '200']);
  t.regex(stdout, / config +tokens: add [a-z2-7]{16} of ana, roles auditor, until /);
  t.regex(stdout, / admin +refused \/jimini\.v1\.AuditService\/GetCheckpoint: no_role of ben\n/);
  const secret = (await readFile(file, 'utf8')).trim().slice(-52);
  t.false(`${stdout}${sidecar.output()}${ran.stderr}`.includes(secret));
  const metrics = await (await fetch(`http://${sidecar.ops}/metrics`)).text();
  t.regex(metrics, /jimini_control_refused_calls_total\{reason="no_role"\} [1-9]/);
  t.regex(metrics, /jimini_control_tokens 2\n/);
});

test.serial('a file of tokens that others can read shuts everybody out', async (t) => {
  const file = await issue('eva', 'auditor');
  t.is((await verify(sidecar.control, file)).code, 0);
  const tokens = join(dataDir, 'control', 'tokens.json');
  await chmod(tokens, 0o644);
  const verifyOnce = () => jimini(['log', 'verify', '--address', sidecar.control], { JIMINI_TOKEN_FILE: file });
  while ((await verifyOnce()).code !== 4);
  t.regex(await (await fetch(`http://${sidecar.ops}/health`)).text(), /can be read or written by others/);
  await chmod(tokens, 0o600);
  t.is((await verify(sidecar.control, file)).code, 0);
});

testGrpcurl('the commands of the documentation run as they stand there', async (t) => {
  const docs = await readFile(join(repositoryRoot, 'docs', 'control.md'), 'utf8');
  const block = /```sh\n(export TOKEN=.*?)```/s.exec(docs)?.[1] ?? '';
  const token = await issue('cem', 'auditor');
  await verify(sidecar.control, token);
  const script = block.replaceAll('localhost:9001', sidecar.control).replaceAll('ana.token', token);
  const env = { ...process.env, PATH: `${dirname(toolPath('grpcurl') ?? '')}:${process.env['PATH']}` };
  const { stdout } = await promisify(execFile)('bash', ['-euc', script], { env, maxBuffer: 64 * 1024 * 1024 });
  t.regex(stdout, /"passedLeaves": "\d+"/);
  t.regex(stdout, /"nextSeq": "\d+"/);
  t.regex(stdout, /"status": "VERIFY_STATUS_OK"/);
});

test.serial('a revoked token is refused within seconds', async (t) => {
  const file = await issue('dan', 'auditor');
  t.is((await verify(sidecar.control, file)).code, 0);
  const id = (await readFile(file, 'utf8')).split('_')[1] ?? '';
  await jimini(['token', 'revoke', '--data-dir', dataDir, id]);
  for (;;) {
    const { code, stderr } = await jimini(['log', 'verify', '--address', sidecar.control], { JIMINI_TOKEN_FILE: file });
    if (code === 0 || code === 3) continue;
    t.regex(stderr, /UNAUTHENTICATED: the token is not accepted\n$/);
    break;
  }
});

test('with mutual TLS a name in a certificate has a role, and that of a proxy has none', async (t) => {
  const authority = createAuthority();
  const own = join(folder, 'tls');
  const data = join(own, 'data');
  await mkdir(own);
  const put = (name: string, text: string) => writeFile(join(own, name), text, { mode: 0o600 });
  const server = authority.issue();
  await Promise.all([put('ca.crt', authority.cert), put('tls.crt', server.cert), put('tls.key', server.key)]);
  for (const [name, id] of Object.entries({ auditor: AUDITOR_ID, gateway: GATEWAY_ID, other: `${AUDITOR_ID}-2` })) {
    const { cert, key } = authority.issue({ uris: [id] });
    await Promise.all([put(`${name}.crt`, cert), put(`${name}.key`, key)]);
  }
  await put(
    'jimini.yaml',
    `listen: {tls: {certFile: tls.crt, keyFile: tls.key, clientCaFile: ca.crt, listeners: [control]}}
control: {tokensFile: tokens.json, clients: {'${AUDITOR_ID}': [reader], 'spiffe://example.org/ns/prod/*': [auditor]}, proxies: ['${GATEWAY_ID}']}
`,
  );
  const config = ['--config', join(own, 'jimini.yaml')];
  const secured = await startSidecarProcess({ dataDir: data, args: config, env: FEW_RULES });
  t.teardown(() => secured.stop());
  const { stdout } = await jimini(['token', 'issue', ...config, '--name', 'fay', '--role', 'auditor']);
  await put('fay.token', stdout);
  const address = `localhost:${secured.control.split(':').at(-1)}`;
  const as = (who: string, env = {}) => {
    const tls = ['--ca', join(own, 'ca.crt'), '--cert', join(own, `${who}.crt`), '--cert-key', join(own, `${who}.key`)];
    return verifySigned(['--address', address, ...tls], env);
  };
  t.like(await as('auditor'), { code: 0 });
  t.regex((await as('gateway')).stderr, /UNAUTHENTICATED/);
  t.regex((await as('other')).stderr, /UNAUTHENTICATED/);
  const withToken = () => as('gateway', { JIMINI_TOKEN_FILE: join(own, 'fay.token') });
  while ((await withToken()).code !== 0);
  t.regex(
    (
      await jimini(['log', 'verify', '--address', address, '--ca', join(own, 'ca.crt')], {
        JIMINI_TOKEN_FILE: join(own, 'fay.token'),
      })
    ).stderr,
    /UNAVAILABLE/,
  );
});
