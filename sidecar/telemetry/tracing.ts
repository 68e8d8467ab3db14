import { type Context, context, propagation, type Span, SpanKind, trace } from '@opentelemetry/api';
import { type Decision, type Evaluation, ruleIdsOf } from '../kernel/evaluation.js';

/** Spans of evaluations. With tracing off nothing of OpenTelemetry's SDK is loaded, and this does nothing. */
export interface Tracing {
  /** Runs one evaluation inside its span. Never puts prompt text on it. */
  evaluation(evaluation: Evaluation, run: () => Promise<Decision>): Promise<Decision>;
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Tracing that is off. */
export const noTracing: Tracing = {
  evaluation: (_evaluation, run) => run(),
  close: async () => {},
};

/** Rule ids on one span; the record has more. */
const SPAN_RULE_IDS_MAX = 64;

/** Spans through the globally registered SDK (see `tracing-sdk.ts`). */
export function createTracing(shutdown: () => Promise<void>): Tracing {
  const tracer = trace.getTracer('jimini');
  return {
    evaluation: (evaluation, run) =>
      tracer.startActiveSpan('jimini.evaluate', { kind: SpanKind.INTERNAL }, parentOf(evaluation), async (span) => {
        try {
          const decision = await run();
          describe(span, evaluation, decision);
          return decision;
        } finally {
          span.end();
        }
      }),
    close: shutdown,
  };
}

/**
 * The gRPC server span that the instrumentation made when it belongs to the trace of the request; otherwise (the
 * caller sent no gRPC metadata) the W3C trace context that the door found.
 */
function parentOf(evaluation: Evaluation): Context {
  const active = context.active();
  if (!evaluation.trace) return active;
  const carried = propagation.extract(active, { ...evaluation.trace });
  const sameTrace = trace.getSpanContext(active)?.traceId === trace.getSpanContext(carried)?.traceId;
  return sameTrace ? active : carried;
}

/** A BLOCK is not a failure of the span: the guard did what it is there for. */
function describe(span: Span, evaluation: Evaluation, decision: Decision): void {
  span.setAttributes({
    'jimini.endpoint': evaluation.route,
    'jimini.text_length': decision.textLength,
    'jimini.request_id': evaluation.requestId.slice(0, 256),
    'jimini.decision': decision.effective,
    'jimini.decision_id': decision.decisionId,
    'jimini.rule_ids': ruleIdsOf(decision.matched).slice(0, SPAN_RULE_IDS_MAX),
    'jimini.latency_ms': decision.durationMs,
  });
}
