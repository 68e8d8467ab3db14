import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientSessionOptions, connect, constants } from 'node:http2';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { LIMITS } from '../../../sidecar/kernel/limits.js';
import { ACK, END_HEADERS, END_STREAM, FRAME, frame } from '../raw-http2.js';
import { until } from '../rig.js';
import { connectPeer, GREETING, request, setting, uint32, WIDE } from './peer.js';
import { ANSWER_BYTES, startTarget, type Target } from './target.js';

/** A session of Node's own client, which shares no code with the server. */
async function session(t: ExecutionContext, target: Target, options: ClientSessionOptions = {}) {
  const made = connect(`http://${target.address}`, options);
  t.teardown(() => made.destroy());
  await once(made, 'remoteSettings');
  return made;
}

const data = (flags: number, streamId: number, size: number) =>
  frame(FRAME.DATA, flags, streamId, Buffer.alloc(size, 'd'));

interface Answer {
  readonly status: unknown;
  readonly trailer: unknown;
  readonly sha256: string;
  readonly bytes: number;
}

/** Sends a body to `/echo`, with trailers, and reads what comes back. */
async function echo(client: ClientHttp2Session, body: Buffer, fields: Record<string, string> = {}): Promise<Answer> {
  const stream = client.request({ ':method': 'POST', ':path': '/echo', ...fields }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-request-trailer': 'end' }));
  let [status, trailer]: unknown[] = [];
  stream.on('response', (headers) => {
    status = headers[':status'];
  });
  stream.on('trailers', (trailers) => {
    trailer = trailers['x-trailer'];
  });
  const hash = createHash('sha256');
  let bytes = 0;
  stream.on('data', (piece: Buffer) => {
    hash.update(piece);
    bytes += piece.length;
  });
  stream.end(body);
  await once(stream, 'close');
  return { status, trailer, sha256: hash.digest('hex'), bytes };
}

const whole = (body: Buffer): Answer => ({
  status: 200,
  trailer: 'whole',
  sha256: createHash('sha256').update(body).digest('hex'),
  bytes: body.length,
});

const SIZES = [0, 1, 16_384, 65_535, 65_536, 70_000];
const LARGE = 5 * 1024 * 1024;

const interop = test.macro({
  async exec(t, options: ClientSessionOptions, sizes: readonly number[] = [...SIZES, LARGE]) {
    const target = await startTarget(t);
    const client = await session(t, target, options);
    const bodies = sizes.map((size) => randomBytes(size));
    const answers = await Promise.all(bodies.map((body) => echo(client, body)));
    t.deepEqual(answers, bodies.map(whole));
    t.deepEqual(await echo(client, Buffer.from('again')), whole(Buffer.from('again')));
    client.close();
    await until(() => target.connections.size === 0);
    t.is(target.open.size, 0);
    t.deepEqual(target.faults, []);
  },
  title: (title) => `bodies go and come back whole ${title}`,
});

test('with the settings of Node', interop, {});
test('with a window of one byte', interop, { settings: { initialWindowSize: 1 } }, [0, 1, 1000]);
test('with a window of 100 bytes', interop, { settings: { initialWindowSize: 100 } }, SIZES);
test('with the widest window', interop, { settings: { initialWindowSize: 0x7fff_ffff } });
test('without a table of headers', interop, { settings: { headerTableSize: 0 } });
test('with a large table of headers', interop, { settings: { headerTableSize: 1024 * 1024 } });
test('with the largest frames', interop, { settings: { maxFrameSize: 0xff_ffff } });
test('with frames that are padded', interop, { paddingStrategy: constants.PADDING_STRATEGY_MAX });

test(
  '200 streams at one time',
  interop,
  {},
  Array.from({ length: 200 }, (_, i) => SIZES[i % SIZES.length] ?? 0),
);

test('fields of all sorts arrive while the table turns over', async (t) => {
  const target = await startTarget(t);
  const client = await session(t, target);
  for (let i = 0; i < 300; i += 1) {
    const fields = {
      [`x-${i % 7}`]: 'v'.repeat(i * 3),
      'x-same': 'same',
      cookie: `a=${i}`,
      authorization: `Bearer ${i}`,
    };
    t.deepEqual(await echo(client, Buffer.from(`${i}`), fields), whole(Buffer.from(`${i}`)));
  }
});

test('headers of an answer that are longer than a frame arrive whole', async (t) => {
  const target = await startTarget(t);
  const client = await session(t, target);
  const stream = client.request({ ':path': '/headers' });
  const [headers] = await once(stream, 'response');
  t.deepEqual(
    [1, 2, 3].map((i) => headers[`x-${i}`]?.length),
    [12_000, 12_000, 12_000],
  );
  stream.resume();
  await once(stream, 'close');
  t.is(target.open.size, 0);
});

test('resets in the middle leave the other streams whole', async (t) => {
  const target = await startTarget(t);
  const client = await session(t, target);
  const bodies = Array.from({ length: 50 }, () => randomBytes(100_000));
  const answers = bodies.map((body) => echo(client, body));
  const cut = Array.from({ length: 50 }, (_, i) => {
    const stream = client.request(
      { ':method': 'POST', ':path': i % 2 ? '/large' : '/echo' },
      { endStream: i % 2 === 1 },
    );
    stream.on('error', () => {});
    if (i % 2 === 0) stream.write(randomBytes(i * 1000));
    return stream;
  });
  for (const stream of cut) {
    await nextTurn();
    stream.close(constants.NGHTTP2_CANCEL);
  }
  t.deepEqual(await Promise.all(answers), bodies.map(whole));
  await until(() => target.open.size === 0);
  t.deepEqual(target.faults, []);
});

test('an answer before the end of its request goes out, and the request may end behind it', async (t) => {
  const target = await startTarget(t);
  const client = await session(t, target);
  const stream = client.request({ ':method': 'POST', ':path': '/early' });
  let bytes = 0;
  stream.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  await once(stream, 'end');
  t.is(bytes, ANSWER_BYTES);
  stream.end(randomBytes(1000));
  await until(() => target.open.size === 0);
  t.deepEqual(target.faults, []);
});

test('a server that drains ends what is under way, and no more', async (t) => {
  const target = await startTarget(t);
  const client = await session(t, target);
  const body = randomBytes(300_000);
  const answer = echo(client, body);
  await until(() => target.open.size === 1);
  for (const connection of target.connections) connection.drain();
  await once(client, 'goaway');
  t.deepEqual(await answer, whole(body));
  await until(() => target.connections.size === 0);
  t.deepEqual(target.faults, []);
});

test('a server that has drained refuses new streams, and goes on with the old ones', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  peer.send(GREETING, request(1, { ':path': '/echo' }, END_HEADERS));
  t.true(await peer.answersPing());
  for (const connection of target.connections) connection.drain();
  peer.send(request(3)); // under way when the server said its first goodbye
  await peer.until(() => peer.answered(3));
  t.is(peer.lastStreamId(), 0x7fff_ffff);
  peer.send(frame(FRAME.PING, ACK, 0, Buffer.alloc(8)), request(5)); // an answer to another ping
  target.pass(1000); // as the clock of the server may, right behind its goodbye
  await peer.until(() => peer.answered(5));
  const [goodbye] = peer.heard.filter(({ type, flags }) => type === FRAME.PING && !(flags & ACK));
  peer.send(frame(FRAME.PING, ACK, 0, goodbye?.payload), request(7));
  await peer.until(() => peer.reset(7) !== undefined);
  t.is(peer.reset(7), 7);
  t.is(peer.lastStreamId(), 5);
  peer.send(data(END_STREAM, 1, 10));
  await peer.until(() => peer.closed);
  t.deepEqual([peer.body(1), peer.body(3), peer.goaway()], [10, ANSWER_BYTES, 0]);
  t.deepEqual(target.faults, []);
});

