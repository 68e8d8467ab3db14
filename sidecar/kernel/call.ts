import type { Evaluation } from './evaluation.js';

/** What a gRPC method sees of its call, apart from the message. */
export interface CallContext {
  /** Aborts when the deadline has passed or the caller is gone. Made when first asked for, which costs more than the rest of a call's context. */
  readonly signal: AbortSignal;
  /** First value of a request metadata key (lower case), or undefined. Binary keys are not offered. */
  header(name: string): string | undefined;
}

/**
 * One unary gRPC method over raw message bytes: decoding happens inside, so that a malformed message can be answered
 * and recorded by policy. A rejection becomes a gRPC status by the table from error codes.
 */
export type UnaryHandler = (message: Uint8Array, call: CallContext) => Promise<Uint8Array>;

/**
 * The evaluation with the trace context in the metadata of its call, if there is one. A tracing proxy puts the span of its own
 * check there; that is nearer than what the checked request carries.
 */
export function withTraceOf(call: CallContext, evaluation: Evaluation): Evaluation {
  const traceparent = call.header('traceparent');
  if (traceparent === undefined) return evaluation;
  return { ...evaluation, trace: { traceparent, tracestate: call.header('tracestate') ?? '' } };
}
