import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { type Chain, startChain } from '../envoy/chain.js';
import { sendRaw } from '../envoy/clients.js';
import { startEnvoy } from '../envoy/envoy.js';
import { connectionManager, extAuthz, sampleConfigFor } from '../envoy/sample-config.js';
import type { UpstreamRequest } from '../envoy/upstream.js';
import { repositoryRoot } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';
import { DECISION_ID, decisionFor } from './decisions.js';

const run = promisify(execFile);
const testEnvoy = needs(program('envoy'));

/** Words in the prompt choose the decision, so that one chain serves all tests of this file. */
const PROMPT = (text: string) => JSON.stringify({ model: 'm', messages: [{ role: 'user', content: text }] });
const CARD_RULE = {
  id: 'card-number',
  pack: 'pci',
  title: 'Payment card number',
  severity: 'high',
  action: 'block',
  effectiveAction: 'block',
} as const;

let chain: Chain;
test.before(async () => {
  if (!toolPath('envoy')) return;
  chain = await startChain({
    decide: ({ content }) => {
      const text = content.map((part) => (part.kind === 'body' ? new TextDecoder().decode(part.bytes) : '')).join('');
      if (text.includes('mask me')) return decisionFor('MASK');
      if (!text.includes('4111')) return decisionFor('FLAG', { gaps: [{ kind: 'reference:url' }] });
      return decisionFor('BLOCK', { matched: [CARD_RULE], message: 'Payment card number.' });
    },
  });
});
test.after.always(() => chain?.stop());

