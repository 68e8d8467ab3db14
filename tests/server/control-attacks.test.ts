import { once } from 'node:events';
import { connect } from 'node:http2';
import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { decision } from '../audit/records.js';
import { auditClient, bearer, type ControlPort, openControlPort, outcomeOf } from './control-rig.js';
import { END_HEADERS, END_STREAM, FRAME, frame, grpcHeaders, type RawConnection, rawConnection } from './raw-http2.js';
import { call, client, until } from './rig.js';

const STREAM = '/jimini.v1.AuditService/StreamEntries';
const EMPTY_MESSAGE = Buffer.alloc(5);

async function withLongLeaves(t: ExecutionContext, limits: Parameters<typeof openControlPort>[1]) {
  const port = await openControlPort(t, limits);
  const leafFields = decision('x'.repeat(7_000));
  await Promise.all(Array.from({ length: 300 }, () => port.log.append({ leafFields })));
  return { port, headers: bearer(port.issue(['reader']).token) };
}

/** A caller that asks for a stream, and whose window is full after 64 KiB for good. */
async function unread(t: ExecutionContext, port: ControlPort, headers: Record<string, string>): Promise<RawConnection> {
  const made = await rawConnection(t, port.address);
  made.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(STREAM, headers)));
  made.send(frame(FRAME.DATA, END_STREAM, 1, EMPTY_MESSAGE));
  await until(() => (made.seen.get(`${FRAME.DATA}:1`) ?? 0) > 0);
  return made;
}

test('a stream that is not read for too long is reset, and its place is free again', async (t) => {
  const { port, headers } = await withLongLeaves(t, { stalledMsMax: 300, streamsMax: 1 });
  const hostile = await unread(t, port, headers);
  while (!hostile.ended.has(1)) await hostile.turn();
  const outcome = await outcomeOf(auditClient(t, port.address, headers).stream({ stopAtEnd: true }));
  t.is(outcome.code, status.OK);
});

test('a stream whose message never comes ends after the longest time for a call', async (t) => {
  const { port, headers } = await withLongLeaves(t, { callMsMax: 400, streamsMax: 2 });
  const hostile = await rawConnection(t, port.address);
  hostile.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(STREAM, headers)));
  hostile.send(frame(FRAME.HEADERS, END_HEADERS, 3, grpcHeaders(STREAM, headers)));
  hostile.send(frame(FRAME.DATA, 0, 3, EMPTY_MESSAGE.subarray(0, 3)));
  while (!hostile.ended.has(1) || !hostile.ended.has(3)) await hostile.turn();
  t.deepEqual(port.server.load(), { calls: 0, bytes: 0 });
});

test('a newcomer takes the place of a stream whose message is not whole, not of one that runs', async (t) => {
  const { port, headers } = await withLongLeaves(t, { streamsMax: 2 });
  const made = auditClient(t, port.address, headers);
  const running = made.stream();
  running.on('error', () => {});
  await once(running, 'data');
  const hostile = await rawConnection(t, port.address);
  hostile.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(STREAM, headers)));
  await hostile.turn();
  const second = made.stream();
  second.on('error', () => {});
  await once(second, 'data');
  while (!hostile.ended.has(1)) await hostile.turn();
  t.like(await outcomeOf(made.stream()), { code: status.RESOURCE_EXHAUSTED });
  const more = once(running, 'data');
  await port.log.append({ leafFields: decision('more') });
  await more;
  running.cancel();
  second.cancel();
  t.pass();
});

test('giant headers are refused, and the port goes on', async (t) => {
  const { port, headers } = await withLongLeaves(t, {});
  for (const authorization of [`Bearer ${'a'.repeat(60_000)}`, `Bearer jmn_${'a'.repeat(1_000_000)}`]) {
    const session = connect(`http://${port.address}`);
    session.on('error', () => {});
    t.teardown(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': STREAM,
      'content-type': 'application/grpc',
      authorization,
    });
    stream.on('error', () => {});
    stream.end(EMPTY_MESSAGE);
    const answered = once(stream, 'response').then(([found]) => String(found['grpc-status']));
    const ended = once(stream, 'close').then(() => 'closed');
    t.regex(await Promise.race([answered, ended]).catch(() => 'closed'), /^(16|closed)$/);
  }
  t.like(await outcomeOf(auditClient(t, port.address, headers).stream({ stopAtEnd: true })), { code: status.OK });
});

test('a message over the bound of the control port is refused', async (t) => {
  const { port, headers } = await withLongLeaves(t, { messageBytesMax: 64 * 1024 });
  const path = '/jimini.v1.AuditService/ListEntries';
  t.like(await call(client(t, port.address), Buffer.alloc(4 * 1024 * 1024), { path, headers }), {
    code: status.RESOURCE_EXHAUSTED,
  });
  t.like(await call(client(t, port.address), Buffer.from([0xff]), { path, headers }), {
    code: status.INVALID_ARGUMENT,
  });
});
