import { credentials, makeGenericClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { service as Health } from 'grpc-health-check';
import { call, client, descriptorSet, ECHO, method, serve, until } from './rig.js';

interface HealthClient {
  list(request: object, done: (error: ServiceError | null, answer?: { statuses: object }) => void): void;
  check(request: { service: string }, done: (error: ServiceError | null, answer?: { status: string }) => void): void;
  watch(request: { service: string }): NodeJS.EventEmitter & { cancel(): void };
  close(): void;
}

const echo = new Map([[ECHO, method(async (message) => message)]]);

function healthClient(t: ExecutionContext, address: string): HealthClient {
  const Made = makeGenericClientConstructor(Health, 'Health');
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const made = new Made(address, credentials.createInsecure(), options) as unknown as HealthClient;
  t.teardown(() => made.close());
  return made;
}

function check(made: HealthClient, service: string): Promise<string> {
  return new Promise((resolve) =>
    made.check({ service }, (error, answer) => resolve(error ? status[error.code] : (answer?.status ?? ''))),
  );
}

test('the process and each of its services have a health; others are NOT_FOUND', async (t) => {
  const { server, address } = await serve(t, { methods: echo, descriptorSet });
  const made = healthClient(t, address);
  const names = ['', 'test.v1.Echo', 'grpc.reflection.v1.ServerReflection'];
  for (const name of names) t.is(await check(made, name), 'SERVING', name);
  t.is(await check(made, 'jimini.v1.PolicyService'), 'NOT_FOUND');
  server.setServing(false);
  for (const name of names) t.is(await check(made, name), 'NOT_SERVING', name);
});

test('whoever watches is told before the server goes away', async (t) => {
  const { server, address } = await serve(t, { methods: echo });
  const told: string[] = [];
  const watch = healthClient(t, address).watch({ service: '' });
  const ended = new Promise((resolve) => watch.on('error', resolve));
  watch.on('data', ({ status }: { status: string }) => told.push(status));
  await until(() => told.length === 1);
  server.setServing(true);
  t.is(await server.drain(5000), 0);
  await ended;
  t.deepEqual(told, ['SERVING', 'NOT_SERVING']);
});

test('a service that is not there is watched as unknown, without an end', async (t) => {
  const { server, address } = await serve(t, { methods: echo });
  const told: string[] = [];
  const watch = healthClient(t, address).watch({ service: 'no.such.Service' });
  watch.on('error', () => {});
  watch.on('data', ({ status }: { status: string }) => told.push(status));
  await until(() => told.length === 1);
  server.setServing(false);
  t.is(await check(healthClient(t, address), ''), 'NOT_SERVING');
  t.deepEqual(told, ['SERVICE_UNKNOWN']);
  watch.cancel();
});

test('whoever watches is told of each change once', async (t) => {
  const { server, address } = await serve(t, { methods: echo });
  const told: string[] = [];
  const watch = healthClient(t, address).watch({ service: 'test.v1.Echo' });
  watch.on('error', () => {});
  watch.on('data', ({ status }: { status: string }) => told.push(status));
  await until(() => told.length === 1);
  for (const serving of [true, false, false, true]) {
    server.setServing(serving);
    await check(healthClient(t, address), ''); // so that each is sent by itself
  }
  await until(() => told.length >= 3);
  t.deepEqual(told, ['SERVING', 'NOT_SERVING', 'SERVING']);
  watch.cancel();
});

test('the health of all services is listed', async (t) => {
  const { server, address } = await serve(t, { methods: echo });
  const made = healthClient(t, address);
  for (const [serving, status] of [
    [true, 'SERVING'],
    [false, 'NOT_SERVING'],
  ] as const) {
    server.setServing(serving);
    const { promise: listed, resolve } = Promise.withResolvers<unknown>();
    made.list({}, (error, answer) => resolve(error ?? answer?.statuses));
    t.deepEqual(await listed, { '': { status }, 'test.v1.Echo': { status } });
  }
});

test('a service name that is no UTF-8 is an error and no crash', async (t) => {
  const { address } = await serve(t, { methods: echo });
  const made = client(t, address);
  const path = '/grpc.health.v1.Health/Check';
  for (const name of [[0xed, 0xa0, 0x80], [0xff], [0xc0, 0x80]]) {
    t.true('code' in (await call(made, Buffer.from([0x0a, name.length, ...name]), { path })));
  }
  t.like(await call(made, Buffer.alloc(100_000, 0x0a), { path }), { code: status.RESOURCE_EXHAUSTED });
  t.deepEqual(await call(made, 'alive'), { answer: 'alive' });
});

test('health answers while every place for other calls is taken', async (t) => {
  const methods = new Map([
    [
      ECHO,
      method(async (message, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return message;
      }),
    ],
  ]);
  const { server, address } = await serve(t, { methods, limits: { callsMax: 1 } });
  const under = call(client(t, address), 'x');
  await until(() => server.load().calls === 1);
  t.is(await check(healthClient(t, address), ''), 'SERVING');
  under.cancel();
  await under;
});
