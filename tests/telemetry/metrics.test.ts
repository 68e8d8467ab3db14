import test from 'ava';
import { type Breaker, CLOSED_BREAKER } from '../../sidecar/kernel/breaker.js';
import type { Decision, Evaluation } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createMetrics } from '../../sidecar/telemetry/metrics.js';

const evaluation: Evaluation = {
  door: 'evaluate',
  direction: 'inbound',
  endpoint: '/v1/chat/completions',
  route: '/v1/chat/completions',
  tenant: '',
  content: [],
  gaps: [],
  requestId: 'r',
};

const decision: Decision = {
  raw: 'BLOCK',
  effective: 'BLOCK',
  matched: [
    { id: 'CARD', pack: 'pci', title: 'card', severity: 'high', action: 'block', effectiveAction: 'block' },
    { id: 'MAIL', pack: 'pii', title: 'mail', severity: 'low', action: 'flag', effectiveAction: 'flag' },
  ],
  findings: [],
  gaps: [{ kind: 'json:duplicate_key' }],
  policyRevision: 'abc',
  textLength: 3,
  decisionId: 'x:1',
  message: '',
  durationMs: 27,
};

const clean: Decision = { ...decision, raw: 'ALLOW', effective: 'ALLOW', matched: [], gaps: [] };

function createTestMetrics(seedNames = true, breakers: readonly (readonly [string, Breaker])[] = []) {
  return createMetrics({
    version: '1.2.3',
    seedNames,
    sources: {
      requestsInFlight: () => 7,
      logSize: () => 42,
      logFirstSeq: () => 0,
      logHealthy: () => true,
      atRisk: () => ({ records: 2, forS: 0.5 }),
      diskSpace: () => ({ freeBytes: 7_000, totalBytes: 9_000, freeInodes: 77 }),
      diskLow: () => true,
      ballastBytes: () => 32,
      scrub: {
        checked: 1234,
        damaged: new Set([5]),
        damagedPayloads: new Set([5, 6, 7]),
        unproven: new Set([3, 4]),
        passedMs: 1_700_000_000_000,
        isStalled: true,
      },
      retentionHeldUp: () => true,
      signedSize: () => 41,
      unsignedForS: () => 0.25,
      discontinuity: () => 'log_shorter',
      cosignedSizes: () => [['elsewhere', 40]],
      rulesByPack: () => [['pci', 3]],
      breakers: () => breakers,
      killSwitch: () => 'lockdown',
      maintenanceWindows: () => 2,
      acceptedTokens: () => 3,
      tokensUsable: () => true,
    },
  });
}

async function linesOf(metrics: ReturnType<typeof createTestMetrics>): Promise<string[]> {
  return (await metrics.render()).body.split('\n');
}

test('each matched rule is one event with the effective decision and its own action', async (t) => {
  const metrics = createTestMetrics();
  metrics.observe(evaluation, decision);
  metrics.observe(evaluation, decision);
  const lines = await linesOf(metrics);
  t.true(
    lines.includes(
      'jimini_events_total{decision="block",rule="CARD",endpoint="/v1/chat/completions",action="block"} 2',
    ),
  );
  t.true(
    lines.includes('jimini_events_total{decision="block",rule="MAIL",endpoint="/v1/chat/completions",action="flag"} 2'),
  );
  t.true(lines.includes('jimini_coverage_gaps_total{kind="json:duplicate_key"} 2'));
});

test('a Check that could not be decoded counts among the malformed messages', async (t) => {
  const metrics = createTestMetrics();
  for (const kind of ['message:malformed', 'message:depth'] as const) {
    metrics.observe({ ...evaluation, door: 'ext_authz' }, { ...decision, gaps: [{ kind }] });
  }
  metrics.malformed('Evaluate');
  const lines = await linesOf(metrics);
  t.true(lines.includes('jimini_malformed_messages_total{method="Check"} 2'));
  t.true(lines.includes('jimini_malformed_messages_total{method="Evaluate"} 1'));
});

