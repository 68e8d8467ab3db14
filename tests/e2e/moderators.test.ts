import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Verdict } from '../../proto/gen/jimini/v1/policy.js';
import { answers, chat, hangs, startStandIn } from '../moderators/stand-in.js';
import { jimini } from '../processes/cli.js';
import { chatBodyOf, checkRequestBytes, connect } from '../processes/client.js';
import { startSidecarProcess } from '../processes/sidecar.js';

const PACK = `name: acme
version: "1"
rules:
  - {id: WORD, title: a word, severity: low, action: block, pattern: apple}
  - {id: MEDICAL, title: medical advice, severity: high, action: block, llm_prompt: "prompt-canary: medical advice?"}
  - {id: LEGAL, title: legal advice, severity: high, action: flag, llm_prompt: "prompt-canary: legal advice?", classifier: second}
`;

const configFor = (url: string, more = '') => `packs: [./acme.yaml]
moderators:
  default: {kind: openai-chat, url: "${url}", model: small-model, keyFile: ./key, timeoutMs: 500${more}}
  second: {kind: openai-chat, url: "${url}", model: other-model, timeoutMs: 500, onFailure: allow}
`;

/** Asks until the answer is as expected, or time is up. */
async function until(condition: () => Promise<boolean> | boolean): Promise<boolean> {
  const endMs = Date.now() + 20_000;
  while (Date.now() < endMs) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

test('a model has its say in a real sidecar, whatever becomes of it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-moderators-'));
  const model = await startStandIn(chat('No.'));
  const dataDir = join(folder, 'data');
  await writeFile(join(folder, 'acme.yaml'), PACK);
  await writeFile(join(folder, 'key'), 'key-canary-1\n', { mode: 0o600 });
  const configFile = join(folder, 'jimini.yaml');
  await writeFile(configFile, configFor(model.url));
  const sidecar = await startSidecarProcess({ dataDir, args: ['--config', configFile] });
  const client = connect(sidecar.data);
  const metrics = async () => (await fetch(`http://${sidecar.ops}/metrics`)).text();
  const evaluate = (text: string) => client.evaluate({ text, direction: 'inbound' });
  const keys = () => model.received.map(({ headers }) => headers.authorization);
  try {
    t.deepEqual(
      (await client.listRules()).rules.map(({ id, enabled }) => [id, enabled]),
      [
        ['WORD', true],
        ['MEDICAL', true],
        ['LEGAL', true],
      ],
    );

    t.like(await evaluate('text-canary one'), { verdict: Verdict.ALLOW, ruleIds: [], coverageGaps: [] });
    t.is(model.received.length, 2, 'both rules are asked');
    t.deepEqual(keys().sort(), ['Bearer key-canary-1', undefined]);
    await evaluate('text-canary one');
    t.is(model.received.length, 2, 'answers are remembered');
    await evaluate('text-canary apple');
    t.is(model.received.length, 2, 'what the rules block is not asked about');

    model.behave(chat('Yes!'));
    const hit = await evaluate('text-canary two');
    t.like(hit, { ruleIds: ['MEDICAL', 'LEGAL'], rawVerdict: Verdict.BLOCK, verdict: Verdict.BLOCK });
    const filler = 'long '.repeat(10_000);
    const long = await client.check(checkRequestBytes({ body: chatBodyOf(`text-canary ${filler}`) }));
    t.is(long.status?.code, 7, 'a large body, judged in the worker, is asked about and denied');

    model.behave(answers(500));
    const down = await evaluate('text-canary three');
    t.like(down, { ruleIds: [], coverageGaps: ['classifier:unavailable'] });
    t.is(down.verdict, Verdict.FLAG, 'onFailure: flag of one counts, allow of the other does not');

    model.behave(hangs);
    const startMs = performance.now();
    await evaluate('text-canary four');
    t.true(performance.now() - startMs < 3_000, 'a model that hangs costs its time limit, no more');
    for (let i = 0; i < 5; i++) await evaluate(`text-canary five ${i}`);
    t.regex(await metrics(), /jimini_circuit_breaker_state\{service="moderator:default"\} [12]/);
    const asked = model.received.length;
    const fast = performance.now();
    t.like(await evaluate('text-canary six'), { coverageGaps: ['classifier:unavailable'] });
    t.true(performance.now() - fast < 400 || model.received.length > asked, 'then it is left alone');

    model.behave(chat('No.'));
    t.true(
      await until(async () => (await evaluate(`text-canary ${Math.random()}`)).coverageGaps.length === 0),
      'it heals',
    );
    t.regex(await metrics(), /jimini_circuit_breaker_state\{service="moderator:default"\} 0/);
    t.regex(
      await metrics(),
      /jimini_classifier_questions_total\{classifier="default",result="timeout",cached="false"\} [1-9]/,
    );

    await writeFile(join(folder, 'key'), 'key-canary-2\n');
    const usesNewKey = async () => {
      await evaluate(`text-canary ${Math.random()}`);
      return keys().includes('Bearer key-canary-2');
    };
    t.true(await until(usesNewKey), 'a new key in the file is used without a restart');

    await writeFile(configFile, configFor(model.url, ', onFailure: deny'));
    model.behave(answers(503));
    t.true(
      await until(async () => (await evaluate(`text-canary ${Math.random()}`)).verdict === Verdict.BLOCK),
      'onFailure is live',
    );
  } finally {
    client.close();
    await sidecar.stop();
    await model.close();
  }
  t.notRegex(sidecar.output(), /canary/, 'neither texts, prompts nor keys are logged');
  t.regex(sidecar.output(), /"classifier":"default".*is left alone/);
  const shown = await jimini(['log', 'export', '--data-dir', dataDir, '--out', join(folder, 'out')]);
  t.is(shown.code, 0, shown.stderr);
  const leaves = await readFile(join(folder, 'out', 'entries.jsonl'), 'utf8');
  t.true(leaves.includes('{"model":"small-model","name":"default","rule":"MEDICAL","said":"yes"}'));
  t.true(leaves.includes('{"model":"small-model","name":"default","rule":"MEDICAL","said":"failed"}'));
  t.notRegex(leaves, /canary/);
  t.is((await jimini(['log', 'verify', '--data-dir', dataDir])).code, 0);
  t.is((await jimini(['log', 'verify', '--export', join(folder, 'out')])).code, 0);
  await rm(folder, { recursive: true });
});

