import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { startServerProcess } from './load-process.js';
import { END_HEADERS, END_STREAM, FRAME, frame, grpcHeaders, headerBlock, rawConnection } from './raw-http2.js';
import { call, client, ECHO, method, serve, until } from './rig.js';

const MIB = 1024 * 1024;
const echo = new Map([[ECHO, method(async (message) => message)]]);

test('streams over the limit of a connection are refused, and no more are open than that', async (t) => {
  const { server, address } = await serve(t, { methods: echo });
  const hostile = await rawConnection(t, address);
  const ids = Array.from({ length: 1001 }, (_, i) => 2 * i + 1);
  hostile.send(...ids.map((id) => frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(ECHO))));
  while (!hostile.ended.has(ids.at(-1) ?? 0) && !hostile.socket.closed) await hostile.turn();
  t.true(server.load().calls <= LIMITS.streamsPerSessionMax);
  t.deepEqual(await call(client(t, address), 'x'), { answer: 'x' });
});

test('a flood of resets closes its own connection only, and memory stays flat', async (t) => {
  const { address, state } = await startServerProcess(t);
  const honest = client(t, address);
  t.deepEqual(await call(honest, 'hello'), { answer: '5' });
  const before = await state();
  const hostile = await rawConnection(t, address);
  for (let id = 1; id < 100_000 && !hostile.socket.closed && hostile.goaway() === undefined; id += 2) {
    const reset = frame(FRAME.RST_STREAM, 0, id, Buffer.from([0, 0, 0, 8]));
    hostile.send(frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(ECHO)), reset);
    if (id % 200 === 1) t.deepEqual(await call(honest, 'hello'), { answer: '5' });
  }
  await until(() => hostile.socket.closed || hostile.goaway() !== undefined);
  t.deepEqual(await call(honest, 'hello'), { answer: '5' });
  const after = await state();
  t.is(after.calls, 0);
  t.true(after.peakRss - before.rss < 250 * MIB, `${(after.peakRss - before.rss) / MIB} MiB more`);
});

test('endless CONTINUATION frames end their own connection', async (t) => {
  const { address } = await serve(t, { methods: echo });
  const hostile = await rawConnection(t, address);
  hostile.send(frame(FRAME.HEADERS, 0, 1, grpcHeaders(ECHO)));
  const more = headerBlock({ 'x-filler': 'y'.repeat(8000) });
  for (let i = 0; i < 2000 && !hostile.socket.closed && hostile.goaway() === undefined; i += 1) {
    hostile.send(frame(FRAME.CONTINUATION, 0, 1, more));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => hostile.socket.closed || hostile.goaway() !== undefined || hostile.ended.has(1));
  t.deepEqual(await call(client(t, address), 'x'), { answer: 'x' });
});

const nonsense = test.macro({
  async exec(t, headers: Record<string, string>, bytes: number[]) {
    const { server, address } = await serve(t, { methods: echo });
    const hostile = await rawConnection(t, address);
    hostile.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(headers[':path'] ?? ECHO, headers)));
    hostile.send(frame(FRAME.DATA, END_STREAM, 1, Buffer.from(bytes)));
    await until(() => hostile.ended.has(1) || hostile.goaway() !== undefined || hostile.socket.closed);
    t.deepEqual(await call(client(t, address), 'x'), { answer: 'x' });
    await until(() => server.load().calls === 0);
  },
  title: (title) => `${title} ends the call and not the server`,
});
test('a broken timeout', nonsense, { 'grpc-timeout': '99999999999999999999H' }, [0, 0, 0, 0, 0]);
test('a timeout that is no number', nonsense, { 'grpc-timeout': 'soon' }, [0, 0, 0, 0, 0]);
test('the longest timeout there is', nonsense, { 'grpc-timeout': '99999999H' }, [0, 0, 0, 0, 0]);
test('a path with strange bytes', nonsense, { ':path': '/\xff\xfe/%00\x7f' }, [0, 0, 0, 0, 0]);
test('another content type', nonsense, { 'content-type': 'text/html' }, [0, 0, 0, 0, 0]);
test('half a prefix', nonsense, {}, [0, 0]);
test('a message that is cut off', nonsense, {}, [0, 0, 0, 0, 9, 1]);
test('two messages', nonsense, {}, [0, 0, 0, 0, 1, 65, 0, 0, 0, 0, 1, 66]);
test('a length of 4 GiB', nonsense, {}, [0, 255, 255, 255, 255]);
test('a message that says it is compressed', nonsense, { 'grpc-encoding': 'gzip' }, [1, 0, 0, 0, 1, 0]);
test('an unknown coding', nonsense, { 'grpc-encoding': 'zstd' }, [1, 0, 0, 0, 1, 0]);
test('binary metadata that is no base64', nonsense, { 'x-test-bin': '!!!' }, [0, 0, 0, 0, 0]);
test('metadata that is not ASCII', nonsense, { 'x-test': '\xff\xfe\x80' }, [0, 0, 0, 0, 0]);
