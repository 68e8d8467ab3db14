import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Client, credentials } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import type { TlsIdentity } from '../../sidecar/config/tls-files.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createGrpcServer, type GrpcServer } from '../../sidecar/server/grpc-server.js';
import { type Certificate, createAuthority } from '../envoy/certificates.js';
import { call, ECHO, method, until } from './rig.js';

const authority = createAuthority();
const stranger = createAuthority('Stranger');
const ID = 'spiffe://example.org/ns/prod/sa/gateway';
const own = authority.issue();
const client = authority.issue({ uris: [ID] });

function identityOf(certificate: Certificate, clientCa = authority.cert): TlsIdentity {
  return { cert: certificate.cert, key: certificate.key, clientCa, expiresMs: 0 };
}

interface Served {
  readonly server: GrpcServer;
  readonly port: number;
  /** Reason of each peer that was not let in, with the id that it showed. */
  readonly refused: string[];
}

/** An echo server that lets in who shows a certificate of the authority with an id below `ns/prod`. */
async function serve(t: ExecutionContext, name: 'data' | 'control' = 'data', address = '127.0.0.1:0'): Promise<Served> {
  const refused: string[] = [];
  const server = createGrpcServer({
    methods: new Map([[ECHO, method(async (message) => message)]]),
    onError: (error) => t.log(error),
    tls: {
      identity: identityOf(own),
      clientIds: ['spiffe://example.org/ns/prod/*'],
      onRefused: (reason, id) => refused.push(id === undefined ? reason : `${reason} ${id}`),
    },
  });
  t.teardown(() => server.close());
  const bound = await server.listen({ name, address, allowPlaintext: [], socketMode: 0o660 });
  server.setServing(true);
  return { server, port: Number(bound.slice(bound.lastIndexOf(':') + 1)), refused };
}

/** A gRPC client that checks the server and shows a certificate. */
function grpcClient(t: ExecutionContext, port: number, shown = client, trusted = authority.cert): Client {
  const pair = [Buffer.from(trusted), Buffer.from(shown.key), Buffer.from(shown.cert)] as const;
  const made = new Client(`localhost:${port}`, credentials.createSsl(...pair), { 'grpc.use_local_subchannel_pool': 1 });
  t.teardown(() => made.close());
  return made;
}

/** A TLS connection of a peer as the test wants it; resolves once it is there, or is refused. */
async function dial(t: ExecutionContext, port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const usual = { host: '127.0.0.1', servername: 'localhost', ca: authority.cert, ALPNProtocols: ['h2'] };
  const socket = connect({ port, ...usual, ...options });
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  await new Promise((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
  return socket;
}

/** Waits until the peer has cut it; an alert before that is no failure of the test. */
function closed(socket: Socket): Promise<unknown> {
  return socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.resume().once('close', resolve));
}

async function dialTcp(t: ExecutionContext, port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test('a client with an accepted certificate and an allowed id is served, over TLS 1.3 and 1.2', async (t) => {
  const { port, refused } = await serve(t);
  t.deepEqual(await call(grpcClient(t, port), 'hello'), { answer: 'hello' });
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    const socket = await dial(t, port, { ...client, maxVersion: version });
    t.is(socket.getProtocol(), version);
    t.is(socket.alpnProtocol, 'h2');
  }
  t.deepEqual(refused, []);
});

const refusedPeer = test.macro({
  async exec(t, _what: string, options: ConnectionOptions, reason: string) {
    const { port, refused } = await serve(t);
    const socket = await dial(t, port, options);
    await closed(socket);
    await until(() => refused.length > 0);
    t.deepEqual(refused, [reason]);
    t.deepEqual(await call(grpcClient(t, port), 'others'), { answer: 'others' });
  },
  title: (_, what) => `${what} is not let in, and others are served`,
});
test(refusedPeer, 'a peer without a certificate', {}, 'certificate');
test(refusedPeer, 'a peer without a certificate in TLS 1.2', { maxVersion: 'TLSv1.2' }, 'certificate');
test(refusedPeer, 'a certificate of another authority', stranger.issue({ uris: [ID] }), 'certificate');
test(refusedPeer, 'a certificate that has ended', authority.issue({ uris: [ID], days: -1 }), 'certificate');
test(refusedPeer, 'a certificate that signed itself', { ...stranger }, 'certificate');
const foreignId = 'spiffe://example.org/ns/dev/sa/gateway';
test(refusedPeer, 'an id that is not in the list', authority.issue({ uris: [foreignId] }), `client_id ${foreignId}`);
test(refusedPeer, 'a certificate without an id', authority.issue(), 'client_id');
test(refusedPeer, 'a peer that offers no protocol', { ...client, ALPNProtocols: [] }, 'no_common_protocol');
test(refusedPeer, 'a peer that speaks HTTP/1.1', { ...client, ALPNProtocols: ['http/1.1'] }, 'no_common_protocol');
const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
test(refusedPeer, 'a peer that speaks TLS 1.1', { ...client, ...old }, 'no_common_protocol');
const weak = { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA:AES128-GCM-SHA256' } as const;
test(refusedPeer, 'a cipher suite without forward secrecy', { ...client, ...weak }, 'no_common_protocol');

for (const [what, text, reason] of [
  ['plaintext HTTP/1.1', 'GET / HTTP/1.1\r\n\r\n', 'not_tls'],
  ['plaintext HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'not_tls'],
  ['zeros', '\0'.repeat(50), 'not_tls'],
  ['a record that is too long', '\x16\x03\x01\xff\xff', 'not_tls'],
] as const) {
  test(`${what} on the TLS port is cut, and others are served`, async (t) => {
    const { port, refused } = await serve(t);
    const socket = await dialTcp(t, port);
    socket.end(Buffer.from(text, 'latin1'));
    await closed(socket);
    await until(() => refused.length > 0);
    t.deepEqual(refused, [reason]);
    t.deepEqual(await call(grpcClient(t, port), 'others'), { answer: 'others' });
  });
}

test('a client that does not trust our certificate is counted as such', async (t) => {
  const { port, refused } = await serve(t);
  const outcome = await call(grpcClient(t, port, client, stranger.cert), 'hello', { deadlineMs: 2000 });
  t.true('code' in outcome);
  await until(() => refused.length > 0);
  t.true(
    refused.every((reason) => reason === 'peer_refused' || reason === 'unfinished'),
    refused.join(),
  );
});

test('no connection is resumed: each shows its certificate', async (t) => {
  const { port } = await serve(t);
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    const first = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: authority.cert,
      ALPNProtocols: ['h2'],
      maxVersion,
      ...client,
    });
    t.teardown(() => first.destroy());
    const [session] = (await once(first.resume(), 'session')) as [Buffer];
    const second = await dial(t, port, { ...client, maxVersion, session });
    t.false(second.isSessionReused());
  }
});

