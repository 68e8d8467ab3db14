import Anthropic from '@anthropic-ai/sdk';
import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import test from 'ava';
import OpenAI from 'openai';
import { type Chain, startChain } from '../envoy/chain.js';
import { callGrpc, sendHttp2 } from '../envoy/clients.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';
import { DECISION_ID, decisionFor } from './decisions.js';

const testEnvoy = needs(program('envoy'));
const MESSAGE = `Blocked: Zahlungskarte für 100 %. Decision ${DECISION_ID}.`;
const DENIED = 'a sentence that is denied';

let chain: Chain;
let denials = 0;
test.before(async () => {
  if (!toolPath('envoy')) return;
  chain = await startChain({
    decide: ({ content }) => {
      const text = content.map((part) => (part.kind === 'body' ? new TextDecoder().decode(part.bytes) : '')).join('');
      if (!text.includes(DENIED)) return decisionFor('ALLOW');
      denials++;
      if (text.includes('store down')) return decisionFor('BLOCK', { decisionId: '', outage: 'store_unavailable' });
      return decisionFor('BLOCK', { message: 'Blocked: Zahlungskarte für 100 %.' });
    },
  });
});
test.after.always(() => chain?.stop());

/** The error of a call, and how often it was denied. */
async function denied(call: () => PromiseLike<unknown>): Promise<{ error: unknown; denials: number }> {
  const before = denials;
  let error: unknown;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  return { error, denials: denials - before };
}

const messages = [{ role: 'user' as const, content: DENIED }];

for (const stream of [false, true]) {
  const way = stream ? 'a stream' : 'an answer';
  testEnvoy(`OpenAI's SDK, asked for ${way}, raises its permission error with our message, once`, async (t) => {
    const client = new OpenAI({ apiKey: 'sk-test', baseURL: `${chain.url}/v1` });
    for (const call of [
      () => client.chat.completions.create({ model: 'm', messages, stream }),
      () => client.responses.create({ model: 'm', input: DENIED, stream }),
    ]) {
      const { error, denials: times } = await denied(call);
      if (!(error instanceof OpenAI.PermissionDeniedError)) return t.fail(String(error));
      t.like(error, { status: 403, code: 'jimini_blocked', type: 'policy_violation' });
      t.is(error.message, `403 ${MESSAGE}`);
      t.is(times, 1);
    }
  });

  testEnvoy(`Anthropic's SDK, asked for ${way}, raises its permission error with our message, once`, async (t) => {
    const client = new Anthropic({ apiKey: 'sk-test', baseURL: chain.url });
    const { error, denials: times } = await denied(() =>
      client.messages.create({ model: 'm', max_tokens: 9, messages, stream }),
    );
    if (!(error instanceof Anthropic.PermissionDeniedError)) return t.fail(String(error));
    t.is(error.status, 403);
    t.deepEqual(error.error, { type: 'error', error: { type: 'permission_error', message: MESSAGE } });
    t.true(error.message.includes(MESSAGE), error.message);
    t.is(times, 1);
  });
}

testEnvoy('an outage of the store is no error that an SDK repeats', async (t) => {
  const client = new OpenAI({ apiKey: 'sk-test', baseURL: `${chain.url}/v1` });
  const { error, denials: times } = await denied(() =>
    client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: `${DENIED}: store down` }] }),
  );
  if (!(error instanceof OpenAI.PermissionDeniedError)) return t.fail(String(error));
  t.is(error.code, 'jimini_store_unavailable');
  t.is(times, 1);
});

testEnvoy('a client of MCP raises the error of the one call, and its connection goes on', async (t) => {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${chain.url}/mcp`)));
  const call = (text: string) => client.callTool({ name: 'echo', arguments: { text } });
  const { error, denials: times } = await denied(() => call(DENIED));
  if (!(error instanceof ProtocolError)) return t.fail(String(error));
  t.is(error.code, 403);
  t.true(error.message.includes(MESSAGE), error.message);
  t.deepEqual(error.data, { reason: 'jimini_blocked', decision_id: DECISION_ID });
  t.is(times, 1);
  t.like(await call('a sentence that passes'), { content: [{ type: 'text', text: 'a sentence that passes' }] });
  await client.close();
});

testEnvoy('a gRPC client sees PERMISSION_DENIED and the message', async (t) => {
  const error = await callGrpc(chain.envoy.port, Buffer.from(DENIED));
  t.is(error.code, 7);
  t.is(error.details, MESSAGE);
});

for (const type of [
  'application/grpc',
  'application/grpc+proto',
  'application/grpc-web+proto',
  'application/grpc-web-text',
]) {
  testEnvoy(`a denial of ${type} is trailers only`, async (t) => {
    const request = { ':method': 'POST', ':path': '/some.Service/Method', 'content-type': type, te: 'trailers' };
    const { headers, endsWithHeaders } = await sendHttp2(chain.envoy.port, request, DENIED);
    // Envoy gives no type to an answer without a body, but to gRPC.
    const answered = type.startsWith('application/grpc-web') ? undefined : 'application/grpc';
    t.like(headers, { ':status': 200, 'grpc-status': '7', 'content-type': answered });
    t.is(decodeURIComponent(String(headers['grpc-message'])), MESSAGE);
    t.notRegex(String(headers['grpc-message']), /[^ -~]/);
    t.true(endsWithHeaders);
  });
}

testEnvoy('headers of our name that a denied client sends are not told back', async (t) => {
  const headers = { 'X-Jimini-Verdict': 'ALLOW', 'x-jimini-other': 'canary', x_jimini_verdict: 'ALLOW' };
  const answer = await fetch(`${chain.url}/v1/chat/completions`, { method: 'POST', body: DENIED, headers });
  t.is(answer.status, 403);
  t.deepEqual(
    [...answer.headers].filter(([name]) => name.includes('jimini')),
    [
      ['x-jimini-decision-id', DECISION_ID],
      ['x-jimini-verdict', 'BLOCK'],
    ],
  );
});
