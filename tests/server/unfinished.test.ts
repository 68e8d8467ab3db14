import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { startServerProcess } from './load-process.js';
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

const MIB = 1024 * 1024;

/**
 * What the whole server process may take while somebody opens messages without end: the limit on bytes in flight, as
 * much again that the garbage collector has not found yet, and Node itself.
 */
const RSS_MAX = 2 * LIMITS.inFlightBytesMax + 128 * MIB;

function session(t: ExecutionContext, address: string): ClientHttp2Session {
  const made = connect(`http://${address}`, { maxSessionMemory: 1000 });
  made.on('error', () => {});
  t.teardown(() => made.destroy());
  return made;
}

function open(made: ClientHttp2Session): ClientHttp2Stream {
  const stream = made.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: ECHO,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  stream.resume();
  return stream;
}

/** What a stream is answered: the message when the call succeeds, else the gRPC status; empty when it is cut off. */
async function answerOf(stream: ClientHttp2Stream): Promise<string> {
  const pieces: Buffer[] = [];
  let code = '';
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  for (const part of ['response', 'trailers']) {
    stream.on(part, (headers: Record<string, string>) => {
      code = String(headers['grpc-status'] ?? code);
    });
  }
  await new Promise((resolve) => stream.once('close', resolve));
  return code === '0' ? Buffer.concat(pieces).subarray(5).toString() : code;
}

/** Opens 200 messages of 47 MiB and feeds them in turn, until the server has got twice what it may hold. */
async function pour(hostile: RawConnection): Promise<void> {
  const piece = Buffer.alloc(16_384, 0x61);
  const queue = Array.from({ length: 200 }, (_, i) => 2 * i + 1);
  for (const id of queue) {
    hostile.send(frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(ECHO)));
    hostile.sendData(id, prefix(47 * MIB));
  }
  let total = 0;
  while (queue.length > 0 && total < 2 * LIMITS.inFlightBytesMax && !hostile.socket.closed) {
    const id = queue.shift() ?? 0;
    if (hostile.ended.has(id)) continue;
    const sent = hostile.sendData(id, piece);
    total += sent;
    queue.push(id);
    if (sent === 0) await hostile.turn();
  }
}

test('200 unfinished messages of 47 MiB cost bounded memory, and another client is served meanwhile', async (t) => {
  const target = await startServerProcess(t);
  const hostile = await rawConnection(t, target.address);
  const honest = client(t, target.address);
  let busy = true;
  const done = pour(hostile).then(() => {
    busy = false;
  });
  let served = 0;
  while (busy) {
    t.deepEqual(await call(honest, 'hello'), { answer: '5' });
    served += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await done;
  const state = await target.state();
  t.log({ served, ...state, peakMiB: state.peakRss / MIB });
  t.true(state.overloads > 50, `${state.overloads} calls were turned away`);
  t.true(state.bytes <= LIMITS.inFlightBytesMax);
  t.true(state.peakRss < RSS_MAX, `${state.peakRss / MIB} MiB`);
  hostile.socket.destroy();
  while ((await target.state()).calls > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  t.is((await target.state()).bytes, 0);
});

test('the call that holds the most unfinished bytes gives way to a newcomer', async (t) => {
  const { server, address } = await serve(t, {
    methods: new Map([[ECHO, method(async (message) => message)]]),
    limits: { bytesMax: MIB },
  });
  const hostile = open(session(t, address));
  hostile.write(prefix(2 * MIB));
  hostile.write(Buffer.alloc(900 * 1024));
  const answer = answerOf(hostile);
  await until(() => server.load().bytes > 900 * 1024);
  const message = 'x'.repeat(200 * 1024);
  t.deepEqual(await call(client(t, address), message), { answer: message });
  t.is(await answer, 'overloaded');
  await until(() => server.load().calls === 0);
});

test('when every place is taken, the call that has been receiving for the longest gives way', async (t) => {
  const { server, address } = await serve(t, {
    methods: new Map([[ECHO, method(async (message) => message)]]),
    limits: { callsMax: 3 },
  });
  const hostile = session(t, address);
  const first = open(hostile);
  const trailers = once(first, 'trailers');
  open(hostile);
  open(hostile);
  await until(() => server.load().calls === 3);
  t.deepEqual(await call(client(t, address), 'me'), { answer: 'me' });
  await trailers;
  t.is(server.load().calls, 2);
});

test('a call that finds every place at work is answered at once with the answer of the method', async (t) => {
  let release = () => {};
  const blocked = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { server, address } = await serve(t, {
    methods: new Map([
      [
        ECHO,
        method(async (message) => {
          await blocked;
          return message;
        }),
      ],
    ]),
    limits: { callsMax: 2 },
  });
  const made = client(t, address);
  const under = [call(made, 'a'), call(made, 'b')];
  await until(() => server.load().calls === 2);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.deepEqual(await call(client(t, address), 'c'), { answer: 'overloaded' });
  release();
  t.deepEqual(await Promise.all(under), [{ answer: 'a' }, { answer: 'b' }]);
});

test('a call whose caller does not take the answer gives way to a newcomer', async (t) => {
  const { server, address } = await serve(t, {
    methods: new Map([[ECHO, method(async (message) => message)]]),
    limits: { callsMax: 3 },
  });
  const hostile = await rawConnection(t, address);
  const windowOfNothing = Buffer.from([0, 4, 0, 0, 0, 0]); // SETTINGS_INITIAL_WINDOW_SIZE
  hostile.send(frame(FRAME.SETTINGS, 0, 0, windowOfNothing));
  for (const id of [1, 3, 5]) {
    hostile.send(frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(ECHO)));
    hostile.send(frame(FRAME.DATA, END_STREAM, id, Buffer.concat([prefix(1), Buffer.from('x')])));
  }
  await until(() => [1, 3, 5].every((id) => hostile.seen.has(`${FRAME.HEADERS}:${id}`)));
  t.is(server.load().calls, 3);
  t.deepEqual(await call(client(t, address), 'me'), { answer: 'me' });
  await until(() => hostile.ended.has(1));
  t.deepEqual([...hostile.resets.keys()], [1]);
});

test('an answer that is not taken counts for its bytes', async (t) => {
  const { server, address } = await serve(t, {
    methods: new Map([[ECHO, method(async () => Buffer.alloc(900 * 1024))]]),
    limits: { bytesMax: MIB },
  });
  const hostile = await rawConnection(t, address);
  for (const id of [1, 3]) {
    hostile.send(frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(ECHO)));
    hostile.send(frame(FRAME.DATA, END_STREAM, id, prefix(0)));
  }
  await until(() => hostile.resets.size === 1);
  t.is(server.load().calls, 1);
  t.true(server.load().bytes > 900 * 1024);
});

