import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { type RunningEnvoy, startEnvoy } from '../envoy/envoy.js';
import { sampleConfigFor } from '../envoy/sample-config.js';
import { repositoryRoot, type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';

const testEnvoy = needs(program('envoy'));
const testCurl = needs(program('envoy'), {
  name: 'curl',
  missing: () => (spawnSync('curl', ['--version']).status === 0 ? undefined : 'it is not installed'),
});

let folder: string;
let sidecar: SidecarProcess;
let envoy: RunningEnvoy;

test.before(async () => {
  if (!toolPath('envoy')) return;
  folder = await mkdtemp(join(tmpdir(), 'jimini-rest-'));
  sidecar = await startSidecarProcess({ dataDir: join(folder, 'data') });
  const jimini = { port: Number(sidecar.data.split(':')[1]) };
  envoy = await startEnvoy(sampleConfigFor({ listen: { port: 0 }, jimini }, 'envoy-rest.yaml'));
});
test.after.always(async () => {
  await Promise.all([envoy?.stop(), sidecar?.stop()]);
  if (folder) await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Undefined where the answer is no JSON. */
  readonly json: Record<string, unknown> | undefined;
}

async function send(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${envoy.port}${path}`, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
}

const evaluate = (body: string | Uint8Array<ArrayBuffer>) => send('/v1/evaluate', { method: 'POST', body });

testEnvoy('a text is judged, and its answer has every member under its name in the proto', async (t) => {
  const { status, json } = await evaluate(
    JSON.stringify({ text: 'What is the capital of France?', request_id: 'r-1' }),
  );
  t.is(status, 200);
  t.deepEqual(Object.keys(json ?? {}), [
    'verdict',
    'raw_verdict',
    'rule_ids',
    'message',
    'request_id',
    'decision_id',
    'findings',
    'coverage_gaps',
    'policy_revision',
    'masked_text',
  ]);
  t.like(json, { verdict: 'VERDICT_ALLOW', rule_ids: [], request_id: 'r-1', masked_text: '' });
  t.regex(String(json?.['decision_id']), /^[a-z2-7]+:\d+$/);
});

testEnvoy('a block is an answer with status 200, with its findings', async (t) => {
  const { status, json } = await evaluate(JSON.stringify({ text: 'Grüße: 4111 1111 1111 1111' }));
  t.is(status, 200);
  t.like(json, { verdict: 'VERDICT_BLOCK', rule_ids: ['PCI-CARD-NUMBER'] });
  const [finding] = (json?.['findings'] ?? []) as Record<string, unknown>[];
  t.like(finding, { pack: 'pci', pointer: '', start: 9, end: 28, validator: 'card' });
});

testEnvoy('names may be written as JSON has them, too', async (t) => {
  const { json } = await evaluate(JSON.stringify({ text: 'x', requestId: 'r-2' }));
  t.is(json?.['request_id'], 'r-2');
});

testEnvoy('the rules are listed', async (t) => {
  const { status, json } = await send('/v1/rules');
  t.is(status, 200);
  const rules = (json?.['rules'] ?? []) as Record<string, unknown>[];
  t.true(rules.length > 100);
  t.like(
    rules.find(({ id }) => id === 'PCI-CARD-NUMBER'),
    { pack: 'pci', action: 'block', enabled: true },
  );
});

const refused = test.macro({
  async exec(t, body: string | Uint8Array<ArrayBuffer>, expected: RegExp) {
    const answer = await evaluate(body);
    t.is(answer.status, 400);
    t.regex(answer.text, expected);
  },
  title: (what) => `${what} is status 400, with the reason`,
});
testEnvoy('JSON that is cut', refused, '{"text": "canary', /Closing quote/);
testEnvoy('no JSON', refused, 'text=canary', /Unexpected token/);
testEnvoy('a list', refused, '[{"text": "canary"}]', /Root element must be a message/);
testEnvoy('a number for a text', refused, '{"text": 5}', /text: invalid value 5/);
testEnvoy('a body that is not base64', refused, '{"body": "canary!"}', /invalid value/);
testEnvoy('a text that is not UTF-8', refused, Buffer.from('{"text": "\xff"}', 'latin1'), /non UTF-8/);
testEnvoy('half a surrogate pair', refused, '{"text": "\\ud800"}', /surrogate/);
testEnvoy(
  'text beside a body',
  refused,
  '{"text": "x", "body": "eA=="}',
  /"code":3,"message":"text and body are both set/,
);
testEnvoy(
  'an unknown direction',
  refused,
  '{"text": "x", "direction": "up"}',
  /"code":3,"message":"direction is neither/,
);

testEnvoy('a member that the proto does not have is dropped, so that its text is not judged', async (t) => {
  const { status, json } = await evaluate(JSON.stringify({ txt: 'My card is 4111 1111 1111 1111' }));
  t.is(status, 200);
  t.is(json?.['verdict'], 'VERDICT_ALLOW');
});

testEnvoy('of a member that is there twice the last one is judged', async (t) => {
  const card = '"text": "My card is 4111 1111 1111 1111"';
  t.is((await evaluate(`{${card}, "text": "x"}`)).json?.['verdict'], 'VERDICT_ALLOW');
  t.is((await evaluate(`{"text": "x", ${card}}`)).json?.['verdict'], 'VERDICT_BLOCK');
});

testEnvoy('an unknown name in the query, another path and another method are refused', async (t) => {
  t.is((await send('/v1/rules?canary=1')).status, 400);
  t.is((await send('/v1/canary')).status, 404);
  t.is((await send('/v1/evaluate', { method: 'PUT', body: '{}' })).status, 404);
  t.is((await send('/v1/rules', { method: 'DELETE' })).status, 404);
});

testEnvoy('nothing else of the data port can be reached', async (t) => {
  for (const path of ['/envoy.service.auth.v3.Authorization/Check', '/grpc.health.v1.Health/Check']) {
    const headers = { 'content-type': 'application/grpc' };
    const answer = await fetch(`http://127.0.0.1:${envoy.port}${path}`, { method: 'POST', headers, body: '' });
    t.is(answer.headers.get('grpc-status'), '12', 'unimplemented');
  }
});