test('a peer that reads late gets all that was answered before the server has drained', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  peer.send(GREETING, WIDE);
  t.true(await peer.answersPing());
  peer.socket.pause();
  const [socket] = target.sockets;
  const ids: number[] = [];
  // More than TCP takes: the last of it waits in the server.
  while ((socket?.writableLength ?? 0) === 0) {
    const next = Array.from({ length: 10 }, (_, i) => 2 * (ids.length + i) + 1);
    ids.push(...next);
    peer.send(...next.map((id) => request(id)));
    await until(() => socket?.bytesRead === peer.socket.bytesWritten);
    await nextTurn();
  }
  t.is(target.open.size, 0);
  for (const connection of target.connections) connection.drain();
  target.pass(3000);
  await delay(LIMITS.lingerMs + 500);
  peer.socket.resume();
  await peer.until(() => peer.closed);
  t.is(peer.goaway(), 0);
  t.true(ids.every((id) => peer.body(id) === ANSWER_BYTES));
});

test('whoever cuts a connection has heard the end of each of its streams', async (t) => {
  const target = await startTarget(t);
  const client = await session(t, target);
  for (let i = 0; i < 20; i += 1) client.request({ ':method': 'POST', ':path': '/echo' }).on('error', () => {});
  client.on('error', () => {});
  await until(() => target.open.size === 20);
  for (const connection of target.connections) {
    t.is(connection.streams, 20);
    connection.destroy();
    t.is(connection.streams, 0);
  }
  t.is(target.open.size, 0);
  t.deepEqual(target.faults, []);
});

