import { gzipSync } from 'node:zlib';
import test from 'ava';
import type { Evaluation } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { type Chain, startChain } from '../envoy/chain.js';
import { callGrpc, connectHttp1, sendHttp2, sendRaw } from '../envoy/clients.js';
import { connectionManager, type EnvoyConfig, extAuthz } from '../envoy/sample-config.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';
import { decisionFor } from './decisions.js';

const testEnvoy = needs(program('envoy'));
/** Long enough for Envoy to see what came so far as all there is for now. */
const PAUSE_MS = 300;
const CLOSE = 'host: a\r\nconnection: close\r\n';

let chain: Chain;
test.before(async () => {
  if (!toolPath('envoy')) return;
  chain = await startChain({
    overUnixSocket: true,
    edit: (config) => {
      const manager = connectionManager(config);
      manager.upgrade_configs = [{ upgrade_type: 'websocket' }, { upgrade_type: 'CONNECT' }];
      const { routes } = manager.route_config.virtual_hosts[0];
      // Envoy would wait for the end of a tunnel, or of a stream, before it asks.
      const apart = { route: { cluster: 'llm' }, typed_per_filter_config: unbuffered() };
      const connect = { match: { connect_matcher: {} }, ...apart };
      const grpc = { match: { prefix: '/some.Service/' }, ...apart };
      routes.unshift(connect, grpc);
      manager.http2_protocol_options = { allow_connect: true };
    },
  });
});
test.after.always(() => chain?.stop());

async function withChain(edit: (config: EnvoyConfig) => void, body: (chain: Chain) => Promise<void>): Promise<void> {
  const own = await startChain({ edit });
  try {
    await body(own);
  } finally {
    await own.stop();
  }
}

function bodyOf(evaluation: Evaluation | undefined): Buffer {
  const part = evaluation?.content.find((content) => content.kind === 'body');
  return Buffer.from(part?.kind === 'body' ? part.bytes : []);
}

function lastGaps(of: Chain): string[] {
  return of.evaluations.at(-1)?.gaps.map((gap) => gap.kind) ?? ['no evaluation'];
}

testEnvoy('compressed bytes arrive undamaged and the coding is named', async (t) => {
  const body = gzipSync('{"messages":[]}'.repeat(1000));
  const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
  t.is((await fetch(`${chain.url}/v1/x`, { method: 'POST', body, headers })).status, 200);
  t.deepEqual(bodyOf(chain.evaluations.at(-1)), body);
  t.like(chain.evaluations.at(-1)?.content[0], { contentEncoding: 'gzip' });
  t.deepEqual(chain.upstream.at(-1)?.body, body);
});

testEnvoy('compressed bytes that the proxy sends as text are damaged', async (t) => {
  const edit = (config: EnvoyConfig) => {
    extAuthz(config).with_request_body.pack_as_bytes = false;
  };
  await withChain(edit, async (own) => {
    const coded = { method: 'POST', body: gzipSync('{}'), headers: { 'content-encoding': 'gzip' } };
    t.is((await fetch(`${own.url}/v1/x`, coded)).status, 403);
    t.deepEqual(lastGaps(own), ['body:damaged']);
    t.is((await fetch(`${own.url}/v1/x`, { method: 'POST', body: '{"ä":1}' })).status, 200);
    t.is(bodyOf(own.evaluations.at(-1)).toString(), '{"ä":1}');
  });
});

testEnvoy('a body of the limit is judged whole, a longer one is refused by the proxy alone', async (t) => {
  const body = Buffer.alloc(LIMITS.bodyBytesMax, 'a');
  t.is((await fetch(`${chain.url}/v1/x`, { method: 'POST', body })).status, 200);
  t.is(bodyOf(chain.evaluations.at(-1)).length, body.length);
  const before = chain.evaluations.length;
  // Envoy answers while the body is still coming, which fetch takes for a broken connection.
  const length = body.length + 1;
  const answer = await sendRaw(chain.envoy.port, [
    `POST /v1/x HTTP/1.1\r\n${CLOSE}content-length: ${length}\r\n\r\n`,
    'a'.repeat(length),
  ]);
  t.regex(answer, /^HTTP\/1\.1 413 /);
  t.is(chain.evaluations.length, before);
});

testEnvoy('a cut body is a gap', async (t) => {
  await withChain(allowPartial, async (own) => {
    t.is((await fetch(`${own.url}/v1/x`, { method: 'POST', body: 'b'.repeat(2000) })).status, 403);
    t.deepEqual(lastGaps(own), ['body:partial']);
    t.is(bodyOf(own.evaluations.at(-1)).length, 1024);
  });
});

