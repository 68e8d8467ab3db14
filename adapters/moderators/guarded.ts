import { admitCall, type Breaker, type CallOutcome, CLOSED_BREAKER, settleCall } from '../../sidecar/kernel/breaker.js';
import type { Clock } from '../../sidecar/kernel/clock.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { readRetryAfter } from '../../sidecar/kernel/retry-after.js';
import { createAnswerCache } from './answer-cache.js';
import { type FaultKind, type Moderator, ModeratorFault } from './moderator.js';
import { createTurnstile } from './turnstile.js';

/** How one question ended. */
export interface Outcome {
  readonly result: 'yes' | 'no' | FaultKind;
  /** The answer was remembered, nobody was asked. */
  readonly cached: boolean;
  readonly durationMs: number;
}

/** A moderator that answers in time, whatever its service does. */
export interface GuardedModerator {
  /** Never rejects. */
  ask(prompt: string, text: string): Promise<Outcome>;
  readonly breaker: Breaker;
}

/** What guards it. */
export interface GuardOptions {
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly cacheEntries: number;
  readonly clock: Clock;
  /** Random bytes of this number; for the cache's key, and to spread the probes of many sidecars. */
  readonly random: (bytes: number) => Uint8Array;
  /** Told when the breaker has another state than before. */
  readonly onState: (state: Breaker['state']) => void;
}

const BREAKER = {
  failuresToOpen: LIMITS.classifierFailuresToOpen,
  openMsMin: LIMITS.classifierOpenMsMin,
  openMsMax: LIMITS.classifierOpenMsMax,
};

/** Puts a time limit, a cap on questions at one time, a breaker and a cache in front of a moderator. No question is asked twice. */
export function guardModerator(moderator: Moderator, options: GuardOptions): GuardedModerator {
  const { clock, timeoutMs } = options;
  const cache = createAnswerCache(options.cacheEntries, options.random(32));
  const turnstile = createTurnstile(options.concurrency, LIMITS.classifierWaitingMax);
  const nowMs = () => Number(clock.monotonicNs() / 1_000_000n);
  let breaker: Breaker = CLOSED_BREAKER;

  function moveTo(next: Breaker): void {
    const before = breaker.state;
    breaker = next;
    if (next.state !== before) options.onState(next.state);
  }

  /** Every ticket is settled here, so that a probe always ends. */
  async function askThroughBreaker(prompt: string, text: string, signal: AbortSignal): Promise<boolean> {
    const { breaker: next, ticket } = admitCall(breaker, nowMs());
    moveTo(next);
    if (ticket === undefined) throw new ModeratorFault('breaker_open');
    let outcome: CallOutcome = { ok: false };
    try {
      const answer = await moderator.ask(prompt, text, signal);
      outcome = { ok: true };
      return answer;
    } catch (error) {
      outcome = outcomeOf(error, clock.nowMs());
      throw error;
    } finally {
      moveTo(settleCall(breaker, { ticket, outcome, nowMs: nowMs(), random: fraction(options.random(4)) }, BREAKER));
    }
  }

  return {
    get breaker() {
      return breaker;
    },
    async ask(prompt, text) {
      const startMs = nowMs();
      const remembered = cache.get(prompt, text, startMs);
      if (remembered !== undefined) return { result: wordFor(remembered), cached: true, durationMs: 0 };
      const signal = AbortSignal.timeout(timeoutMs);
      // Half of the time is the service's own, so that a time-out is its failure and not that of a long queue.
      try {
        const answer = await turnstile.pass(timeoutMs / 2, () => askThroughBreaker(prompt, text, signal));
        cache.set(prompt, text, answer, nowMs());
        return { result: wordFor(answer), cached: false, durationMs: nowMs() - startMs };
      } catch (error) {
        const result = error instanceof ModeratorFault ? error.kind : 'unreachable';
        return { result, cached: false, durationMs: nowMs() - startMs };
      }
    },
  };
}

function wordFor(answer: boolean): 'yes' | 'no' {
  return answer ? 'yes' : 'no';
}

/** A service that rejects one question works: whoever sends such questions must not switch it off for everybody. */
function outcomeOf(error: unknown, wallMs: number): CallOutcome {
  if (!(error instanceof ModeratorFault)) return { ok: false };
  if (error.kind === 'rejected') return { ok: true };
  const retryAfterMs = error.retryAfter === undefined ? undefined : readRetryAfter(error.retryAfter, wallMs);
  return { ok: false, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** From 0 to 1, 1 excluded. */
function fraction(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt32BE() / 2 ** 32;
}
