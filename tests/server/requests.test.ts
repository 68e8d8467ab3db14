import { once } from 'node:events';
import { connect, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  grpcHeaders,
  prefix,
  type RawConnection,
  rawConnection,
} from './raw-http2.js';
import { call, client, ECHO, method, serve, until } from './rig.js';

const echo = new Map([[ECHO, method(async (message) => message)]]);

/** RFC 9113 section 7. */
const NO_ERROR = 0;
const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;

interface Answer {
  /** Fields of the header block, and of the trailers where there are some. */
  readonly head: Record<string, string>;
  readonly trailers: Record<string, string>;
  readonly body: Buffer;
}

/** Sends one request as node:http2 does, with headers of gRPC unless said otherwise, and whole messages. */
async function request(
  t: ExecutionContext,
  address: string,
  headers: OutgoingHttpHeaders,
  body: Uint8Array,
): Promise<Answer> {
  const session = connect(`http://${address}`);
  session.on('error', () => {});
  t.teardown(() => session.destroy());
  const usual = { ':method': 'POST', ':path': ECHO, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ...usual, ...headers });
  stream.on('error', () => {});
  let head = {};
  let trailers = {};
  stream.on('response', (fields) => {
    head = fields;
  });
  stream.on('trailers', (fields) => {
    trailers = fields;
  });
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.end(body);
  await once(stream, 'close');
  return { head, trailers, body: Buffer.concat(pieces) };
}

function framed(text: string): Buffer {
  return Buffer.concat([prefix(text.length), Buffer.from(text)]);
}

test('an answer is a header block, a message behind its prefix, and trailers', async (t) => {
  const { address } = await serve(t, { methods: echo });
  const { head, trailers, body } = await request(t, address, {}, framed('hello'));
  t.like(head, { ':status': 200, 'content-type': 'application/grpc+proto' });
  t.deepEqual(body, framed('hello'));
  t.deepEqual(Object.entries(trailers), [['grpc-status', '0']]);
});

for (const type of [
  'application/grpc',
  'application/grpc+proto',
  'application/grpc; charset=utf-8',
  'Application/GRPC',
]) {
  test(`a request of type ${type} is served`, async (t) => {
    const { address } = await serve(t, { methods: echo });
    t.like(await request(t, address, { 'content-type': type }, framed('x')), { trailers: { 'grpc-status': '0' } });
  });
}

const noGrpc = test.macro({
  async exec(t: ExecutionContext, headers: OutgoingHttpHeaders, answered: Record<string, unknown>) {
    const { server, address } = await serve(t, { methods: echo });
    // More than the windows of flow control hold: it must not be waited for.
    const { head, body } = await request(t, address, headers, Buffer.alloc(4 * 1024 * 1024));
    t.like(head, answered);
    t.is(body.length, 0);
    t.is(server.load().calls, 0);
    t.deepEqual(await call(client(t, address), 'x'), { answer: 'x' });
  },
  title: (title) => `${title} is answered at its headers`,
});
test('a request with PUT', noGrpc, { ':method': 'PUT' }, { ':status': 405, allow: 'POST' });
test('a request with text', noGrpc, { 'content-type': 'text/html' }, { ':status': 415 });
test('a request of gRPC-Web', noGrpc, { 'content-type': 'application/grpc-web+proto' }, { ':status': 415 });
test(
  'a request of an unknown type that begins alike',
  noGrpc,
  { 'content-type': 'application/grpcx' },
  { ':status': 415 },
);
test(
  'a method that is not there',
  noGrpc,
  { ':path': `${ECHO}/` },
  { ':status': 200, 'grpc-status': String(status.UNIMPLEMENTED) },
);
test(
  'a coding',
  noGrpc,
  { 'grpc-encoding': 'gzip' },
  { ':status': 200, 'grpc-status': String(status.UNIMPLEMENTED), 'grpc-accept-encoding': 'identity' },
);
test(
  'a timeout that is none',
  noGrpc,
  { 'grpc-timeout': '1.5S' },
  { ':status': 200, 'grpc-status': String(status.INTERNAL) },
);