test('a key that cannot be read refuses the start, and config check says so', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-moderators-'));
  await writeFile(join(folder, 'acme.yaml'), PACK);
  await writeFile(join(folder, 'jimini.yaml'), configFor('https://models.example/'));
  for (const args of [['config', 'check'], ['serve']]) {
    const { code, stderr } = await jimini([...args, '--config', join(folder, 'jimini.yaml')], {
      JIMINI_DATA_DIR: join(folder, 'data'),
    });
    t.is(code, 2);
    t.regex(stderr, /moderators\.default\.keyFile: no such file/);
  }
  await rm(folder, { recursive: true });
});

test('jimini test asks as the sidecar would', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-moderators-'));
  const model = await startStandIn(chat('Yes'));
  await writeFile(join(folder, 'acme.yaml'), PACK);
  await writeFile(join(folder, 'key'), 'key-canary', { mode: 0o600 });
  await writeFile(join(folder, 'jimini.yaml'), configFor(model.url));
  const args = ['test', '--config', join(folder, 'jimini.yaml'), '--text', 'hello', '--format', 'json'];
  const blocked = await jimini(args);
  t.is(blocked.code, 1);
  t.deepEqual(JSON.parse(blocked.stdout).rule_ids, ['MEDICAL', 'LEGAL']);
  model.behave(answers(500));
  const flagged = await jimini(args);
  t.is(flagged.code, 0);
  t.like(JSON.parse(flagged.stdout), { verdict: 'FLAG', coverage_gaps: ['classifier:unavailable'] });
  const sarif = await jimini([...args.slice(0, -1), 'sarif']);
  t.is(JSON.parse(sarif.stdout).runs[0].results.length, 1);
  await model.close();
  await rm(folder, { recursive: true });
});
