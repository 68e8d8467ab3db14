import test from 'ava';
import { type Caller, UNKNOWN_CALLER } from '../../mesh/ext-authz/read-check.js';
import { failedCheckResponse, overloadedCheckResponse, writeCheck } from '../../mesh/ext-authz/write-check.js';
import {
  CheckResponse,
  type DeniedHttpResponse,
  type OkHttpResponse,
} from '../../proto/gen/envoy/service/auth/v3/external_auth.js';
import type { Decision } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { VERDICTS } from '../../sidecar/kernel/verdict.js';
import { DECISION_ID, decisionFor } from './decisions.js';

/** One that may know the reasons. */
const CURIOUS: Caller = { ...UNKNOWN_CALLER, mayKnowReasons: true };

function answer(decision: Decision, caller: Caller = UNKNOWN_CALLER): CheckResponse {
  return CheckResponse.decode(writeCheck(decision, caller));
}

function okOf(response: CheckResponse): OkHttpResponse {
  if (response.httpResponse?.$case !== 'okResponse') throw new Error('not allowed');
  return response.httpResponse.value;
}

function deniedOf(response: CheckResponse): DeniedHttpResponse {
  if (response.httpResponse?.$case !== 'deniedResponse') throw new Error('not denied');
  return response.httpResponse.value;
}

function headersOf({ headers }: OkHttpResponse | DeniedHttpResponse): [string, string][] {
  return headers.map((option) => [option.header?.key ?? '', option.header?.value ?? '']);
}

test('only ALLOW and FLAG have status 0, which is all that Envoy looks at', (t) => {
  const codes = VERDICTS.map((verdict) => [verdict, answer(decisionFor(verdict)).status?.code]);
  t.deepEqual(codes, [
    ['ALLOW', 0],
    ['FLAG', 0],
    ['MASK', 7],
    ['BLOCK', 7],
  ]);
});

test('the effective verdict decides, not the raw one', (t) => {
  t.is(answer(decisionFor('ALLOW', { raw: 'BLOCK' })).status?.code, 0);
});

test('an allowed request carries our headers overwritten and loses every other one of our name', (t) => {
  const forged = ['x-jimini-verdict', 'x-jimini-tenant', 'x-jimini-decision-id'];
  const ok = okOf(answer(decisionFor('FLAG'), { ...UNKNOWN_CALLER, forgedHeaders: forged }));
  t.deepEqual(headersOf(ok), [
    ['x-jimini-decision-id', DECISION_ID],
    ['x-jimini-verdict', 'FLAG'],
  ]);
  t.true(
    ok.headers.every((option) => option.appendAction === 2),
    'OVERWRITE_IF_EXISTS_OR_ADD',
  );
  t.deepEqual(ok.headersToRemove, ['x-jimini-tenant']);
});

test('a request without headers of our name loses none, least of all what we write', (t) => {
  t.deepEqual(okOf(answer(decisionFor('ALLOW'))).headersToRemove, []);
});

test('without a decision id a client cannot put its own in the place', (t) => {
  const ok = okOf(answer(decisionFor('ALLOW', { decisionId: '' })));
  t.deepEqual(headersOf(ok), [['x-jimini-verdict', 'ALLOW']]);
  t.deepEqual(ok.headersToRemove, ['x-jimini-decision-id']);
});

test('a denial is a 403 with a JSON body that names decision and rules', (t) => {
  const denied = deniedOf(answer(decisionFor('BLOCK', { message: 'Payment card number.' }), CURIOUS));
  t.is(denied.status?.code, 403);
  t.deepEqual(headersOf(denied), [
    ['x-jimini-decision-id', DECISION_ID],
    ['x-jimini-verdict', 'BLOCK'],
    ['content-type', 'application/json'],
  ]);
  t.deepEqual(JSON.parse(denied.body), {
    error: {
      message: `Payment card number. Decision ${DECISION_ID}.`,
      type: 'policy_violation',
      param: null,
      code: 'jimini_blocked',
    },
  });
});

