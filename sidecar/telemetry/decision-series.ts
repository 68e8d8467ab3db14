import { Counter, Histogram, type Registry } from 'prom-client';
import type { Decision } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';

/** Buckets of the ancestor, and 30 ms, which is the latency budget. */
const LATENCY_MS_BUCKETS = [1, 5, 10, 25, 30, 50, 100, 250, 500, 1000, 2500, 5000];
const LATENCY_SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1, 5];

/** Effective verdicts as labels. */
const LABELS = { ALLOW: 'allow', FLAG: 'flag', MASK: 'mask', BLOCK: 'block' } as const;

/** A series that every decision adds to. `endpoint` is a bounded label, never a raw path. */
interface DecisionSeries {
  observe(endpoint: string, decision: Decision): void;
}

/**
 * Each endpoint is some eighty series for ever, and names come from routes that others write: the first
 * `LIMITS.endpointLabelsMax` are labels, what comes later is `other`.
 */
export function createEndpointLabels(): (endpoint: string) => string {
  const known = new Set<string>();
  return (endpoint) => {
    if (known.has(endpoint)) return endpoint;
    if (known.size >= LIMITS.endpointLabelsMax) return 'other';
    known.add(endpoint);
    return endpoint;
  };
}

/**
 * `jimini_events_total`: one increment for each rule that matched, with that rule's own action; `rule="none"` when none did.
 * Counts are kept in a map by rule and handed to the registry when somebody scrapes, because prom-client sorts and
 * joins the labels of each increment, which would cost more than the judging of a short text.
 */
export function createEventCounter(registry: Registry): DecisionSeries {
  const counts = new Map<string, { labels: Record<string, string>; count: number }>();
  new Counter({
    name: 'jimini_events_total',
    help: 'Rules that matched, by effective decision and the action of the rule; rule="none" for evaluations without a match',
    labelNames: ['decision', 'rule', 'endpoint', 'action'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, count } of counts.values()) this.inc(labels, count);
    },
  });
  const add = (decision: string, rule: string, endpoint: string, action: string) => {
    const key = `${decision} ${rule} ${endpoint} ${action}`;
    const entry = counts.get(key);
    if (entry) entry.count++;
    else counts.set(key, { labels: { decision, rule, endpoint, action }, count: 1 });
  };
  return {
    observe(endpoint, decision) {
      const effective = LABELS[decision.effective];
      if (decision.matched.length === 0) add(effective, 'none', endpoint, 'none');
      for (const rule of decision.matched) add(effective, rule.id, endpoint, rule.action);
    },
  };
}

/** `jimini_request_duration_seconds` and, under the ancestor's name, `jimini_latency_ms`. */
export function createLatencyHistograms(registry: Registry, seedNames: boolean): DecisionSeries {
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, labelNames: ['endpoint', 'decision'], buckets, registers: [registry] });
  const seconds = histogram(
    'jimini_request_duration_seconds',
    'Time from the decoded request to the durable record, seconds',
    LATENCY_SECONDS_BUCKETS,
  );
  const milliseconds = seedNames
    ? histogram('jimini_latency_ms', 'Time from the decoded request to the durable record, ms', LATENCY_MS_BUCKETS)
    : undefined;
  return {
    observe(endpoint, decision) {
      const labels = { endpoint, decision: LABELS[decision.effective] };
      seconds.observe(labels, decision.durationMs / 1000);
      milliseconds?.observe(labels, decision.durationMs);
    },
  };
}
