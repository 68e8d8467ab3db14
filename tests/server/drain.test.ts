import { existsSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import test from 'ava';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { END_HEADERS, END_STREAM, FRAME, frame, grpcHeaders, prefix, rawConnection } from './raw-http2.js';
import { call, client, ECHO, method, serve, socketPath, until } from './rig.js';

function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed };
}

test('drain lets calls under way end, takes no new ones and removes the socket', async (t) => {
  const { open, passed } = gate();
  const methods = new Map([
    [
      ECHO,
      method(async (message) => {
        await passed;
        return message;
      }),
    ],
  ]);
  const path = socketPath(t);
  const { server, address } = await serve(t, { methods }, `unix:${path}`);
  const under = call(client(t, address), 'last');
  await until(() => server.load().calls === 1);
  const drained = server.drain(10_000);
  await until(() => !existsSync(path));
  t.like(await call(client(t, address), 'late'), { code: status.UNAVAILABLE });
  open();
  t.deepEqual(await under, { answer: 'last' });
  t.is(await drained, 0);
  await server.close();
});

test('drain ends after its time and says how many handlers are still working; close cuts them off', async (t) => {
  const { open, passed } = gate();
  const aborted: unknown[] = [];
  const methods = new Map([
    [
      ECHO,
      method(async (message, { signal }) => {
        signal.addEventListener('abort', () => aborted.push(signal.reason));
        await passed;
        return message;
      }),
    ],
  ]);
  const { server, address } = await serve(t, { methods });
  const under = call(client(t, address), 'x');
  await until(() => server.load().calls === 1);
  t.is(await server.drain(50), 1);
  await server.close();
  // INTERNAL where the end of the stream reaches the client before that of the connection.
  const outcome = await under;
  t.true('code' in outcome && [status.UNAVAILABLE, status.INTERNAL].includes(outcome.code));
  await until(() => aborted.length === 1);
  open();
  await until(() => server.load().calls === 0);
});

test('drain waits for the handler of a caller that is gone', async (t) => {
  const { open, passed } = gate();
  let finished = false;
  const methods = new Map([
    [
      ECHO,
      method(async (message) => {
        await passed;
        finished = true;
        return message;
      }),
    ],
  ]);
  const { server, address } = await serve(t, { methods });
  const made = client(t, address);
  const under = call(made, 'x');
  await until(() => server.load().calls === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  under.cancel();
  await under;
  const drained = server.drain(10_000);
  setTimeout(open, 50);
  t.is(await drained, 0);
  t.true(finished);
});

test('what could last for ever is not begun once the server drains; what ends by itself is', async (t) => {
  const TAIL = '/test.v1.Echo/Tail';
  const tail = {
    async *handler(_: Uint8Array, { signal }: { signal: AbortSignal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    overloaded: () => new JiminiError('JIMINI_OVERLOADED', 'too many'),
  };
  const echo = new Map([[ECHO, method(async (message) => message)]]);
  const { server, address } = await serve(t, { methods: echo, streams: new Map([[TAIL, tail]]) });
  // It does not answer the ping that follows the first GOAWAY, as though it were slow: its next calls were under way.
  const slow = await rawConnection(t, address);
  const ask = (id: number, path: string) => {
    slow.send(frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(path)));
    slow.sendData(id, prefix(0));
    slow.send(frame(FRAME.DATA, END_STREAM, id));
  };
  ask(1, TAIL);
  await until(() => slow.seen.get(`${FRAME.SETTINGS}:0`) === 2); // the second one acknowledges ours
  const drained = server.drain(10_000);
  await until(() => slow.goaway() !== undefined);
  ask(3, TAIL);
  ask(5, ECHO);
  await until(() => [1, 3, 5].every((id) => slow.ended.has(id)));
  t.false(slow.seen.has(`${FRAME.DATA}:3`));
  t.true(slow.seen.has(`${FRAME.DATA}:5`));
  slow.socket.end();
  t.is(await drained, 0);
});

test('a call that was under way on a connection without any is served when the server drains', async (t) => {
  const { server, address } = await serve(t, { methods: new Map([[ECHO, method(async (message) => message)]]) });
  const raw = await rawConnection(t, address);
  await until(() => raw.seen.get(`${FRAME.SETTINGS}:0`) === 2);
  const drained = server.drain(10_000);
  raw.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(ECHO)));
  raw.sendData(1, prefix(0));
  raw.send(frame(FRAME.DATA, END_STREAM, 1));
  await until(() => raw.ended.has(1) || raw.socket.closed);
  t.true(raw.seen.has(`${FRAME.DATA}:1`));
  raw.socket.end();
  t.is(await drained, 0);
});

test('a server that has not listened closes, and closing twice is fine', async (t) => {
  const { server } = await serve(t, { methods: new Map() });
  await server.close();
  await server.close();
  t.pass();
});
