import test, { type ExecutionContext } from 'ava';
import { EvaluateRequest, EvaluateResponse, ListRulesResponse, Verdict } from '../../proto/gen/jimini/v1/policy.js';
import type { CallContext } from '../../sidecar/kernel/call.js';
import type { ErrorCode } from '../../sidecar/kernel/errors.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import type { Decision, Evaluation } from '../../sidecar/kernel/evaluation.js';
import { createPolicyService, type PolicyServiceOptions } from '../../sidecar/server/policy-service.js';

const context: CallContext = { signal: new AbortController().signal, header: () => undefined };

const allowed: Decision = {
  raw: 'ALLOW',
  effective: 'ALLOW',
  matched: [],
  findings: [],
  gaps: [],
  policyRevision: 'rev',
  textLength: 0,
  decisionId: 'log:0',
  message: 'nothing found',
  durationMs: 1,
};

/** A service whose decision point remembers what it was asked. */
function service(decision: Decision = allowed, more: Partial<PolicyServiceOptions> = {}) {
  const asked: Evaluation[] = [];
  const malformed: string[] = [];
  const made = createPolicyService({
    decisions: {
      async decide(evaluation) {
        asked.push(evaluation);
        return decision;
      },
    },
    listRules: () => ({ rules: [], policyRevision: 'rev' }),
    readEndpoint: (stated) => ({
      endpoint: stated.toLowerCase(),
      route: stated === '' ? 'other' : 'known',
      ambiguous: stated.includes('..'),
    }),
    tenant: () => 'acme',
    onMalformed: (method) => malformed.push(method),
    ...more,
  });
  return {
    asked,
    malformed,
    raw: (bytes: Uint8Array) => made.evaluate(bytes, context),
    listRules: (bytes: Uint8Array) => made.listRules(bytes, context),
    async ask(request: Partial<EvaluateRequest>, call: CallContext = context) {
      const bytes = EvaluateRequest.encode(EvaluateRequest.fromPartial(request)).finish();
      return EvaluateResponse.decode(await made.evaluate(bytes, call));
    },
  };
}

async function refuses(t: ExecutionContext, work: Promise<unknown>, code: ErrorCode) {
  const error = await t.throwsAsync(work, { instanceOf: JiminiError });
  t.is(error?.code, code);
  return error?.message ?? '';
}

test('text becomes one piece of content, the subject is only said, and agent and metadata go nowhere', async (t) => {
  const { ask, asked } = service();
  await ask({
    text: 'hello',
    endpoint: '/V1/Chat',
    direction: ' InBound ',
    agentId: 'a',
    subject: 's',
    requestId: 'r',
    metadata: { tenant: 'evil' },
  });
  t.deepEqual(asked, [
    {
      door: 'evaluate',
      direction: 'inbound',
      endpoint: '/v1/chat',
      route: 'known',
      tenant: 'acme',
      content: [{ kind: 'text', text: 'hello' }],
      gaps: [],
      requestId: 'r',
      subject: { id: 's', isVerified: false },
    },
  ]);
});

test('the trace context of the call goes with the evaluation', async (t) => {
  const { ask, asked } = service();
  const headers: Readonly<Record<string, string>> = { traceparent: 'parent', tracestate: 'a=1' };
  await ask({ text: 'hello' }, { ...context, header: (name) => headers[name] });
  await ask({ text: 'hello' });
  t.deepEqual(
    asked.map(({ trace }) => trace),
    [{ traceparent: 'parent', tracestate: 'a=1' }, undefined],
  );
});

test('a body goes on as bytes with its type and coding', async (t) => {
  const { raw, asked } = service();
  const body = new TextEncoder().encode('{}');
  const message = EvaluateRequest.encode(
    EvaluateRequest.fromPartial({ body, contentType: 'application/json', contentEncoding: 'gzip' }),
  ).finish();
  const expected = { kind: 'body', bytes: body, contentType: 'application/json', contentEncoding: 'gzip' } as const;
  await raw(new Uint8Array([...Buffer.from('others'), ...message]).subarray(6));
  t.deepEqual(asked[0]?.content, [expected], 'in memory that others use');
  await raw(new Uint8Array(message));
  t.deepEqual(asked[1]?.content, [{ ...expected, isGivenAway: true }], 'in memory of its own');
});

test('an empty message is the empty text without direction and endpoint', async (t) => {
  const { raw, asked } = service();
  await raw(new Uint8Array());
  t.like(asked[0], { direction: '', endpoint: '', route: 'other', content: [{ kind: 'text', text: '' }] });
});

test('an ambiguous endpoint is a gap', async (t) => {
  const { ask, asked } = service();
  await ask({ endpoint: '/a/../b' });
  t.deepEqual(asked[0]?.gaps, [{ kind: 'path:ambiguous' }]);
});

test('text and body together, an unknown direction and an endless request id are refused', async (t) => {
  const { ask, asked, malformed } = service();
  await refuses(t, ask({ text: 'a', body: Buffer.from('b') }), 'JIMINI_INVALID_ARGUMENT');
  const message = await refuses(t, ask({ direction: 'sideways-secret' }), 'JIMINI_INVALID_ARGUMENT');
  t.notRegex(message, /secret/);
  await refuses(t, ask({ requestId: 'x'.repeat(2000) }), 'JIMINI_INVALID_ARGUMENT');
  t.deepEqual(asked, []);
  t.deepEqual(malformed, []);
});

