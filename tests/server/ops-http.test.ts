import { once } from 'node:events';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createOpsServer, type OpsSources } from '../../sidecar/server/ops-http.js';
import { createAuthority } from '../envoy/certificates.js';
import { socketPath, until } from './rig.js';

async function start(t: ExecutionContext, sources: Partial<OpsSources> = {}, address = '127.0.0.1:0') {
  const server = createOpsServer({
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'jimini_up 1\n' }),
    health: () => ({ ok: true, store: 'open' }),
    notReady: () => [],
    onError: () => {},
    ...sources,
  });
  t.teardown(() => server.close());
  const bound = await server.listen({ name: 'ops', address, allowPlaintext: [], socketMode: 0o660 });
  return { server, bound };
}

async function ask(bound: string, path: string, method = 'GET') {
  const [host, port] = bound.split(':');
  const where = bound.startsWith('unix:') ? { socketPath: bound.slice(5) } : { host, port: Number(port) };
  const sent = request({ ...where, path, method }).end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const piece of response) body += piece;
  return { status: response.statusCode, type: response.headers['content-type'], headers: response.headers, body };
}

test('metrics are at both paths, over TCP and a Unix socket', async (t) => {
  for (const address of ['127.0.0.1:0', `unix:${socketPath(t)}`]) {
    const { bound } = await start(t, {}, address);
    for (const path of ['/metrics', '/v1/metrics/prom', '/metrics?x=1']) {
      t.like(await ask(bound, path), { status: 200, type: 'text/plain; version=0.0.4', body: 'jimini_up 1\n' });
    }
  }
});

test('health is JSON, and 503 when it is not well', async (t) => {
  const { bound } = await start(t);
  t.like(await ask(bound, '/health'), { status: 200, type: 'application/json', body: '{"ok":true,"store":"open"}\n' });
  const ill = await start(t, { health: () => ({ ok: false }) });
  t.like(await ask(ill.bound, '/health'), { status: 503 });
});

test('readyz gives the reasons when the process is not ready; livez does not care', async (t) => {
  const { bound } = await start(t, { notReady: () => ['store: unavailable', 'disk: full'] });
  t.like(await ask(bound, '/readyz'), { status: 503, body: 'store: unavailable\ndisk: full\n' });
  t.like(await ask(bound, '/livez'), { status: 200 });
  t.like(await ask((await start(t)).bound, '/readyz'), { status: 200, body: 'ready\n' });
});

test('HEAD has the headers and no body', async (t) => {
  const { bound } = await start(t);
  const answer = await ask(bound, '/metrics', 'HEAD');
  t.like(answer, { status: 200, body: '' });
  t.is(answer.headers['content-length'], '12');
});

test('other methods are 405, other paths 404', async (t) => {
  const { bound } = await start(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    const answer = await ask(bound, '/metrics', method);
    t.is(answer.status, 405);
    t.is(answer.headers.allow, 'GET, HEAD');
  }
  for (const path of ['/', '/metrics/', '/Metrics', '/../metrics', '//metrics', '/constructor']) {
    t.is((await ask(bound, path)).status, 404, path);
  }
});

test('every connection carries one request', async (t) => {
  const { bound } = await start(t);
  t.is((await ask(bound, '/livez')).headers.connection, 'close');
});

test('a source that fails is a 500 without its reason', async (t) => {
  const seen: unknown[] = [];
  const failure = new Error('/var/lib/secret');
  const { bound } = await start(t, { metrics: () => Promise.reject(failure), onError: (error) => seen.push(error) });
  t.like(await ask(bound, '/metrics'), { status: 500, body: 'internal error\n' });
  t.deepEqual(seen, [failure]);
});

test('headers over the limit and nonsense are refused, and the server lives', async (t) => {
  const { bound } = await start(t);
  const [host, port] = bound.split(':');
  for (const text of [
    `GET /livez HTTP/1.1\r\nx: ${'y'.repeat(9000)}\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\0\0\0',
  ]) {
    const socket = connect(Number(port), host).setEncoding('utf8');
    socket.on('error', () => {});
    socket.write(text);
    let answer = '';
    socket.on('data', (piece) => {
      answer += piece;
    });
    await once(socket, 'close');
    t.regex(answer, /^HTTP\/1\.1 4\d\d/);
  }
  t.is((await ask(bound, '/livez')).status, 200);
});

test('close ends with connections that say nothing', async (t) => {
  const { server, bound } = await start(t);
  const [host, port] = bound.split(':');
  const silent = connect(Number(port), host);
  await once(silent, 'connect');
  await server.close();
  await t.throwsAsync(ask(bound, '/livez'));
});

test('over TLS it asks for no client certificate, shows a renewed one, and cuts what is no TLS', async (t) => {
  const authority = createAuthority();
  const { cert, key } = authority.issue();
  const refused: string[] = [];
  const sources = { metrics: async () => ({ contentType: 'text/plain', body: '' }), health: () => ({ ok: true }) };
  const server = createOpsServer(
    { ...sources, notReady: () => [], onError: () => {} },
    { identity: { cert, key, clientCa: authority.cert, expiresMs: 0 }, onRefused: (reason) => refused.push(reason) },
  );
  t.teardown(() => server.close());
  const bound = await server.listen({ name: 'ops', address: '0.0.0.0:0', allowPlaintext: [], socketMode: 0o660 });
  const port = Number(bound.split(':')[1]);
  const ready = async (ca: string) => {
    const sent = secureRequest({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      path: '/readyz',
      ca,
      agent: false,
    }).end();
    const [response] = await once(sent, 'response');
    response.resume();
    return response.statusCode;
  };
  t.is(await ready(authority.cert), 200);
  const other = createAuthority('Other');
  server.renew({ ...other.issue(), expiresMs: 0 });
  t.is(await ready(other.cert), 200);
  await t.throwsAsync(ready(authority.cert));
  const plain = connect(port, '127.0.0.1');
  plain.on('error', () => {}).end('GET /livez HTTP/1.1\r\n\r\n');
  await once(plain.resume(), 'close');
  await until(() => refused.includes('not_tls'));
  const silent = Array.from({ length: LIMITS.opsConnectionsMax }, () => connect(port, '127.0.0.1'));
  t.teardown(() => {
    for (const socket of silent) socket.destroy();
  });
  await Promise.all(
    silent.map((socket) =>
      once(
        socket.on('error', () => {}),
        'connect',
      ),
    ),
  );
  t.is(await ready(other.cert), 200);
});
