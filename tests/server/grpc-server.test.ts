import { compressionAlgorithms, status } from '@grpc/grpc-js';
import test from 'ava';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { call, client, ECHO, method, serve, socketPath, until } from './rig.js';

const echo = new Map([[ECHO, method(async (message) => message)]]);

for (const [title, addressOf] of [
  ['TCP', () => '127.0.0.1:0'],
  ['a Unix socket', (t) => `unix:${socketPath(t)}`],
] as const satisfies readonly (readonly [string, (t: import('ava').ExecutionContext) => string])[]) {
  test(`a message comes back as the handler answers it over ${title}`, async (t) => {
    const { address } = await serve(t, { methods: echo }, addressOf(t));
    t.deepEqual(await call(client(t, address), 'hello'), { answer: 'hello' });
  });
}

test('an empty message and one of 40 MiB arrive whole', async (t) => {
  const sizes: number[] = [];
  const methods = new Map([
    [
      ECHO,
      method(async (message) => {
        sizes.push(message.length);
        return Buffer.alloc(0);
      }),
    ],
  ]);
  const { server, address } = await serve(t, { methods });
  const made = client(t, address);
  await call(made, '');
  await call(made, Buffer.alloc(40 * 1024 * 1024, 1));
  t.deepEqual(sizes, [0, 40 * 1024 * 1024]);
  await until(() => server.load().calls === 0);
  t.deepEqual(server.load(), { calls: 0, bytes: 0 });
});

test('a message over the receive limit is RESOURCE_EXHAUSTED and leaves nothing behind', async (t) => {
  const { server, address } = await serve(t, { methods: echo });
  const outcome = await call(client(t, address), Buffer.alloc(48 * 1024 * 1024 + 1));
  t.like(outcome, { code: status.RESOURCE_EXHAUSTED });
  await until(() => server.load().calls === 0);
  t.deepEqual(server.load(), { calls: 0, bytes: 0 });
});

test('a handler reads headers such as the trace context', async (t) => {
  const methods = new Map([
    [ECHO, method(async (_, context) => Buffer.from(`${context.header('traceparent')} ${context.header('absent')}`))],
  ]);
  const { address } = await serve(t, { methods });
  const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  t.deepEqual(await call(client(t, address), '', { headers }), { answer: `${headers.traceparent} undefined` });
});

test('a handler that fails tells the caller nothing of its insides', async (t) => {
  const seen: unknown[] = [];
  const failure = new Error('ENOENT: no such file /var/lib/secret');
  const methods = new Map([[ECHO, method(() => Promise.reject(failure))]]);
  const { address } = await serve(t, { methods, onError: (error) => seen.push(error) });
  t.deepEqual(await call(client(t, address), ''), { code: status.INTERNAL, details: 'internal error' });
  t.deepEqual(seen, [failure]);
});

test('a handler that throws before it returns a promise is an internal error, too', async (t) => {
  const methods = new Map([
    [
      ECHO,
      method(() => {
        throw new TypeError('x is undefined');
      }),
    ],
  ]);
  const { address } = await serve(t, { methods });
  t.like(await call(client(t, address), ''), { code: status.INTERNAL });
});

test('a coded error reaches the caller with its status and sentence', async (t) => {
  const error = new JiminiError('JIMINI_INVALID_ARGUMENT', 'half a pair: \ud800');
  const methods = new Map([[ECHO, method(() => Promise.reject(error))]]);
  const { address } = await serve(t, { methods });
  t.deepEqual(await call(client(t, address), ''), { code: status.INVALID_ARGUMENT, details: 'half a pair: \ufffd' });
});

test('the signal aborts when the caller cancels, and the place is held until the handler has finished', async (t) => {
  let release = () => {};
  const codes: unknown[] = [];
  const methods = new Map([
    [
      ECHO,
      method(async (message, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        codes.push((signal.reason as JiminiError).code);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return message;
      }),
    ],
  ]);
  const { server, address } = await serve(t, { methods });
  const under = call(client(t, address), 'x');
  await until(() => server.load().calls === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  under.cancel();
  await until(() => codes.length === 1);
  t.deepEqual(codes, ['JIMINI_CANCELLED']);
  t.like(await under, { code: status.CANCELLED });
  t.is(server.load().calls, 1);
  release();
  await until(() => server.load().calls === 0);
});

test('the signal aborts at the deadline of the caller', async (t) => {
  const codes: unknown[] = [];
  const methods = new Map([
    [
      ECHO,
      method(async (message, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        codes.push((signal.reason as JiminiError).code);
        return message;
      }),
    ],
  ]);
  const { server, address } = await serve(t, { methods });
  const made = client(t, address);
  // A busy machine may let a deadline pass before the handler has begun.
  while (codes.length === 0) t.like(await call(made, 'x', { deadlineMs: 200 }), { code: status.DEADLINE_EXCEEDED });
  t.regex(String(codes[0]), /^JIMINI_(DEADLINE_EXCEEDED|CANCELLED)$/);
  await until(() => server.load().calls === 0);
});

test('a call without a deadline ends after the longest time for a call', async (t) => {
  const methods = new Map([
    [
      ECHO,
      method(async (message, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return message;
      }),
    ],
  ]);
  const { server, address } = await serve(t, { methods, limits: { callMsMax: 100 } });
  t.like(await call(client(t, address), 'x'), { code: status.DEADLINE_EXCEEDED });
  await until(() => server.load().calls === 0);
});

test('compressed messages are refused before a byte is unpacked', async (t) => {
  const { address } = await serve(t, { methods: echo });
  const gzip = client(t, address, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
  t.like(await call(gzip, 'x'.repeat(10_000)), { code: status.UNIMPLEMENTED });
  t.like(await call(client(t, address), 'x'), { answer: 'x' });
});

test('an unknown method is UNIMPLEMENTED', async (t) => {
  const { address } = await serve(t, { methods: echo });
  t.like(await call(client(t, address), '', { path: '/test.v1.Echo/Nothing' }), { code: status.UNIMPLEMENTED });
});

test('a thousand calls cancelled at once leave nothing behind, and the connection serves on', async (t) => {
  const { server, address } = await serve(t, { methods: echo });
  const made = client(t, address);
  for (let round = 0; round < 30; round += 1) {
    const calls = Array.from({ length: 100 }, () => call(made, 'x'));
    if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    for (const under of calls) under.cancel();
    await Promise.all(calls);
  }
  // A server that is behind counts cancelled streams as open still, and lets no more than so many in.
  let outcome = await call(made, 'still here');
  while ('code' in outcome && outcome.code === status.RESOURCE_EXHAUSTED) outcome = await call(made, 'still here');
  t.deepEqual(outcome, { answer: 'still here' });
  await until(() => server.load().calls === 0);
  t.deepEqual(server.load(), { calls: 0, bytes: 0 });
});