const malformed = test.macro({
  async exec(t, bytes: Uint8Array) {
    const { raw, asked, malformed } = service();
    t.is(await refuses(t, raw(bytes), 'JIMINI_INVALID_ARGUMENT'), 'the message cannot be decoded');
    t.deepEqual(asked, []);
    t.deepEqual(malformed, ['Evaluate']);
  },
  title: (title) => `${title} is INVALID_ARGUMENT and counted`,
});
const long = [...Buffer.from('x'.repeat(100))];
test('a string with broken UTF-8', malformed, Buffer.from([0x0a, 2, 0xc3, 0x28]));
test('a long string with broken UTF-8', malformed, Buffer.from([0x0a, 101, ...long, 0xff]));
test('a string with half a surrogate pair', malformed, Buffer.from([0x0a, 3, 0xed, 0xa0, 0x80]));
test('a metadata key with broken UTF-8', malformed, Buffer.from([0x3a, 3, 0x0a, 1, 0xff]));
test('a field that is cut off', malformed, Buffer.from([0x0a, 5, 0x61]));
test('a tag that is cut off', malformed, Buffer.from([0x80]));
test('bytes behind a stray end of a group', malformed, Buffer.from([0x0c, 0x0a, 1, 0x61]));
test('bytes behind the tag zero', malformed, Buffer.from([0, 0x0a, 1, 0x61]));
test('unknown groups nested ten thousand deep', malformed, Buffer.alloc(10_000, 0xa3));
test('a length of 4 GiB', malformed, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]));

test('unknown fields are ignored, and a metadata key can be any text', async (t) => {
  const { raw, asked } = service();
  const unknown = Buffer.from([0xa0, 0x06, 1, 0xa2, 0x06, 2, 1, 2]);
  const proto = Buffer.from([0x3a, 14, 0x0a, 9, ...Buffer.from('__proto__'), 0x12, 1, 0x61]);
  await raw(Buffer.concat([unknown, proto, Buffer.from([0x0a, 1, 0x61])]));
  t.like(asked[0], { content: [{ kind: 'text', text: 'a' }] });
  t.is(Object.getPrototypeOf({}), Object.prototype);
});

test('a decision becomes an answer field by field', async (t) => {
  const rule = { title: 'T', severity: 'high', action: 'block', effectiveAction: 'allow' } as const;
  const finding = {
    ruleId: 'a',
    pack: 'p',
    packDigest: 'd',
    pointer: '/x',
    start: 1,
    end: 3,
    validator: 'luhn',
    score: 0.5,
  };
  const { ask } = service({
    ...allowed,
    raw: 'BLOCK',
    effective: 'FLAG',
    matched: [
      { ...rule, id: 'b', pack: 'p' },
      { ...rule, id: 'a', pack: 'p' },
      { ...rule, id: 'b', pack: 'q' },
    ],
    findings: [finding],
    gaps: [{ kind: 'coding:malformed' }],
  });
  t.deepEqual(await ask({ text: 'x', requestId: 'r-1' }), {
    verdict: Verdict.FLAG,
    rawVerdict: Verdict.BLOCK,
    ruleIds: ['b', 'a'],
    message: 'nothing found',
    requestId: 'r-1',
    decisionId: 'log:0',
    findings: [finding],
    coverageGaps: ['coding:malformed'],
    policyRevision: 'rev',
    maskedText: '',
  });
});

test('masked text is told with the verdict MASK and no other', async (t) => {
  const masked = { ...allowed, effective: 'MASK', maskedText: 'x [MAIL]' } as const;
  t.like(await service(masked).ask({ text: 'x' }), { verdict: Verdict.MASK, maskedText: 'x [MAIL]' });
  const unrecorded = { ...masked, effective: 'BLOCK', decisionId: '', outage: 'store_unavailable' } as const;
  t.like(await service(unrecorded).ask({ text: 'x' }), { verdict: Verdict.BLOCK, maskedText: '' });
});

test('a store that cannot record is a BLOCK without decision id', async (t) => {
  const unavailable = service({ ...allowed, effective: 'BLOCK', decisionId: '', outage: 'store_unavailable' });
  t.like(await unavailable.ask({ text: 'x' }), { verdict: Verdict.BLOCK, decisionId: '' });
});

test('ListRules tells the rules as they are now', async (t) => {
  const words = { id: 'r', pack: 'p', title: 'T', action: 'block', severity: 'high', streaming: 'bounded' };
  const rule = { ...words, tags: ['x'], enabled: true };
  const { listRules, malformed } = service(allowed, { listRules: () => ({ rules: [rule], policyRevision: 'rev-2' }) });
  t.deepEqual(ListRulesResponse.decode(await listRules(new Uint8Array())), { rules: [rule], policyRevision: 'rev-2' });
  await refuses(t, listRules(Buffer.from([0x80])), 'JIMINI_INVALID_ARGUMENT');
  t.deepEqual(malformed, ['ListRules']);
});