for (const [errorShape, body] of [
  ['anthropic', { type: 'error', error: { type: 'permission_error', message: 'MESSAGE' } }],
  [
    'google',
    {
      error: {
        code: 403,
        message: 'MESSAGE',
        status: 'PERMISSION_DENIED',
        details: [
          { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'JIMINI_STORE_UNAVAILABLE', domain: 'jimini' },
        ],
      },
    },
  ],
  ['bedrock', { message: 'MESSAGE' }],
  ['cohere', { message: 'MESSAGE' }],
  ['ollama', { error: 'MESSAGE' }],
  ['tgi', { error: 'MESSAGE', error_type: 'jimini_store_unavailable' }],
] as const) {
  test(`a denial is written as ${errorShape} writes a 403`, (t) => {
    const decision = decisionFor('BLOCK', { message: 'MESSAGE', decisionId: '', outage: 'store_unavailable' });
    const denied = deniedOf(answer(decision, { ...CURIOUS, errorShape }));
    t.is(denied.status?.code, 403);
    t.deepEqual(JSON.parse(denied.body), body);
    const { 'content-type': type, 'x-amzn-errortype': errorType } = Object.fromEntries(headersOf(denied));
    t.is(type, 'application/json');
    t.is(errorType, errorShape === 'bedrock' ? 'AccessDeniedException' : undefined);
  });
}

const grpcTypes = [
  ['application/grpc', 'application/grpc'],
  ['application/GRPC+proto; x=1', 'application/grpc+proto'],
  ['application/grpc+thrift', 'application/grpc'],
  ['application/grpc-web', 'application/grpc-web'],
  ['application/grpc-web+proto', 'application/grpc-web+proto'],
  ['application/grpc-web-text+proto', 'application/grpc-web-text+proto'],
] as const;

for (const [contentType, answered] of grpcTypes) {
  test(`a caller with ${contentType} gets trailers only, as ${answered}`, (t) => {
    const denied = deniedOf(
      answer(decisionFor('BLOCK', { message: 'Schädlich: 100 %\u{1f6ab}.' }), { ...CURIOUS, contentType }),
    );
    t.is(denied.status?.code, 200);
    t.is(denied.body, '');
    t.deepEqual(headersOf(denied).slice(2), [
      ['content-type', answered],
      ['grpc-status', '7'],
      ['grpc-message', `Sch%C3%A4dlich: 100 %25%F0%9F%9A%AB. Decision ${DECISION_ID}.`],
    ]);
  });
}

test('what only looks like gRPC gets JSON', (t) => {
  for (const contentType of ['application/grpcweb', 'application/grpc-webby', 'text/application/grpc']) {
    t.is(deniedOf(answer(decisionFor('BLOCK'), { ...CURIOUS, contentType })).status?.code, 403, contentType);
  }
});

const rpc = (body: string, errorShape: Caller['errorShape'] = 'openai') =>
  deniedOf(answer(decisionFor('BLOCK', { message: 'MESSAGE' }), { ...CURIOUS, errorShape, body: Buffer.from(body) }));
const RPC_ERROR = {
  code: 403,
  message: `MESSAGE Decision ${DECISION_ID}.`,
  data: { reason: 'jimini_blocked', decision_id: DECISION_ID },
};

test('a JSON-RPC request is answered with its own id, each of a batch with its own', (t) => {
  const one = rpc('{"jsonrpc":"2.0","method":"tools/call","id":"a"}');
  t.is(one.status?.code, 200);
  t.deepEqual(JSON.parse(one.body), { jsonrpc: '2.0', id: 'a', error: RPC_ERROR });
  const batch = rpc(
    '[{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","method":"b"},{"jsonrpc":"2.0","method":"c","id":2}]',
  );
  t.is(batch.status?.code, 200);
  t.deepEqual(
    JSON.parse(batch.body),
    [1, 2].map((id) => ({ jsonrpc: '2.0', id, error: RPC_ERROR })),
  );
});

test('what JSON-RPC has no answer for is refused by the status of HTTP', (t) => {
  for (const body of ['{"jsonrpc":"2.0","method":"notifications/progress"}', '{"jsonrpc":"2.0","id":1,"result":{}}']) {
    const denied = rpc(body);
    t.is(denied.status?.code, 403);
    t.deepEqual(JSON.parse(denied.body), { jsonrpc: '2.0', error: RPC_ERROR });
  }
  t.deepEqual(JSON.parse(rpc('', 'mcp').body), { jsonrpc: '2.0', error: RPC_ERROR });
});

