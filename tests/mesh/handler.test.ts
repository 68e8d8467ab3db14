import test from 'ava';
import { createCheckHandler } from '../../mesh/ext-authz/handler.js';
import { CheckResponse } from '../../proto/gen/envoy/service/auth/v3/external_auth.js';
import type { CallContext } from '../../sidecar/kernel/call.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import type { Decision, Evaluation } from '../../sidecar/kernel/evaluation.js';
import { checkBytes } from './check-message.js';
import { decisionFor, plainSettings } from './decisions.js';

function callWith(headers: Record<string, string> = {}): CallContext {
  return {
    get signal(): AbortSignal {
      throw new Error('nobody asks whether the caller is still there');
    },
    header: (name) => headers[name],
  };
}

function doorTo(decide: (evaluation: Evaluation) => Promise<Decision>) {
  const faults: JiminiError[] = [];
  const handler = createCheckHandler({
    decisionPort: { decide },
    settings: () => plainSettings,
    onFault: (error) => faults.push(error),
  });
  return { handler, faults };
}

test('the answer of the decision point is the answer of the door', async (t) => {
  const { handler } = doorTo(async () => decisionFor('FLAG'));
  t.is(CheckResponse.decode(await handler(checkBytes({}), callWith())).status?.code, 0);
});

test('a malformed message is decided like any other, and so recorded', async (t) => {
  const asked: Evaluation[] = [];
  const { handler } = doorTo(async (evaluation) => {
    asked.push(evaluation);
    return decisionFor('BLOCK', { gaps: evaluation.gaps });
  });
  const answer = CheckResponse.decode(await handler(Uint8Array.of(0xff), callWith()));
  t.deepEqual(asked[0]?.gaps, [{ kind: 'message:malformed' }]);
  t.is(answer.status?.code, 7);
});

test('a fault of our own is a denial and a report, never a gRPC error', async (t) => {
  const { handler, faults } = doorTo(async () => {
    throw new Error('boom');
  });
  const answer = CheckResponse.decode(await handler(checkBytes({}), callWith()));
  t.is(answer.status?.code, 7);
  t.deepEqual(
    faults.map((fault) => fault.code),
    ['JIMINI_INTERNAL'],
  );
});

test('what was not judged for want of room is a denial that says so, in the shape of the caller, and no fault', async (t) => {
  const { handler, faults } = doorTo(async () => {
    throw new JiminiError('JIMINI_OVERLOADED', 'too many wait');
  });
  const answer = CheckResponse.decode(await handler(checkBytes({}), callWith()));
  t.is(answer.status?.code, 7);
  t.is(answer.status?.message, 'jimini_overloaded');
  t.deepEqual(faults, []);
});

test('a verdict that nobody knows is a denial', async (t) => {
  const { handler, faults } = doorTo(async () => decisionFor('PERHAPS' as 'ALLOW'));
  t.is(CheckResponse.decode(await handler(checkBytes({}), callWith())).status?.code, 7);
  t.is(faults.length, 1);
});

test("the trace context of the call goes before the checked request's", async (t) => {
  const traces: Evaluation['trace'][] = [];
  const { handler } = doorTo(async (evaluation) => {
    traces.push(evaluation.trace);
    return decisionFor('ALLOW');
  });
  const message = checkBytes({ headers: { traceparent: 'client', tracestate: 'c=1' } });
  await handler(message, callWith());
  await handler(message, callWith({ traceparent: 'proxy', tracestate: 'p=1' }));
  await handler(checkBytes({}), callWith());
  t.deepEqual(traces, [
    { traceparent: 'client', tracestate: 'c=1' },
    { traceparent: 'proxy', tracestate: 'p=1' },
    undefined,
  ]);
});

test('a caller that has hung up is judged all the same: nobody asks for the signal, which would cost every call', async (t) => {
  const { handler } = doorTo(async () => decisionFor('BLOCK'));
  t.is(CheckResponse.decode(await handler(checkBytes({}), callWith())).status?.code, 7);
});