test('a failure of the engine is counted by its cause', async (t) => {
  const metrics = createTestMetrics();
  metrics.observe(evaluation, { ...decision, fault: { cause: 'RangeError', place: 'sidecar/x.ts:1' } });
  metrics.observe(evaluation, decision);
  const lines = await linesOf(metrics);
  t.deepEqual(
    lines.filter((line) => line.startsWith('jimini_engine_faults_total')),
    ['jimini_engine_faults_total{cause="RangeError"} 1'],
  );
});

test('segments that could not be written are counted, from none on', async (t) => {
  const metrics = createTestMetrics();
  t.true((await linesOf(metrics)).includes('jimini_segment_failures_total 0'));
  metrics.segmentFailed();
  t.true((await linesOf(metrics)).includes('jimini_segment_failures_total 1'));
});

test('endpoints are labels up to a number; what comes later is counted together', async (t) => {
  const metrics = createTestMetrics();
  for (let i = 0; i < LIMITS.endpointLabelsMax + 3; i++) metrics.observe({ ...evaluation, route: `route-${i}` }, clean);
  metrics.observe({ ...evaluation, route: 'route-0' }, clean);
  const lines = await linesOf(metrics);
  const counted = lines.filter((line) => line.startsWith('jimini_events_total{'));
  t.is(counted.length, LIMITS.endpointLabelsMax + 1);
  t.true(counted.some((line) => line.includes('endpoint="route-0"') && line.endsWith(' 2')));
  t.true(counted.some((line) => line.includes('endpoint="other"') && line.endsWith(' 3')));
});

test('scraping twice does not count events twice', async (t) => {
  const metrics = createTestMetrics();
  metrics.observe(evaluation, clean);
  await metrics.render();
  const lines = await linesOf(metrics);
  t.true(
    lines.includes('jimini_events_total{decision="allow",rule="none",endpoint="/v1/chat/completions",action="none"} 1'),
  );
});

test('latency stands in the bucket of 30 ms, and in seconds under the conventional name', async (t) => {
  const metrics = createTestMetrics();
  metrics.observe(evaluation, clean);
  const lines = await linesOf(metrics);
  const labels = 'endpoint="/v1/chat/completions",decision="allow"';
  t.true(lines.includes(`jimini_latency_ms_bucket{le="25",${labels}} 0`));
  t.true(lines.includes(`jimini_latency_ms_bucket{le="30",${labels}} 1`));
  t.true(lines.includes(`jimini_request_duration_seconds_sum{${labels}} 0.027`));
});

for (const [name, value] of [
  ['jimini_active_requests_total', '7'],
  ['jimini_requests_in_flight', '7'],
  ['jimini_audit_chain_length_total', '42'],
  ['jimini_audit_log_size', '42'],
  ['jimini_audit_log_scrubbed_leaves_total', '1234'],
  ['jimini_disk_free_bytes', '7000'],
  ['jimini_disk_size_bytes', '9000'],
  ['jimini_disk_low', '1'],
  ['jimini_disk_free_inodes', '77'],
  ['jimini_disk_ballast_bytes', '32'],
  ['jimini_audit_log_at_risk_records', '2'],
  ['jimini_audit_log_at_risk_seconds', '0.5'],
  ['jimini_audit_log_damaged_leaves', '1'],
  ['jimini_audit_log_damaged_payloads', '3'],
  ['jimini_audit_log_unproven_tiles', '2'],
  ['jimini_audit_log_scrub_stalled', '1'],
  ['jimini_audit_log_retention_held_up', '1'],
  ['jimini_audit_log_scrub_pass_timestamp_seconds', '1700000000'],
  ['jimini_witness_cosigned_size{witness="elsewhere"}', '40'],
  ['jimini_rules_loaded_total{rule_pack="pci"}', '3'],
  ['jimini_rules_loaded{rule_pack="pci"}', '3'],
] as const) {
  test(`${name} is read from its source at each scrape`, async (t) => {
    const metrics = createTestMetrics();
    await metrics.render();
    t.true((await linesOf(metrics)).includes(`${name} ${value}`));
  });
}