test('a message that trickles in ends after the longest time for a call', async (t) => {
  const { server, address } = await serve(t, {
    methods: new Map([[ECHO, method(async (message) => message)]]),
    limits: { callMsMax: 200 },
  });
  const slow = open(session(t, address));
  slow.write(prefix(1000));
  const drip = setInterval(() => slow.closed || slow.write('x'), 20);
  t.teardown(() => clearInterval(drip));
  const [headers] = (await once(slow, 'response')) as [Record<string, string>];
  t.is(Number(headers['grpc-status']), status.DEADLINE_EXCEEDED);
  await until(() => server.load().calls === 0);
});

test('a flood of one-byte frames counts for the memory that it takes', async (t) => {
  const { server, address } = await serve(t, {
    methods: new Map([[ECHO, method(async (message) => message)]]),
  });
  const stream = open(session(t, address));
  stream.write(prefix(1000));
  for (let i = 0; i < 100; i += 1) {
    stream.write('x');
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => server.load().bytes > 10 * LIMITS.chunkOverheadBytes);
  t.pass();
});

test('many small headers count for the memory that they take', async (t) => {
  const { server, address } = await serve(t, { methods: new Map([[ECHO, method(async (message) => message)]]) });
  const hostile = await rawConnection(t, address);
  const small = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`a${i}`, '']));
  hostile.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(ECHO, small)));
  await until(() => server.load().calls === 1);
  t.true(server.load().bytes > 500 * 32);
});

test('a call that ends without a message, and a connection that breaks in the middle of one, leave nothing behind', async (t) => {
  const { server, address } = await serve(t, { methods: new Map([[ECHO, method(async (message) => message)]]) });
  const hostile = await rawConnection(t, address);
  hostile.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, grpcHeaders(ECHO)));
  while (!hostile.ended.has(1)) await hostile.turn();
  await until(() => server.load().calls === 0);
  hostile.send(frame(FRAME.HEADERS, END_HEADERS, 3, grpcHeaders(ECHO)));
  hostile.sendData(3, Buffer.concat([prefix(10_000), Buffer.alloc(5000)]));
  await until(() => server.load().calls === 1);
  hostile.socket.destroy();
  await until(() => server.load().calls === 0);
  t.deepEqual(server.load(), { calls: 0, bytes: 0 });
});
