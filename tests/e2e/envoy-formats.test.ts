import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { bytesOf, contentTypeOf } from '../content/format-bodies.js';
import { type FormatRequest, gapsOf, isTextField, planted, readFormats } from '../content/formats.js';
import { frameOf, protobufOf } from '../content/grpc-bodies.js';
import { chatBodyOf } from '../processes/client.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';
import { startWholeChain, type WholeChain } from './whole-chain.js';

/** One way in which a text travels to a model. */
interface Carrier {
  readonly path?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: Readonly<Record<string, string>>;
  body(text: string): Uint8Array | string;
}

const testEnvoy = needs(program('envoy'));
const CARD = '4111 1111 1111 1111';
const LLM_METHOD = '/google.cloud.aiplatform.v1.PredictionService/GenerateContent';
const HARMLESS = 'the answer is forty-two, naïvely';

let chain: WholeChain | undefined;

test.before(async () => {
  if (toolPath('envoy')) chain = await startWholeChain();
});
test.after.always(() => chain?.stop());

/** A card number is stopped before the upstream sees anything; a harmless text in the same wrapping arrives byte for byte. */
async function isRead(t: ExecutionContext, carrier: Carrier): Promise<void> {
  const headers = {
    'content-type': carrier.contentType ?? 'application/json',
    ...(carrier.contentEncoding && { 'content-encoding': carrier.contentEncoding }),
    ...carrier.headers,
  };
  const send = (text: string) => {
    const body = Buffer.from(carrier.body(text));
    return { body, outcome: chain?.post(carrier.path ?? '/v1/chat/completions', headers, body) };
  };
  const planted = await send(`my card is ${CARD}`).outcome;
  t.deepEqual(planted, { status: 403, seen: undefined });
  const { body, outcome } = send(HARMLESS);
  const harmless = await outcome;
  t.is(harmless?.status, 200);
  t.deepEqual(harmless?.seen?.body, body);
}

const json = (value: unknown) => JSON.stringify(value);
const part = (headers: string, body: string) => `--b0undary\r\n${headers}\r\n\r\n${body}\r\n`;
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');