testEnvoy(
  'allow_partial_message lets a body pass that pauses exactly at the limit: nothing in the check shows it',
  async (t) => {
    await withChain(allowPartial, async (own) => {
      const head = `POST /v1/x HTTP/1.1\r\n${CLOSE}transfer-encoding: chunked\r\n\r\n`;
      await sendRaw(own.envoy.port, [head, `400\r\n${'a'.repeat(1024)}\r\n`, PAUSE_MS, '6\r\nunseen\r\n0\r\n\r\n']);
      t.deepEqual(lastGaps(own), []);
      t.is(own.upstream[0]?.body.length, 1030);
    });
  },
);

testEnvoy('a check of headers only is a gap where there is a body', async (t) => {
  const edit = (config: EnvoyConfig) => {
    delete extAuthz(config).with_request_body;
  };
  await withChain(edit, async (own) => {
    const forged = { 'x-envoy-auth-partial-body': 'false' };
    t.is((await fetch(`${own.url}/v1/x`, { method: 'POST', body: '{}', headers: forged })).status, 403);
    t.deepEqual(lastGaps(own), ['body:absent']);
    t.is((await fetch(`${own.url}/v1/x`)).status, 200);
  });
});

const chunked = `POST /v1/x HTTP/1.1\r\n${CLOSE}transfer-encoding: chunked\r\n\r\n`;

type Send = (own: Chain) => Promise<unknown>;
const REQUESTS: readonly (readonly [title: string, gaps: readonly string[], send: Send])[] = [
  ['POST with content-length 0', [], ({ url }) => fetch(`${url}/v1/x`, { method: 'POST' })],
  ['POST with an empty chunked body', [], ({ envoy }) => sendRaw(envoy.port, [chunked, '0\r\n\r\n'])],
  ['POST with chunks', [], ({ envoy }) => sendRaw(envoy.port, [chunked, '2\r\n{}\r\n', PAUSE_MS, '0\r\n\r\n'])],
  [
    'POST without a word about a body',
    ['body:absent'],
    ({ envoy }) => sendRaw(envoy.port, [`POST /v1/x HTTP/1.1\r\n${CLOSE}\r\n`]),
  ],
  ['POST over HTTP/2 without a body', ['body:absent'], ({ envoy }) => sendHttp2(envoy.port, http2('POST'))],
  ['POST over HTTP/2 with an empty body', [], ({ envoy }) => sendHttp2(envoy.port, http2('POST'), '')],
  ['POST over HTTP/2 with a body', [], ({ envoy }) => sendHttp2(envoy.port, http2('POST'), '{}')],
  ['GET over HTTP/2 with a body', [], ({ envoy }) => sendHttp2(envoy.port, http2('GET'), '{}')],
  ['GET', [], ({ url }) => fetch(`${url}/v1/models?q=1`)],
  ['HEAD', [], ({ url }) => fetch(`${url}/v1/models`, { method: 'HEAD' })],
  ['OPTIONS', [], ({ url }) => fetch(`${url}/v1/models`, { method: 'OPTIONS' })],
  ['DELETE', [], ({ url }) => fetch(`${url}/v1/files/1`, { method: 'DELETE' })],
  [
    'a CORS preflight',
    [],
    ({ url }) =>
      fetch(`${url}/v1/x`, {
        method: 'OPTIONS',
        headers: { origin: 'http://a', 'access-control-request-method': 'POST' },
      }),
  ],
  [
    'a WebSocket upgrade',
    ['http:upgrade'],
    ({ envoy }) =>
      sendRaw(envoy.port, [
        'GET /v1/realtime HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n',
      ]),
  ],
  [
    'an extended CONNECT',
    ['http:upgrade'],
    ({ envoy }) => sendHttp2(envoy.port, { ...http2('CONNECT'), ':protocol': 'websocket' }, ''),
  ],
  ['a CONNECT', ['http:connect'], ({ envoy }) => connectHttp1(envoy.port)],
  [
    'a CONNECT over HTTP/2',
    ['http:connect'],
    ({ envoy }) => sendHttp2(envoy.port, { ':method': 'CONNECT', ':authority': 'a:443' }, ''),
  ],
  [
    'a gRPC call on a route whose bodies are not buffered',
    ['body:absent'],
    ({ envoy }) => callGrpc(envoy.port, Buffer.from('hello')),
  ],
];

/** What a route says whose bodies are not to be waited for. */
function unbuffered(): object {
  const type = 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute';
  const settings = { disable_request_body_buffering: true };
  return { 'envoy.filters.http.ext_authz': { '@type': type, check_settings: settings } };
}

function http2(method: string): Record<string, string> {
  return { ':method': method, ':path': '/v1/x', ':scheme': 'http', ':authority': 'a' };
}