for (const name of ['jimini_forwarder_errors_total', 'jimini_circuit_breaker_state', 'jimini_circuit_breaker_open']) {
  test(`${name} is registered and has no series yet`, async (t) => {
    const lines = await linesOf(createTestMetrics());
    t.true(lines.some((line) => line.startsWith(`# TYPE ${name} `)));
    t.false(lines.some((line) => line.startsWith(name)));
  });
}

test('each circuit breaker has a series with its state, and none once it is gone', async (t) => {
  const breakers: [string, Breaker][] = [
    ['moderator:a', CLOSED_BREAKER],
    ['moderator:b', { state: 'half-open', generation: 2, opens: 1 }],
    ['moderator:c', { state: 'open', generation: 1, opens: 1, untilMs: 0 }],
  ];
  const metrics = createTestMetrics(true, breakers);
  const lines = await linesOf(metrics);
  for (const [i, name] of ['a', 'b', 'c'].entries()) {
    t.true(lines.includes(`jimini_circuit_breaker_state{service="moderator:${name}"} ${i}`));
    t.true(lines.includes(`jimini_circuit_breaker_open{service="moderator:${name}"} ${i === 2 ? 1 : 0}`));
  }
  breakers.pop();
  t.false((await linesOf(metrics)).some((line) => line.includes('moderator:c')));
});

test('questions to classifiers are counted by result, and only those that went out are timed', async (t) => {
  const metrics = createTestMetrics();
  metrics.classified('default', { result: 'yes', cached: false, durationMs: 20 });
  metrics.classified('default', { result: 'yes', cached: true, durationMs: 0 });
  for (const result of ['breaker_open', 'saturated']) {
    metrics.classified('default', { result, cached: false, durationMs: 0 });
  }
  const lines = await linesOf(metrics);
  for (const cached of ['true', 'false']) {
    const labels = `classifier="default",result="yes",cached="${cached}"`;
    t.true(lines.includes(`jimini_classifier_questions_total{${labels}} 1`));
  }
  t.true(lines.includes('jimini_classifier_duration_seconds_count{classifier="default"} 1'));
});

test('the names of the ancestor can be switched off', async (t) => {
  const body = (await createTestMetrics(false).render()).body;
  t.notRegex(body, /jimini_(latency_ms|active_requests_total|rules_loaded_total|audit_chain_length_total)/);
  t.regex(body, /jimini_request_duration_seconds/);
});

test('a refused reload is visible until one is applied', async (t) => {
  const metrics = createTestMetrics();
  metrics.reloaded('refused');
  t.true((await linesOf(metrics)).includes('jimini_policy_reload_failed 1'));
  metrics.reloaded('applied');
  const lines = await linesOf(metrics);
  t.true(lines.includes('jimini_policy_reload_failed 0'));
  t.true(lines.includes('jimini_policy_reloads_total{result="refused"} 1'));
});

test('switches that act are gauges', async (t) => {
  const lines = await linesOf(createTestMetrics());
  t.true(lines.includes('jimini_kill_switch{mode="lockdown"} 1'));
  t.true(lines.includes('jimini_kill_switch{mode="bypass"} 0'));
  t.true(lines.includes('jimini_maintenance 2'));
});

test('answers without a record are counted by reason', async (t) => {
  const metrics = createTestMetrics();
  metrics.observe(evaluation, { ...clean, effective: 'BLOCK', decisionId: '', outage: 'store_unavailable' });
  metrics.overloaded();
  const lines = await linesOf(metrics);
  t.true(lines.includes('jimini_unrecorded_answers_total{reason="store_unavailable"} 1'));
  t.true(lines.includes('jimini_unrecorded_answers_total{reason="overloaded"} 1'));
});