test('JSON-RPC in the body of another API is no reason to answer that way', (t) => {
  t.is(rpc('{"jsonrpc":"2.0","method":"a","id":1}', 'anthropic').status?.code, 403);
});

test('a caller that may not know the reasons is told the decision alone', (t) => {
  const denied = deniedOf(answer(decisionFor('BLOCK', { message: 'Payment card number.' })));
  t.is(JSON.parse(denied.body).error.message, `Blocked by policy. Decision ${DECISION_ID}.`);
});

test('a decision that could not be recorded says so and has no decision id', (t) => {
  const response = answer(decisionFor('BLOCK', { decisionId: '', outage: 'store_unavailable' }));
  const denied = deniedOf(response);
  t.deepEqual(headersOf(denied)[0], ['x-jimini-verdict', 'BLOCK']);
  t.like(JSON.parse(denied.body).error, { code: 'jimini_store_unavailable', type: 'policy_unavailable' });
  t.like(response.dynamicMetadata, { decision_id: '', outage: 'store_unavailable' });
});

test('what passes unrecorded has a verdict and no decision id', (t) => {
  const response = answer(decisionFor('FLAG', { decisionId: '', outage: 'store_unavailable' }));
  t.is(response.status?.code, 0);
  t.deepEqual(headersOf(okOf(response)), [['x-jimini-verdict', 'FLAG']]);
  t.like(response.dynamicMetadata, { decision_id: '', verdict: 'FLAG', outage: 'store_unavailable' });
});

test('overload and faults of our own are denials', (t) => {
  for (const [bytes, code] of [
    [overloadedCheckResponse(), 'jimini_overloaded'],
    [failedCheckResponse(UNKNOWN_CALLER), 'jimini_internal'],
  ] as const) {
    const response = CheckResponse.decode(bytes);
    t.is(response.status?.code, 7);
    t.is(deniedOf(response).status?.code, 403);
    t.is(JSON.parse(deniedOf(response).body).error.code, code);
  }
});

test('dynamic metadata stands at the top level, on allow and on deny', (t) => {
  const rule = { id: 'r', pack: 'p', title: 't', severity: 'low', action: 'flag', effectiveAction: 'flag' } as const;
  for (const verdict of ['FLAG', 'BLOCK'] as const) {
    const decision = decisionFor(verdict, { matched: [rule], gaps: [{ kind: 'reference:url' }], durationMs: 1.23456 });
    t.deepEqual(answer(decision).dynamicMetadata, {
      decision_id: DECISION_ID,
      verdict,
      rule_ids: ['r'],
      policy_revision: 'f00d',
      coverage_gaps: ['reference:url'],
      duration_ms: 1.235,
    });
  }
});

test('dynamic metadata names the switch that was in force', (t) => {
  const windows = decisionFor('ALLOW', { raw: 'BLOCK', switch: { kind: 'maintenance', windows: ['move'] } });
  t.is(answer(windows).dynamicMetadata?.['switch'], 'maintenance');
  t.is(answer(decisionFor('BLOCK', { switch: { kind: 'lockdown' } })).dynamicMetadata?.['switch'], 'lockdown');
});

test('an id that rules of two packs have is told once', (t) => {
  const rule = { id: 'r', title: 't', severity: 'low', action: 'flag', effectiveAction: 'flag' } as const;
  const matched = ['p', 'q'].map((pack) => ({ ...rule, pack }));
  t.deepEqual(answer(decisionFor('FLAG', { matched })).dynamicMetadata?.['rule_ids'], ['r']);
});

test('lists and sentences are bounded', (t) => {
  const rule = { id: 'r', pack: 'p', title: 't', severity: 'low', action: 'flag', effectiveAction: 'flag' } as const;
  const matched = Array.from({ length: 1000 }, (_, index) => ({ ...rule, id: `r${index}` }));
  const response = answer(decisionFor('BLOCK', { matched, message: 'm'.repeat(10_000) }), CURIOUS);
  t.is(response.dynamicMetadata?.['rule_ids'].length, LIMITS.leafRuleIdsMax);
  t.true(deniedOf(response).body.length < LIMITS.denialMessageCharsMax + 300);
});