for (const [title, body, code] of [
  ['no message', Buffer.alloc(0), status.UNIMPLEMENTED],
  ['two messages', Buffer.concat([framed('a'), framed('b')]), status.UNIMPLEMENTED],
  ['half a prefix', Buffer.alloc(2), status.UNIMPLEMENTED],
  ['half a message', framed('hello').subarray(0, 7), status.UNIMPLEMENTED],
  ['one message and half of another', Buffer.concat([framed('a'), Buffer.alloc(2)]), status.UNIMPLEMENTED],
  ['a message that says that it is compressed', Buffer.from([1, 0, 0, 0, 1, 65]), status.UNIMPLEMENTED],
  ['a message of 4 GiB', Buffer.from([0, 255, 255, 255, 255]), status.RESOURCE_EXHAUSTED],
] as const) {
  test(`a call with ${title} is refused, its handler is not called, and its place is free again`, async (t) => {
    let called = 0;
    const count = method(async (message) => {
      called += 1;
      return message;
    });
    const { server, address } = await serve(t, { methods: new Map([[ECHO, count]]) });
    const { head } = await request(t, address, {}, body);
    t.like(head, { ':status': 200, 'grpc-status': String(code) });
    t.is(called, 0);
    await until(() => server.load().calls === 0);
    t.deepEqual(server.load(), { calls: 0, bytes: 0 });
  });
}

test('the deadline of a caller who does not end the call himself is kept', async (t) => {
  const aborted: unknown[] = [];
  const methods = new Map([
    [
      ECHO,
      method(async (message, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        aborted.push((signal.reason as JiminiError).code);
        return message;
      }),
    ],
  ]);
  const { server, address } = await serve(t, { methods });
  const { head } = await request(t, address, { 'grpc-timeout': '100m' }, framed('x'));
  t.like(head, { 'grpc-status': String(status.DEADLINE_EXCEEDED) });
  t.deepEqual(aborted, ['JIMINI_DEADLINE_EXCEEDED']);
  await until(() => server.load().calls === 0);
});

test('a handler is offered no binary header', async (t) => {
  const offers = method(async (_, context) =>
    Buffer.from(`${context.header('x-text')} ${context.header('x-text-bin')}`),
  );
  const { address } = await serve(t, { methods: new Map([[ECHO, offers]]) });
  const { body } = await request(t, address, { 'x-text': 'yes', 'x-text-bin': 'AAEC' }, framed(''));
  t.deepEqual(body, framed('yes undefined'));
});

test('the sentence of an error is encoded, and cut where it is too long', async (t) => {
  const sentence = `100 % ${'ü'.repeat(2 * LIMITS.grpcMessageCharsMax)}`;
  const fails = method(() => Promise.reject(new JiminiError('JIMINI_INVALID_ARGUMENT', sentence)));
  const { address } = await serve(t, { methods: new Map([[ECHO, fails]]) });
  const { head } = await request(t, address, {}, framed(''));
  t.is(head['grpc-message'], `100 %25 ${'%C3%BC'.repeat(LIMITS.grpcMessageCharsMax - 6)}`);
});

test('a caller who is answered before his end is asked to send no more', async (t) => {
  const { server, address } = await serve(t, { methods: echo });
  const raw = await rawConnection(t, address);
  const answered = { 1: grpcHeaders(ECHO, { 'grpc-encoding': 'gzip' }), 3: grpcHeaders('/no.such/Method') };
  for (const [id, headers] of Object.entries(answered)) {
    raw.send(frame(FRAME.HEADERS, END_HEADERS, Number(id), headers));
    await until(() => raw.resets.has(Number(id)));
    t.is(raw.resets.get(Number(id)), NO_ERROR);
    t.true(raw.seen.has(`${FRAME.HEADERS}:${id}`));
  }
  t.is(server.load().calls, 0);
});

test('a caller who is turned away and does not read why is reset after a moment', async (t) => {
  const { server, address } = await serve(t, { methods: echo, limits: { callsMax: 1 } });
  const raw = await rawConnection(t, address);
  raw.send(frame(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))); // an initial window of 0
  raw.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(ECHO)));
  await until(() => server.load().calls === 1);
  t.deepEqual(await call(client(t, address), 'newcomer'), { answer: 'newcomer' });
  await until(() => raw.resets.has(1));
  t.is(raw.resets.get(1), CANCEL);
  t.false(raw.seen.has(`${FRAME.DATA}:1`));
});