test('a renewed certificate is for new connections; those that are open go on', async (t) => {
  const { server, port, refused } = await serve(t);
  const open = grpcClient(t, port);
  t.deepEqual(await call(open, 'before'), { answer: 'before' });
  server.renew(identityOf(stranger.issue(), stranger.cert));
  t.deepEqual(await call(open, 'after'), { answer: 'after' });
  const anew = grpcClient(t, port, stranger.issue({ uris: [ID] }), stranger.cert);
  t.deepEqual(await call(anew, 'anew'), { answer: 'anew' });
  t.deepEqual(refused, []);
  const socket = await dial(t, port, { ...client, ca: stranger.cert });
  await closed(socket);
  await until(() => refused.length > 0);
  t.deepEqual(refused, ['certificate'], 'the authority of before is no longer trusted');
});

test('peers that begin no handshake give way to those who come after them', async (t) => {
  const { port, refused } = await serve(t);
  const most = LIMITS.connectionsMax * LIMITS.tlsHandshakesShareMax;
  const silent = await Promise.all(Array.from({ length: most + 10 }, () => dialTcp(t, port)));
  let cut = 0;
  for (const socket of silent) socket.resume().on('close', () => (cut += 1));
  t.deepEqual(await call(grpcClient(t, port), 'honest'), { answer: 'honest' });
  await until(() => cut > 10);
  t.true(refused.every((reason) => reason === 'unfinished'));
});

test('a peer that is silent is cut after a while', async (t) => {
  const { port, refused } = await serve(t);
  const socket = await dialTcp(t, port);
  await closed(socket);
  await until(() => refused.length > 0);
  t.deepEqual(refused, ['timeout']);
});

test('handshakes that are under way do not hold up the end', async (t) => {
  const { server, port } = await serve(t);
  const silent = await dialTcp(t, port);
  const open = grpcClient(t, port);
  t.deepEqual(await call(open, 'hello'), { answer: 'hello' });
  const cut = closed(silent);
  await server.drain(LIMITS.drainMs);
  await cut;
  await server.close();
  t.pass();
});

test('a listener with TLS may be reached by other machines, the control port as well', async (t) => {
  for (const name of ['data', 'control'] as const) {
    const { port } = await serve(t, name, '0.0.0.0:0');
    t.deepEqual(await call(grpcClient(t, port), 'hello'), { answer: 'hello' });
  }
});
