import { createServer } from 'node:net';
import test from 'ava';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { createAdmission } from '../../sidecar/server/admission.js';
import type { AdmittedCall } from '../../sidecar/server/admitted-call.js';
import type { CallRules } from '../../sidecar/server/call-rules.js';
import { createConnection } from '../../sidecar/server/http2/connection.js';
import { InOrder } from '../../sidecar/server/in-order.js';
import { callsOf } from '../../sidecar/server/requests.js';
import { call, client, ECHO, until } from './rig.js';

test('a call that lasts and gives way to another one says so to its method, which would remember it for ever', async (t) => {
  const calls: AdmittedCall[] = [];
  const rules: CallRules = {
    pool: {
      admission: createAdmission({ callsMax: 1, bytesMax: 1024 * 1024 }),
      open: new InOrder(),
      isDraining: false,
    },
    messageBytesMax: 1024,
    callMsMax: Number.POSITIVE_INFINITY,
    overloaded: () => new JiminiError('JIMINI_OVERLOADED', 'too many'),
    isWork: false,
    method: { serve: (_, admitted) => calls.push(admitted) },
  };
  const onRequest = callsOf(new Map([[ECHO, rules]]));
  const server = createServer((socket) => createConnection(socket, { onRequest })).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await until(() => server.listening);
  const address = server.address();
  const made = client(t, typeof address === 'object' ? `127.0.0.1:${address?.port}` : '');
  const first = call(made, 'first');
  await until(() => calls.length === 1);
  t.is(calls[0]?.signal.aborted, false);
  const second = call(made, 'second');
  t.like(await first, { details: 'too many' });
  t.is(calls[0]?.signal.aborted, true);
  await until(() => calls.length === 2);
  second.cancel();
  await second;
  await until(() => calls[1]?.signal.aborted === true);
});