function post(body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${chain.url}/v1/chat/completions`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

testEnvoy('Envoy accepts the configuration as it ships, and has nothing to say about it', async (t) => {
  const file = join(repositoryRoot, 'mesh', 'config', 'envoy.yaml');
  const { stdout, stderr } = await run(toolPath('envoy') as string, [
    '--mode',
    'validate',
    '-l',
    'warning',
    '-c',
    file,
  ]);
  t.is(stdout.trim(), `configuration '${file}' OK`);
  t.is(stderr, '');
});

testEnvoy('what is allowed reaches the upstream unchanged, with decision id and verdict', async (t) => {
  const body = PROMPT('Grüße, 世界');
  const answer = await post(body, { authorization: 'Bearer sk-test' });
  t.is(answer.status, 200);
  const got = chain.upstream.at(-1);
  t.is(got?.body.toString(), body);
  t.is(got?.headers.authorization, 'Bearer sk-test');
  t.is(got?.headers['x-jimini-decision-id'], DECISION_ID);
  t.is(got?.headers['x-jimini-verdict'], 'FLAG');
});

testEnvoy('a client cannot forge our headers', async (t) => {
  const forged = {
    'x-jimini-verdict': 'ALLOW',
    'X-Jimini-Decision-Id': 'mine',
    'x-jimini-tenant': 'other',
    x_jimini_verdict: 'A',
  };
  await post(PROMPT('hello'), forged);
  const names = Object.keys(chain.upstream.at(-1)?.headers ?? {}).filter((name) => name.includes('jimini'));
  t.deepEqual(names.sort(), ['x-jimini-decision-id', 'x-jimini-verdict']);
  t.is(chain.upstream.at(-1)?.headers['x-jimini-decision-id'], DECISION_ID);
});

/** Every header that some server would take for one of ours, as it came to the upstream. */
function oursIn(request: UpstreamRequest | undefined): string[] {
  const lines: string[] = [];
  const { rawHeaders = [] } = request ?? {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase().includes('jimini')) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  return lines.sort();
}

testEnvoy('the answer alone removes forged headers, where the proxy does not', async (t) => {
  const lax = await startChain({
    edit: (config) => {
      delete connectionManager(config).early_header_mutation_extensions;
      delete connectionManager(config).common_http_protocol_options;
    },
    decide: ({ endpoint }) => decisionFor('ALLOW', endpoint === '/unrecorded' ? { decisionId: '' } : {}),
  });
  const forged = [
    'X-JIMINI-VERDICT: BLOCK',
    'x-jimini-verdict: again',
    'x_jimini_verdict: under',
    'X_Jimini-Decision_Id: mixed',
    'X-Jimini-Decision-Id: mine',
    'x-jimini-decision-id: again',
    'x-jimini-tenant: other',
    'x-jimini-tenant: again',
    'x-jimini_tenant: under',
  ];
  const get = (path: string) =>
    sendRaw(lax.envoy.port, [`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${forged.join('\r\n')}\r\n\r\n`]);
  try {
    await get('/recorded');
    t.deepEqual(oursIn(lax.upstream.at(-1)), [`x-jimini-decision-id: ${DECISION_ID}`, 'x-jimini-verdict: ALLOW']);
    await get('/unrecorded');
    t.deepEqual(oursIn(lax.upstream.at(-1)), ['x-jimini-verdict: ALLOW']);
  } finally {
    await lax.stop();
  }
});

testEnvoy('what is blocked gets 403 with an error body of the API, and never reaches the upstream', async (t) => {
  const before = chain.upstream.length;
  const answer = await post(PROMPT('card 4111 1111 1111 1111'));
  t.is(answer.status, 403);
  t.is(answer.headers.get('content-type'), 'application/json');
  t.is(answer.headers.get('x-jimini-decision-id'), DECISION_ID);
  t.is(answer.headers.get('x-jimini-verdict'), 'BLOCK');
  t.is(answer.headers.get('retry-after'), null);
  t.deepEqual(await answer.json(), {
    error: {
      message: `Payment card number. Decision ${DECISION_ID}.`,
      type: 'policy_violation',
      param: null,
      code: 'jimini_blocked',
    },
  });
  t.is(chain.upstream.length, before);
});

testEnvoy('what should be masked is stopped, because ext_authz cannot change a body', async (t) => {
  t.is((await post(PROMPT('mask me'))).status, 403);
});

testEnvoy('dynamic metadata reaches the access log on allow and on deny', async (t) => {
  for (const [text, expected] of [
    ['hello', { jimini_verdict: 'FLAG', jimini_rule_ids: [], jimini_coverage_gaps: ['reference:url'] }],
    ['4111', { jimini_verdict: 'BLOCK', jimini_rule_ids: ['card-number'], jimini_coverage_gaps: [] }],
  ] as const) {
    await post(PROMPT(text));
    const line = JSON.parse(await chain.envoy.line(`"${chain.evaluations.at(-1)?.requestId}"`));
    t.like(line, { ...expected, jimini_decision_id: DECISION_ID, jimini_duration_ms: 1.5 });
  }
});

testEnvoy('the trace context of the client reaches the evaluation and the upstream', async (t) => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await post(PROMPT('hello'), { traceparent, tracestate: 'a=b' });
  t.deepEqual(chain.evaluations.at(-1)?.trace, { traceparent, tracestate: 'a=b' });
  t.is(chain.upstream.at(-1)?.headers['traceparent'], traceparent);
});

testEnvoy('credentials never leave the proxy', async (t) => {
  const carriers = ['authorization', 'cookie', 'x-api-key', 'api-key', 'x-goog-api-key', 'proxy-authorization'];
  await post(PROMPT('hello'), Object.fromEntries(carriers.map((name) => [name, 'c4narySecret'])));
  const message = chain.messages.at(-1);
  t.true(message?.includes('/v1/chat/completions'));
  t.false(message?.includes('c4narySecret'));
  t.is(chain.upstream.at(-1)?.headers['x-api-key'], 'c4narySecret');
});

testEnvoy('headers are read the same when the proxy sends them raw', async (t) => {
  const raw = await startChain({
    edit: (config) => {
      extAuthz(config).encode_raw_headers = true;
      delete connectionManager(config).early_header_mutation_extensions;
    },
  });
  try {
    const headers = { 'content-type': 'application/json', 'x-jimini-tenant': 'forged' };
    await fetch(`${raw.url}/v1/chat/completions`, { method: 'POST', body: '{}', headers });
    t.like(raw.evaluations[0], { requestId: `${raw.upstream[0]?.headers['x-request-id']}`, gaps: [] });
    t.like(raw.evaluations[0]?.content[0], { kind: 'body', contentType: 'application/json' });
    t.is(raw.upstream[0]?.headers['x-jimini-tenant'], undefined);
  } finally {
    await raw.stop();
  }
});

testEnvoy('without the sidecar nothing passes', async (t) => {
  const places = { listen: { port: 0 }, jimini: { path: '/nowhere/jimini.sock' }, llm: { port: 1 } };
  const envoy = await startEnvoy(sampleConfigFor(places));
  try {
    t.is((await fetch(`http://127.0.0.1:${envoy.port}/v1/models`)).status, 503);
  } finally {
    await envoy.stop();
  }
});
