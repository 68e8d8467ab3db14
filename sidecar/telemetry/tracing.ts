import {
  type Attributes,
  type Context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { JiminiError } from '../kernel/errors.js';
import { type Decision, type Door, type Evaluation, ruleIdsOf } from '../kernel/evaluation.js';

/** Spans of evaluations. With tracing off nothing of OpenTelemetry's SDK is loaded, and this does nothing. */
export interface Tracing {
  /** Runs one evaluation inside its span. Never puts prompt text on it. */
  evaluation(evaluation: Evaluation, run: (evaluation: Evaluation) => Promise<Decision>): Promise<Decision>;
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Tracing that is off. */
export const noTracing: Tracing = {
  evaluation: (evaluation, run) => run(evaluation),
  close: async () => {},
};

/** Rule ids on one span; the record has more. */
const SPAN_RULE_IDS_MAX = 64;

/** Full name of the gRPC method behind a door, `package.Service/Method`; absent = it is none. */
export type RpcMethods = Readonly<Partial<Record<Door, string>>>;

/** Spans through the globally registered SDK (see `tracing-sdk.ts`). */
export function createTracing(methods: RpcMethods, shutdown: () => Promise<void>): Tracing {
  const tracer = trace.getTracer('jimini');
  return {
    evaluation(evaluation, run) {
      const options = { kind: SpanKind.SERVER, attributes: rpcAttributes(methods[evaluation.door]) };
      return tracer.startActiveSpan('jimini.evaluate', options, parentOf(evaluation), async (span) => {
        try {
          const decision = await run(evaluation);
          describe(span, evaluation, decision);
          return decision;
        } catch (error) {
          fail(span, error);
          throw error;
        } finally {
          span.end();
        }
      });
    },
    close: shutdown,
  };
}

/** As OpenTelemetry's semantic conventions for gRPC spans name them, given at the start so that a sampler sees them. */
function rpcAttributes(method: string | undefined): Attributes {
  return method === undefined ? {} : { 'rpc.system.name': 'grpc', 'rpc.method': method };
}

/** The span of the caller by W3C Trace Context; a header that is not valid is as none, and the span begins a trace (section 3.2.2). */
function parentOf({ trace: carried }: Evaluation): Context {
  return carried ? propagation.extract(ROOT_CONTEXT, { ...carried }) : ROOT_CONTEXT;
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

/** Nothing was judged. The code alone: a message is not meant for whoever reads traces. */
function fail(span: Span, error: unknown): void {
  span.setAttribute('error.type', JiminiError.from(error).code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