test('a caller who does not read his answer loses his place to a newcomer', async (t) => {
  const { server, address } = await serve(t, { methods: echo, limits: { callsMax: 1 } });
  const raw = await rawConnection(t, address);
  raw.send(frame(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))); // an initial window of 0
  raw.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(ECHO)));
  raw.sendData(1, framed('long'.repeat(1000)));
  raw.send(frame(FRAME.DATA, END_STREAM, 1));
  await until(() => raw.seen.has(`${FRAME.HEADERS}:1`));
  t.is(server.load().calls, 1);
  t.deepEqual(await call(client(t, address), 'newcomer'), { answer: 'newcomer' });
  await until(() => raw.resets.has(1));
  t.is(raw.resets.get(1), ENHANCE_YOUR_CALM);
});

test('answers that are not read count for their bytes, and the largest gives way', async (t) => {
  const large = method(async (message) => Buffer.alloc(1000 * message.length));
  const limits = { bytesMax: 1024 * 1024 };
  const { server, address } = await serve(t, { methods: new Map([[ECHO, large]]), limits });
  const raw = await rawConnection(t, address);
  raw.send(frame(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))); // an initial window of 0
  for (const [id, kilobytes] of [
    [1, 300],
    [3, 500],
    [5, 400],
  ] as const) {
    raw.send(frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(ECHO)));
    raw.sendData(id, framed('x'.repeat(kilobytes)));
    raw.send(frame(FRAME.DATA, END_STREAM, id));
    await until(() => raw.seen.has(`${FRAME.HEADERS}:${id}`));
  }
  await until(() => raw.resets.size > 0);
  t.deepEqual([...raw.resets], [[3, ENHANCE_YOUR_CALM]]);
  t.true(server.load().bytes > 700_000);
});

test('connections that say nothing give way to those who come after them, and those that speak do not', async (t) => {
  const { address } = await serve(t, { methods: echo, limits: { connectionsMax: 20 } });
  const port = Number(address.split(':')[1]);
  const first = client(t, address);
  t.deepEqual(await call(first, 'first'), { answer: 'first' });
  let cut = 0;
  const silent = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const socket = connectTcp(port, '127.0.0.1');
      socket.on('error', () => {}).on('close', () => (cut += 1));
      t.teardown(() => socket.destroy());
      await once(socket.resume(), 'connect');
      return socket;
    }),
  );
  await until(() => cut >= silent.length - 19);
  t.deepEqual(await call(client(t, address), 'newcomer'), { answer: 'newcomer' });
  t.deepEqual(await call(first, 'again'), { answer: 'again' });
});

test('over the bound the connection gives way that has waited for its peer the longest, and says that nothing is lost', async (t) => {
  const { address } = await serve(t, { methods: echo, limits: { connectionsMax: 3 } });
  const ask = (one: RawConnection, id: number) => {
    one.send(frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(ECHO)));
    one.send(frame(FRAME.DATA, END_STREAM, id, prefix(0)));
    return until(() => one.ended.has(id));
  };
  const stalling = await rawConnection(t, address);
  stalling.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(ECHO)));
  const idle = await rawConnection(t, address);
  await ask(idle, 1);
  const busy = await rawConnection(t, address);
  await ask(busy, 1);
  await ask(stalling, 3);
  await ask(busy, 3);
  t.deepEqual(await call(client(t, address), 'newcomer'), { answer: 'newcomer' });
  await until(() => idle.socket.closed);
  t.is(idle.goaway(), 0);
  t.deepEqual(await call(client(t, address), 'another one'), { answer: 'another one' });
  await until(() => stalling.socket.closed);
  await ask(busy, 5);
});

test('where work is done for all connections, a newcomer is closed, and comes in once it is done', async (t) => {
  let release = () => {};
  const done = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = method(async (message) => {
    await done;
    return message;
  });
  const { server, address } = await serve(t, { methods: new Map([[ECHO, slow]]), limits: { connectionsMax: 2 } });
  const under = [call(client(t, address), 'x'), call(client(t, address), 'x')];
  await until(() => server.load().calls === 2);
  t.like(await call(client(t, address), 'x'), { code: status.UNAVAILABLE });
  release();
  t.deepEqual(await Promise.all(under), [{ answer: 'x' }, { answer: 'x' }]);
  t.deepEqual(await call(client(t, address), 'later'), { answer: 'later' });
});