testEnvoy('a request of more than 32 MiB is refused by its size, and does not reach us', async (t) => {
  const before = await (await fetch(`http://${sidecar.ops}/health`)).json();
  const answer = await evaluate(JSON.stringify({ text: 'a'.repeat(32 * 1024 * 1024) }));
  t.is(answer.status, 413);
  const after = await (await fetch(`http://${sidecar.ops}/health`)).json();
  t.is((after as { store: { leaves: number } }).store.leaves, (before as { store: { leaves: number } }).store.leaves);
});

testCurl('the commands of the documentation do what it says', async (t) => {
  const page = await readFile(join(repositoryRoot, 'docs', 'rest.md'), 'utf8');
  const commands = [...page.matchAll(/```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?/gs)];
  t.is(commands.length, 4);
  const stable = ({ verdict, rule_ids, message, request_id, ...others }: Record<string, unknown>) => ({
    ...{ verdict, rule_ids, message, request_id },
    names: Object.keys(others),
  });
  const answers = [];
  for (const [, command = '', shown] of commands) {
    const here = command.replaceAll('127.0.0.1:10001', `127.0.0.1:${envoy.port}`);
    const { stdout } = await promisify(execFile)('bash', ['-ec', here], { maxBuffer: 16 * 1024 * 1024 });
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    answers.push(answer);
    if (shown !== undefined) t.deepEqual(stable(answer), stable(JSON.parse(shown)));
  }
  t.is(answers[2]?.['verdict'], 'VERDICT_BLOCK');
  t.true(Array.isArray(answers[3]?.['rules']));
});

testEnvoy('the access log holds nothing of what was sent, neither path nor query nor body', async (t) => {
  await send('/v1/log-canary?text=log-canary');
  await send('/v1/evaluate?text=log-canary', { method: 'POST', body: '{"request_id": "log-canary"}' });
  await evaluate('{"text": log-canary}');
  await send('/v1/rules?log-canary=1', { headers: { 'x-test': 'log-canary' } });
  await send('/v1/rules', { method: 'OPTIONS' }); // the last line
  await envoy.line('"method":"OPTIONS"');
  t.regex(envoy.output(), /"route":"evaluate"/);
  t.notRegex(envoy.output(), /canary/);
});
