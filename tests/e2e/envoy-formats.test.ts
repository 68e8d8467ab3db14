import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { type RunningEnvoy, startEnvoy } from '../envoy/envoy.js';
import { sampleConfigFor } from '../envoy/sample-config.js';
import { startUpstream, type Upstream } from '../envoy/upstream.js';
import { chatBodyOf } from '../processes/client.js';
import { type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';

/** One way in which a text travels to a model. */
interface Carrier {
  readonly path?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  /** Default 403. */
  readonly deniedStatus?: number;
  body(text: string): Uint8Array | string;
}

const testEnvoy = needs(program('envoy'));
const CARD = '4111 1111 1111 1111';
const HARMLESS = 'the answer is forty-two, naïvely';

let folder: string;
let upstream: Upstream;
let sidecar: SidecarProcess;
let envoy: RunningEnvoy;

test.before(async () => {
  if (!toolPath('envoy')) return;
  folder = await mkdtemp(join(tmpdir(), 'jimini-formats-'));
  upstream = await startUpstream();
  sidecar = await startSidecarProcess({ dataDir: join(folder, 'data') });
  const port = Number(sidecar.data.split(':').at(-1));
  envoy = await startEnvoy(sampleConfigFor({ listen: { port: 0 }, jimini: { port }, llm: { port: upstream.port } }));
});
test.after.always(async () => {
  await envoy?.stop();
  await sidecar?.stop();
  await upstream?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function send(carrier: Carrier, text: string): Promise<{ status: number; body: Buffer; requestId: string }> {
  const body = Buffer.from(carrier.body(text));
  const requestId = crypto.randomUUID();
  const response = await fetch(`http://127.0.0.1:${envoy.port}${carrier.path ?? '/v1/chat/completions'}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': carrier.contentType ?? 'application/json',
      ...(carrier.contentEncoding && { 'content-encoding': carrier.contentEncoding }),
      'x-test-id': requestId,
    },
  });
  await response.arrayBuffer();
  return { status: response.status, body, requestId };
}

/** A card number is stopped before the upstream sees anything; a harmless text in the same wrapping arrives byte for byte. */
async function isRead(t: ExecutionContext, carrier: Carrier): Promise<void> {
  const seen = (requestId: string) => upstream.received.find(({ headers }) => headers['x-test-id'] === requestId);
  const planted = await send(carrier, `my card is ${CARD}`);
  t.is(planted.status, carrier.deniedStatus ?? 403);
  t.is(seen(planted.requestId), undefined);
  const harmless = await send(carrier, HARMLESS);
  t.is(harmless.status, 200);
  t.deepEqual(seen(harmless.requestId)?.body, harmless.body);
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
    deniedStatus: 200,
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
