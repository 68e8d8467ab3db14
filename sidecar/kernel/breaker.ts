import { assertNever } from './assert-never.js';

/**
 * A circuit breaker as a value: every function gives the next one, and time and chance come in from outside. Opens after
 * `failuresToOpen` failures in a row, or at once when the service names a time to wait; lets one probe through when its
 * time is over, and closes only when that probe succeeds. A generation is one stay in one state: outcomes of calls that
 * were admitted in an earlier one say nothing about the service as it is now, and are ignored.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly generation: number; readonly failures: number }
  /** `opens` counts the times it opened without having closed in between. */
  | { readonly state: 'open'; readonly generation: number; readonly opens: number; readonly untilMs: number }
  | { readonly state: 'half-open'; readonly generation: number; readonly opens: number };

export interface BreakerSettings {
  /** Failures in a row that open it. */
  readonly failuresToOpen: number;
  /** How long it stays open the first time, ms; doubled each further time. */
  readonly openMsMin: number;
  /** Longest time that it stays open, ms, whatever the service asks for. */
  readonly openMsMax: number;
}

/** How a call that was admitted ended. Every admitted call must be settled once, or a probe would never end. */
export type CallOutcome =
  | { readonly ok: true }
  /** `retryAfterMs`: the time that the service asked to be left alone for. */
  | { readonly ok: false; readonly retryAfterMs?: number };

/** Whether a call may go out now: with a ticket to settle it by, or not. */
export interface Admission {
  readonly breaker: Breaker;
  /** Absent = refused. */
  readonly ticket?: number;
}

/** A breaker that has seen nothing. */
export const CLOSED_BREAKER: Breaker = { state: 'closed', generation: 0, failures: 0 };

/** Asks to make a call. `nowMs` is monotonic time, ms. */
export function admitCall(breaker: Breaker, nowMs: number): Admission {
  const { generation } = breaker;
  switch (breaker.state) {
    case 'closed':
      return { breaker, ticket: generation };
    case 'half-open':
      return { breaker };
    case 'open': {
      if (nowMs < breaker.untilMs) return { breaker };
      const probing = generation + 1;
      return { breaker: { state: 'half-open', generation: probing, opens: breaker.opens }, ticket: probing };
    }
    default:
      return assertNever(breaker);
  }
}

/** Says how an admitted call ended. `random` is from 0 to 1, 1 excluded: it spreads the probes of many sidecars. */
export function settleCall(
  breaker: Breaker,
  call: { readonly ticket: number; readonly outcome: CallOutcome; readonly nowMs: number; readonly random: number },
  settings: BreakerSettings,
): Breaker {
  const { generation } = breaker;
  const { outcome } = call;
  if (call.ticket !== generation) return breaker;
  switch (breaker.state) {
    case 'closed': {
      const failures = outcome.ok ? 0 : breaker.failures + 1;
      const opens = failures >= settings.failuresToOpen || (!outcome.ok && outcome.retryAfterMs !== undefined);
      return opens ? opened(breaker, 1, call, settings) : { state: 'closed', generation, failures };
    }
    case 'half-open':
      if (outcome.ok) return { state: 'closed', generation: generation + 1, failures: 0 };
      return opened(breaker, breaker.opens + 1, call, settings);
    case 'open':
      return breaker;
    default:
      return assertNever(breaker);
  }
}

/** Stays open for the second half of min * 2^(opens - 1) at random, longer when the service asks for it, never over the maximum. */
function opened(
  { generation }: Breaker,
  opens: number,
  { outcome, nowMs, random }: { outcome: CallOutcome; nowMs: number; random: number },
  { openMsMin, openMsMax }: BreakerSettings,
): Breaker {
  const backoffMs = Math.min(openMsMax, openMsMin * 2 ** (opens - 1)) * (0.5 + random / 2);
  const askedMs = outcome.ok ? 0 : (outcome.retryAfterMs ?? 0);
  return {
    state: 'open',
    generation: generation + 1,
    opens,
    untilMs: nowMs + Math.min(openMsMax, Math.max(backoffMs, askedMs)),
  };
}

/** The state as `jimini_circuit_breaker_state` counts it: 0 closed, 1 half-open, 2 open. */
export function breakerGauge({ state }: Breaker): 0 | 1 | 2 {
  switch (state) {
    case 'closed':
      return 0;
    case 'half-open':
      return 1;
    case 'open':
      return 2;
    default:
      return assertNever(state);
  }
}
