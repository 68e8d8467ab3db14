import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createAdmission } from '../../sidecar/server/admission.js';
import type { AdmittedCall } from '../../sidecar/server/admitted-call.js';
import type { CallPool, CallRules } from '../../sidecar/server/call-rules.js';
import { Connections } from '../../sidecar/server/connections.js';
import { InOrder } from '../../sidecar/server/in-order.js';
import { callsOf } from '../../sidecar/server/requests.js';
import { END_HEADERS, END_STREAM, FRAME, frame, grpcHeaders, prefix, rawConnection } from './raw-http2.js';
import { ECHO, until } from './rig.js';

/** RFC 9113 section 7. */
const ENHANCE_YOUR_CALM = 11;

/** A server of one method whose calls can be evicted all the time, as those of health and reflection can. */
async function serveEvictable(t: ExecutionContext, method: CallRules['method'], callsMax: number) {
  const pool: CallPool = {
    admission: createAdmission({ callsMax, bytesMax: LIMITS.auxiliaryBytesMax }),
    open: new InOrder(),
    isDraining: false,
  };
  const rules: CallRules = {
    pool,
    method,
    messageBytesMax: LIMITS.auxiliaryMessageBytesMax,
    callMsMax: Number.POSITIVE_INFINITY,
    overloaded: () => new JiminiError('JIMINI_OVERLOADED', 'too many'),
    isWork: false,
  };
  const connections = new Connections({ connectionsMax: 10, onRequest: callsOf(new Map([[ECHO, rules]])) });
  const server = createServer((socket) => connections.accept(socket)).listen(0, '127.0.0.1');
  t.teardown(() => {
    server.close();
    connections.destroy();
  });
  await once(server, 'listening');
  return { pool, raw: await rawConnection(t, `127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

/** A call with one empty message. */
function ask(id: number): Buffer {
  return Buffer.concat([
    frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(ECHO)),
    frame(FRAME.DATA, END_STREAM, id, prefix(0)),
  ]);
}

test('what has come of the next message counts when something else is let go', async (t) => {
  let waiting: AdmittedCall | undefined;
  const converse = (call: AdmittedCall) => {
    waiting = call;
    return { onMessage: () => {}, onEnd: () => {} };
  };
  const { pool, raw } = await serveEvictable(t, { converse }, 1);
  raw.send(frame(FRAME.HEADERS, END_HEADERS, 1, grpcHeaders(ECHO)));
  raw.send(frame(FRAME.DATA, 0, 1, Buffer.concat([prefix(1), Buffer.from('a'), prefix(10_000)])));
  await until(() => waiting !== undefined);
  const before = pool.admission.bytes;
  for (let i = 0; i < 100; i += 1) raw.send(frame(FRAME.DATA, 0, 1, Buffer.from('b')));
  const pieces = 100 * LIMITS.chunkOverheadBytes;
  await until(() => pool.admission.bytes >= before + pieces);
  waiting?.holds(0);
  t.true(pool.admission.bytes >= pieces, `${pool.admission.bytes} bytes`);
});

test('fields count for what they take though they say nothing', async (t) => {
  const { pool, raw } = await serveEvictable(t, { serve: () => {} }, 1);
  const fields = Array.from({ length: 1000 }, () => Buffer.from([0, 1, 0x78, 0])); // a literal field x without a value
  raw.send(frame(FRAME.HEADERS, END_HEADERS, 1, Buffer.concat([grpcHeaders(ECHO), ...fields])));
  await until(() => pool.admission.calls === 1);
  t.true(pool.admission.bytes > LIMITS.callOverheadBytes + 32_000, `${pool.admission.bytes} bytes`);
});

test('whoever waits for the end of a call hears of it when another one takes its place', async (t) => {
  const begun: AdmittedCall[] = [];
  const ended: unknown[] = [];
  const serve = (_: Buffer, call: AdmittedCall) => {
    begun.push(call);
    call.signal.addEventListener('abort', () => ended.push((call.signal.reason as JiminiError).code));
  };
  const { raw } = await serveEvictable(t, { serve }, 1);
  raw.send(ask(1), ask(3));
  await until(() => begun.length === 2 && raw.ended.has(1));
  t.deepEqual(ended, ['JIMINI_OVERLOADED']);
  t.false(raw.ended.has(3));
});

test('a call whose answer is not read ends with its place', async (t) => {
  const serve = (_: Buffer, call: AdmittedCall) => {
    call.send(Buffer.from('answer'));
    call.end();
  };
  const { pool, raw } = await serveEvictable(t, { serve }, 1);
  raw.send(frame(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))); // an initial window of 0
  raw.send(ask(1), ask(3));
  await until(() => raw.resets.has(1));
  t.is(raw.resets.get(1), ENHANCE_YOUR_CALM);
  t.deepEqual([[...pool.open].length, pool.admission.calls], [1, 1]);
});
