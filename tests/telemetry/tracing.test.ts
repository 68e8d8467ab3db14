import { NodeSDK } from '@opentelemetry/sdk-node';
import test from 'ava';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import type { Decision, Evaluation } from '../../sidecar/kernel/evaluation.js';
import { createTracing } from '../../sidecar/telemetry/tracing.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';
const evaluation: Evaluation = {
  door: 'evaluate',
  direction: 'inbound',
  endpoint: '/v1/chat',
  route: 'chat',
  tenant: '',
  content: [{ kind: 'text', text: 'canary-phrase' }],
  gaps: [],
  requestId: 'r'.repeat(300),
};
const decision: Decision = {
  raw: 'BLOCK',
  effective: 'BLOCK',
  matched: [],
  findings: [],
  gaps: [],
  policyRevision: 'rev',
  textLength: 13,
  decisionId: 'log:7',
  message: 'Blocked.',
  durationMs: 1.5,
};

/** Spans that have ended. */
type Processor = NonNullable<NonNullable<ConstructorParameters<typeof NodeSDK>[0]>['spanProcessors']>[number];
const ended: Parameters<Processor['onEnd']>[0][] = [];
const sdk = new NodeSDK({
  spanProcessors: [
    {
      onStart: () => {},
      onEnd: (span) => ended.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
});
sdk.start();
const tracing = createTracing({ evaluate: 'a.Service/Method' }, () => sdk.shutdown());
test.after.always(() => tracing.close());

async function spanOf(asked: Evaluation) {
  await tracing.evaluation(asked, async () => decision);
  return ended.at(-1);
}

const withParent = test.macro(async (t, traceparent: string | undefined, parent: object | undefined) => {
  const span = await spanOf(
    traceparent === undefined ? evaluation : { ...evaluation, trace: { traceparent, tracestate: 'a=b' } },
  );
  t.is(span?.kind, 1, 'SERVER');
  if (parent === undefined) t.is(span?.parentSpanContext, undefined);
  else t.like(span?.parentSpanContext, parent);
});

test.serial('the caller is the parent', withParent, `00-${TRACE_ID}-${SPAN_ID}-01`, {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
});
test.serial('without a trace context there is no parent', withParent, undefined, undefined);
test.serial('a trace context that is not valid is none', withParent, `00-${'0'.repeat(32)}-${SPAN_ID}-01`, undefined);
test.serial('a trace context that is not even near is none', withParent, 'x'.repeat(10_000), undefined);

test.serial('what the caller does not sample is not sampled', async (t) => {
  const before = ended.length;
  await spanOf({ ...evaluation, trace: { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00`, tracestate: '' } });
  t.is(ended.length, before);
});

test.serial('a span says what was decided, through which method, and nothing of the text', async (t) => {
  const span = await spanOf(evaluation);
  t.is(span?.name, 'jimini.evaluate');
  t.is(span?.status.code, 0, 'a BLOCK is no failure');
  t.deepEqual(span?.attributes, {
    'rpc.system.name': 'grpc',
    'rpc.method': 'a.Service/Method',
    'jimini.endpoint': 'chat',
    'jimini.text_length': 13,
    'jimini.request_id': 'r'.repeat(256),
    'jimini.decision': 'BLOCK',
    'jimini.decision_id': 'log:7',
    'jimini.rule_ids': [],
    'jimini.latency_ms': 1.5,
  });
});

test.serial('what was not judged is a failed span with the code of the error, and the error goes on', async (t) => {
  const error = new JiminiError('JIMINI_OVERLOADED', 'canary-phrase');
  await t.throwsAsync(
    tracing.evaluation(evaluation, () => Promise.reject(error)),
    { is: error },
  );
  const span = ended.at(-1);
  t.deepEqual(span?.status, { code: 2 });
  t.is(span?.attributes['error.type'], 'JIMINI_OVERLOADED');
  t.deepEqual(span?.events, []);
});

test.serial('an evaluation through a door that is no gRPC method says nothing of one', async (t) => {
  const span = await spanOf({ ...evaluation, door: 'cli' });
  t.is(span?.attributes['rpc.system.name'], undefined);
});
