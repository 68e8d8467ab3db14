import { existsSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import test from 'ava';
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

test('a server that has not listened closes, and closing twice is fine', async (t) => {
  const { server } = await serve(t, { methods: new Map() });
  await server.close();
  await server.close();
  t.pass();
});
