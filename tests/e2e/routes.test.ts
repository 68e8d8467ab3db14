import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { Verdict } from '../../proto/gen/jimini/v1/policy.js';
import { sendRaw } from '../envoy/clients.js';
import { startEnvoy } from '../envoy/envoy.js';
import { connectionManager, sampleConfigFor } from '../envoy/sample-config.js';
import { startUpstream } from '../envoy/upstream.js';
import { jimini } from '../processes/cli.js';
import { type CheckInput, checkRequestBytes, connect, type SidecarClient } from '../processes/client.js';
import { type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program } from '../tools/programs.js';

const test = anyTest as TestFn<{ folder: string; sidecar: SidecarProcess; client: SidecarClient }>;

const pack = (name: string) => `name: ${name}
version: "1"
rules:
  - {id: WORD-${name}, title: the word ${name}, severity: low, action: block, pattern: ${name}}
`;

const CONFIG = `packs: [./apple.yaml, ./pear.yaml]
tenant: house
tenants:
  spiffe://example.org/ns/acme/*: acme
policy:
  requiredPacks: [apple]
  gaps: {"uninspectable:image": deny}
  denialMessage: decision
  routes:
    images:
      endpoints: [/v1/images/*, pictures]
      gaps: {"uninspectable:image": allow, "path:ambiguous": allow}
      packs: [apple]
`;

test.before(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-routes-'));
  for (const name of ['apple', 'pear']) await writeFile(join(folder, `${name}.yaml`), pack(name));
  await writeFile(join(folder, 'jimini.yaml'), CONFIG);
  const sidecar = await startSidecarProcess({
    dataDir: join(folder, 'data'),
    args: ['--config', join(folder, 'jimini.yaml')],
  });
  t.context = { folder, sidecar, client: connect(sidecar.data) };
});

test.after.always(async (t) => {
  t.context.client?.close();
  await t.context.sidecar?.stop();
  await rm(t.context.folder, { recursive: true, force: true });
});

const withImage = (text: string) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: [{ text }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
    ],
  });

async function check(client: SidecarClient, text: string, parts: CheckInput) {
  const answer = await client.check(checkRequestBytes({ body: Buffer.from(withImage(text)), ...parts }));
  const denied = answer.httpResponse?.$case === 'deniedResponse' ? answer.httpResponse.value.body : '';
  return { code: answer.status?.code ?? 0, ruleIds: answer.dynamicMetadata?.['rule_ids'], denied };
}

test.serial('on a named route gaps and packs are what it says, at every door', async (t) => {
  const { client, folder } = t.context;
  const path = '/v1/images/edits';
  t.is((await check(client, 'hello', {})).code, 7, 'elsewhere an image is denied');
  t.is((await check(client, 'hello', { path })).code, 0);
  t.is((await check(client, 'pear', { path })).code, 0, 'a pack that the route did not choose');
  t.like(await check(client, 'apple', { path }), { code: 7, ruleIds: ['WORD-apple'] });
  const chosen = { 'jimini.packs': 'pear' };
  t.like(await check(client, 'pear', { path, contextExtensions: chosen }), { code: 7, ruleIds: ['WORD-pear'] });

  const body = Buffer.from(withImage('pear'));
  const evaluate = (endpoint: string) => client.evaluate({ body, contentType: 'application/json', endpoint });
  t.is((await evaluate(path)).verdict, Verdict.ALLOW);
  t.is((await evaluate('/v1/chat/completions')).verdict, Verdict.BLOCK);

  await writeFile(join(folder, 'body.json'), body);
  const file = ['test', '--config', join(folder, 'jimini.yaml'), '--body', join(folder, 'body.json')];
  const onRoute = await jimini([...file, '--content-type', 'application/json', '--endpoint', path, '--format', 'json']);
  t.is(onRoute.code, 0, onRoute.stdout);
  t.is((await jimini([...file, '--content-type', 'application/json', '--endpoint', '/v1/other'])).code, 1);
});

test.serial('a path that servers read differently is on no route, unless the proxy names its endpoint', async (t) => {
  const { client } = t.context;
  const path = '/v1/images/a%2fb';
  t.is((await check(client, 'hello', { path })).code, 7);
  t.is((await check(client, 'hello', { path, contextExtensions: { 'jimini.endpoint': 'pictures' } })).code, 0);
});

needs(program('envoy'))('an upgrade passes a real Envoy on the route that allows it, and on no other', async (t) => {
  const upstream = await startUpstream();
  const folder = await mkdtemp(join(tmpdir(), 'jimini-upgrade-'));
  await writeFile(
    join(folder, 'jimini.yaml'),
    'policy: {routes: {realtime: {endpoints: [/v1/realtime], gaps: {http:upgrade: flag}}}}',
  );
  const sidecar = await startSidecarProcess({
    dataDir: join(folder, 'data'),
    args: ['--config', join(folder, 'jimini.yaml')],
  });
  const port = Number(sidecar.data.split(':').at(-1));
  const config = sampleConfigFor({ listen: { port: 0 }, jimini: { port }, llm: { port: upstream.port } });
  connectionManager(config).upgrade_configs = [{ upgrade_type: 'websocket' }];
  const envoy = await startEnvoy(config);
  t.teardown(async () => {
    await envoy.stop();
    await sidecar.stop();
    await upstream.close();
    await rm(folder, { recursive: true });
  });
  const upgrade = (path: string) =>
    sendRaw(envoy.port, [`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`]);
  t.regex(await upgrade('/v1/realtimes'), /^HTTP\/1\.1 403 .*http:upgrade/s);
  t.is(upstream.received.length, 0);
  t.regex(await upgrade('/v1/realtime'), /^HTTP\/1\.1 101 /);
  t.is(upstream.received[0]?.headers['x-jimini-verdict'], 'FLAG');
});

test.serial('a client with a certificate has the tenant of its principal, unless the proxy names one', async (t) => {
  const { client, folder } = t.context;
  const principal = 'spiffe://example.org/ns/acme/sa/app';
  await check(client, 'hello', { principal, contextExtensions: { 'jimini.tenant': 'named' } });
  await check(client, 'hello', { principal });
  await check(client, 'hello', { principal: 'spiffe://example.org/ns/acmex/sa/app' });
  const shown = await jimini(['log', 'show', '--last', '3', '--data-dir', join(folder, 'data'), '--format', 'json']);
  const tenants = shown.stdout.trim().split('\n');
  t.deepEqual(
    tenants.map((line) => JSON.parse(line).tenant),
    ['named', 'acme', 'house'],
  );
});

test.serial('callers are told the decision alone where the setting says so', async (t) => {
  const { denied } = await check(t.context.client, 'apple', {});
  t.regex(JSON.parse(denied).error.message, /^Blocked by policy\. Decision [a-z2-7]{26}:\d+\.$/);
});

test.serial('records and metrics have the name of the route', async (t) => {
  const { folder, sidecar } = t.context;
  const { stdout } = await jimini(['log', 'show', '--data-dir', join(folder, 'data'), '--format', 'json']);
  const routes = stdout
    .trim()
    .split('\n')
    .flatMap((line) => JSON.parse(line).route ?? []);
  t.deepEqual([...new Set(routes)].sort(), ['/v1/chat/completions', 'images', 'other']);
  t.regex(await (await fetch(`http://${sidecar.ops}/metrics`)).text(), /endpoint="images"/);
});