for (const [title, gaps, send] of REQUESTS) {
  testEnvoy(`${title} has ${gaps.length === 0 ? 'no gap' : gaps.join()}`, async (t) => {
    const before = chain.evaluations.length;
    await send(chain);
    t.is(chain.evaluations.length, before + 1);
    t.deepEqual(lastGaps(chain), gaps);
  });
}

testEnvoy(
  'what is refused on a tunnel or a stream never reaches the upstream, and what is let through does',
  async (t) => {
    const isTunnel = ({ gaps }: Evaluation) => gaps.some(({ kind }) => kind === 'http:upgrade');
    const open = await startChain({
      edit: (config) => {
        connectionManager(config).upgrade_configs = [{ upgrade_type: 'websocket' }];
      },
      decide: (evaluation) =>
        decisionFor(isTunnel(evaluation) && evaluation.endpoint !== '/v1/realtime' ? 'BLOCK' : 'ALLOW'),
    });
    const upgrade = (path: string) =>
      sendRaw(open.envoy.port, [
        `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`,
      ]);
    try {
      t.regex(await upgrade('/v1/other'), /^HTTP\/1\.1 403 /);
      t.is(open.upstream.length, 0);
      t.regex(await upgrade('/v1/realtime'), /^HTTP\/1\.1 101 /);
      t.is(open.upstream.length, 1);
    } finally {
      await open.stop();
    }
  },
);

testEnvoy('a connection that is checked without HTTP is a gap, closed or let through by its decision', async (t) => {
  let verdict: 'ALLOW' | 'BLOCK' = 'BLOCK';
  const tcp = await startChain({ edit: withoutHttp, decide: () => decisionFor(verdict) });
  const request = `GET /v1/models HTTP/1.1\r\n${CLOSE}\r\n`;
  try {
    t.is(await sendRaw(tcp.envoy.port, [request]), '');
    t.deepEqual(lastGaps(tcp), ['http:absent']);
    t.is(tcp.upstream.length, 0);
    verdict = 'ALLOW';
    t.regex(await sendRaw(tcp.envoy.port, [request]), /^HTTP\/1\.1 200 /);
    t.is(tcp.upstream.length, 1);
  } finally {
    await tcp.stop();
  }
});

/** The filter of the network layer, which asks once a connection, in place of the HTTP connection manager. */
function withoutHttp(config: EnvoyConfig): void {
  const network = 'type.googleapis.com/envoy.extensions.filters.network';
  const check = { envoy_grpc: { cluster_name: 'jimini' }, timeout: '5s' };
  config.static_resources.listeners[0].filter_chains[0].filters = [
    {
      name: 'envoy.filters.network.ext_authz',
      typed_config: {
        '@type': `${network}.ext_authz.v3.ExtAuthz`,
        stat_prefix: 'tcp',
        transport_api_version: 'V3',
        grpc_service: check,
      },
    },
    {
      name: 'envoy.filters.network.tcp_proxy',
      typed_config: { '@type': `${network}.tcp_proxy.v3.TcpProxy`, stat_prefix: 'tcp', cluster: 'llm' },
    },
  ];
}

testEnvoy('a body that waits for 100 Continue is judged', async (t) => {
  const head = `POST /v1/x HTTP/1.1\r\n${CLOSE}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`;
  t.regex(await sendRaw(chain.envoy.port, [head, PAUSE_MS, '{}']), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  t.is(bodyOf(chain.evaluations.at(-1)).toString(), '{}');
});

testEnvoy('what is judged is the path that Envoy routes by', async (t) => {
  const get = (path: string) => sendRaw(chain.envoy.port, [`GET ${path} HTTP/1.1\r\n${CLOSE}\r\n`]);
  await get('/a/..//v1/%6Dodels?q=%2f');
  t.is(chain.evaluations.at(-1)?.endpoint, '/v1/models');
  t.is(chain.upstream.at(-1)?.url, '/v1/models?q=%2f');
  t.regex(await get('/v1/a%2fb'), /^HTTP\/1\.1 400 /);
});

testEnvoy('a GET with a body is read, and its query string too', async (t) => {
  await sendRaw(chain.envoy.port, [`GET /v1/models?q=4111 HTTP/1.1\r\n${CLOSE}content-length: 2\r\n\r\nhi`]);
  const evaluation = chain.evaluations.at(-1);
  t.deepEqual(evaluation?.content[0], { kind: 'query', raw: 'q=4111' });
  t.is(bodyOf(evaluation).toString(), 'hi');
  t.is(evaluation?.endpoint, '/v1/models');
});

function allowPartial(config: EnvoyConfig): void {
  Object.assign(extAuthz(config).with_request_body, { max_request_bytes: 1024, allow_partial_message: true });
}
