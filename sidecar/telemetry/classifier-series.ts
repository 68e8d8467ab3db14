import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Breaker, breakerGauge } from '../kernel/breaker.js';

/** How one question to a classifier ended. */
export interface ClassifierOutcome {
  /** `yes`, `no`, or why there was no answer; a closed list. */
  readonly result: string;
  /** The answer was remembered, nobody was asked. */
  readonly cached: boolean;
  readonly durationMs: number;
}

/** A model that answers takes tens of milliseconds to seconds; the longest time limit is 10 s. */
const LATENCY_SECONDS_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Results of questions that never went out: their time says nothing about the service. */
const NOT_SENT: ReadonlySet<string> = new Set(['breaker_open', 'saturated']);

/** Counts questions to classifiers by how they ended, and times those that went out. */
export function createClassifierSeries(registry: Registry): (classifier: string, outcome: ClassifierOutcome) => void {
  const registers = [registry];
  const questions = new Counter({
    name: 'jimini_classifier_questions_total',
    help: 'Questions to classifiers, by result: yes, no, or why there was no answer',
    labelNames: ['classifier', 'result', 'cached'],
    registers,
  });
  const seconds = new Histogram({
    name: 'jimini_classifier_duration_seconds',
    help: 'Time that a question to a classifier took, waiting included, seconds; remembered answers are not counted',
    labelNames: ['classifier'],
    buckets: LATENCY_SECONDS_BUCKETS,
    registers,
  });
  return (classifier, { result, cached, durationMs }) => {
    questions.inc({ classifier, result, cached: String(cached) });
    if (!cached && !NOT_SENT.has(result)) seconds.observe({ classifier }, durationMs / 1000);
  };
}

/** State of each circuit breaker, read at scrape time. `service` is `moderator:NAME` or `witness:NAME`. */
export function registerBreakers(
  registry: Registry,
  breakers: () => Iterable<readonly [service: string, breaker: Breaker]>,
): void {
  const gauge = (name: string, help: string, read: (breaker: Breaker) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['service'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [service, breaker] of breakers()) this.set({ service }, read(breaker));
      },
    });
  gauge('jimini_circuit_breaker_state', 'State of a circuit breaker: 0 closed, 1 half-open, 2 open', breakerGauge);
  gauge('jimini_circuit_breaker_open', '1 while a circuit breaker is open', ({ state }) => (state === 'open' ? 1 : 0));
}