/** Settings that change in the middle, padding, priorities, pieces of headers, trailers: all of it allowed. */
const conversation = Buffer.concat([
  GREETING,
  frame(FRAME.PRIORITY, 0, 1, Buffer.from([0, 0, 0, 0, 9])),
  request(1, { ':path': '/echo' }, 0),
  frame(FRAME.CONTINUATION, 0, 1),
  frame(FRAME.CONTINUATION, END_HEADERS, 1),
  data(0, 1, 100),
  request(3),
  frame(FRAME.SETTINGS, 0, 0, setting(4, 100)),
  data(0, 1, 0),
  frame(FRAME.DATA, 8, 1, Buffer.from([3, 1, 2, 3, 0, 0, 0])),
  frame(FRAME.PING, 0, 0, Buffer.alloc(8)),
  frame(FRAME.SETTINGS, 0, 0, setting(4, 50_000)),
  frame(0xbe, 0xff, 1, Buffer.alloc(20)),
  frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, Buffer.from([0, 1, 0x61, 1, 0x62])),
  frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(100)),
]);

const cutInto = test.macro({
  async exec(t, segmentBytes: number) {
    const target = await startTarget(t);
    const peer = await connectPeer(t, target.address);
    for (let at = 0; at < conversation.length; at += segmentBytes) {
      peer.send(conversation.subarray(at, at + segmentBytes));
      await nextTurn();
    }
    await peer.until(() => peer.answered(1) && peer.answered(3));
    t.deepEqual([peer.body(1), peer.body(3)], [103, ANSWER_BYTES]);
    t.true(await peer.answersPing());
    t.is(peer.goaway(), undefined);
    await until(() => target.open.size === 0);
    t.deepEqual(target.faults, []);
  },
  title: (_, bytes) => `a conversation in segments of ${bytes} bytes is the same conversation`,
});
for (const bytes of [1, 2, 3, 8, 9, 10, 23, 24, 25, 100, conversation.length]) test(cutInto, bytes);

test('a peer that says goodbye in the middle gets the answers that are under way', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  const goodbye = frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0), Buffer.from('bye')]));
  peer.send(GREETING, request(1, { ':path': '/echo' }, END_HEADERS), data(0, 1, 10), goodbye, data(END_STREAM, 1, 10));
  await peer.until(() => peer.answered(1));
  t.is(peer.body(1), 20);
  peer.socket.end();
  await until(() => target.connections.size === 0);
  t.deepEqual(target.faults, []);
});

test('a peer that ends its direction of TCP ends the connection, and every stream on it', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  peer.send(GREETING, request(1, { ':path': '/echo' }, END_HEADERS), data(0, 1, 10_000));
  await until(() => target.open.size === 1);
  peer.socket.end();
  await peer.until(() => peer.closed);
  await until(() => target.connections.size === 0);
  t.is(target.open.size, 0);
  t.deepEqual(target.faults, []);
});