const CARRIERS: Readonly<Record<string, Carrier>> = {
  'OpenAI chat completions': { body: chatBodyOf },
  'OpenAI responses': {
    path: '/v1/responses',
    body: (text) => json({ model: 'm', input: [{ role: 'user', content: [{ type: 'input_text', text }] }] }),
  },
  'arguments of a tool call': {
    body: (text) =>
      json({
        messages: [
          { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: json({ q: text }) } }] },
        ],
      }),
  },
  'Anthropic messages': {
    path: '/v1/messages',
    body: (text) =>
      json({ model: 'm', system: 'Be kind.', messages: [{ role: 'user', content: [{ type: 'text', text }] }] }),
  },
  'Gemini generateContent': {
    path: '/v1beta/models/gemini-2.5-flash:generateContent',
    body: (text) => json({ contents: [{ role: 'user', parts: [{ text }] }] }),
  },
  'Bedrock Converse': {
    path: '/model/m/converse',
    body: (text) => json({ messages: [{ role: 'user', content: [{ text }] }] }),
  },
  'Ollama generate': { path: '/api/generate', body: (prompt) => json({ model: 'm', prompt, system: 'Be kind.' }) },
  'JSON-RPC of the Model Context Protocol': {
    path: '/mcp',
    body: (q) => json({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'search', arguments: { q } } }),
  },
  'JSON in a batch, one text a line': {
    contentType: 'application/jsonl',
    body: (text) => `${json({ body: 'first' })}\n${json({ body: text })}\n`,
  },
  'a form': {
    contentType: 'application/x-www-form-urlencoded',
    body: (text) => new URLSearchParams({ model: 'm', prompt: text }).toString(),
  },
  'a multipart form with a file': {
    path: '/v1/files',
    contentType: 'multipart/form-data; boundary=b0undary',
    body: (text) =>
      `${part('Content-Disposition: form-data; name="purpose"', 'batch')}${part(
        'Content-Disposition: form-data; name="file"; filename="b.jsonl"\r\nContent-Type: application/octet-stream',
        `${json({ body: 'first' })}\n${json({ body: text })}`,
      )}--b0undary--\r\n`,
  },
  'gRPC with protobuf': {
    path: LLM_METHOD,
    contentType: 'application/grpc',
    body: (text) => frameOf(protobufOf({ 2: { 1: { 1: text } } })),
  },
  'gRPC with compressed messages': {
    path: LLM_METHOD,
    contentType: 'application/grpc+proto',
    headers: { 'grpc-encoding': 'gzip' },
    body: (text) => frameOf(gzipSync(protobufOf({ 2: { 1: { 1: text } } })), 1),
  },
  'gRPC with JSON': {
    path: LLM_METHOD,
    contentType: 'application/grpc+json',
    body: (text) => frameOf(json({ prompt: text })),
  },
  'gRPC-Web': {
    path: LLM_METHOD,
    contentType: 'application/grpc-web+proto',
    body: (text) => Buffer.concat([frameOf(protobufOf({ 1: 'm' })), frameOf(protobufOf({ 2: text }))]),
  },
  'gRPC-Web in base64': {
    path: LLM_METHOD,
    contentType: 'application/grpc-web-text',
    body: (text) => frameOf(protobufOf({ 2: text })).toString('base64'),
  },
  'protobuf without frames': {
    path: LLM_METHOD,
    contentType: 'application/x-protobuf',
    body: (text) => protobufOf({ 2: text }),
  },
  'plain text': { contentType: 'text/plain', body: (text) => text },
  'plain text in Latin-1': {
    contentType: 'text/plain; charset=iso-8859-1',
    body: (text) => Buffer.from(text, 'latin1'),
  },
  'JSON in UTF-16': { body: (text) => utf16(chatBodyOf(text).toString()) },
  'JSON in gzip': { contentEncoding: 'gzip', body: (text) => gzipSync(chatBodyOf(text)) },
  'JSON in deflate': { contentEncoding: 'deflate', body: (text) => deflateSync(chatBodyOf(text)) },
  'JSON in deflate without its wrapper': {
    contentEncoding: 'deflate',
    body: (text) => deflateRawSync(chatBodyOf(text)),
  },
  'JSON in brotli': { contentEncoding: 'br', body: (text) => brotliCompressSync(chatBodyOf(text)) },
  'JSON in zstd': { contentEncoding: 'zstd', body: (text) => zstdCompressSync(chatBodyOf(text)) },
  'JSON in zstd in gzip': {
    contentEncoding: 'zstd, gzip',
    body: (text) => gzipSync(zstdCompressSync(chatBodyOf(text))),
  },
};

for (const [name, carrier] of Object.entries(CARRIERS)) {
  testEnvoy(`through a real Envoy, ${name}: what is planted is found, and what is harmless arrives unchanged`, (t) =>
    isRead(t, carrier),
  );
}

const post = (request: FormatRequest) =>
  chain?.post(request.path, { 'content-type': contentTypeOf(request) }, bytesOf(request));

for (const { title, requests } of readFormats()) {
  for (const request of requests) {
    testEnvoy(
      `through a real Envoy, ${title}, ${request.title}: each field is read, and the golden body arrives`,
      async (t) => {
        const golden = await post(request);
        // A server of MCP accepts what it has no answer for.
        t.true(golden?.status === 200 || golden?.status === 202, String(golden?.status));
        t.deepEqual(golden?.seen?.body, bytesOf(request));
        t.is(golden?.seen?.headers['x-jimini-verdict'], gapsOf(request).length === 0 ? 'ALLOW' : 'FLAG');
        for (const field of request.fields.filter(isTextField)) {
          const outcome = await post(planted(request, field, `my card is ${CARD}`));
          t.deepEqual(outcome, { status: 403, seen: undefined }, field.at);
        }
      },
    );
  }
}
