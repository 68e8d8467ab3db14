/** APIs that services speak. */
export type ModeratorKind = 'openai-chat' | 'openai-moderation' | 'http';

/** One classifier as configured, with its key read from its file. */
export interface ModeratorSettings {
  /** Name that rules call it by. */
  readonly name: string;
  readonly kind: ModeratorKind;
  /** Complete address that questions are posted to. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer token; absent = none. */
  readonly key?: string;
  /** Longest time of one question, waiting included, ms. */
  readonly timeoutMs: number;
  /** Questions that are out at one time. */
  readonly concurrency: number;
  /** Answers that are remembered; 0 = none. */
  readonly cacheEntries: number;
}

/**
 * Why a question got no answer:
 * `timeout` = no answer in time, `saturated` = too many questions wait, or this one did too long, `breaker_open` = not asked, because earlier ones failed,
 * `unreachable` = no connection or it broke, `status` = an HTTP status that says the service cannot answer now,
 * `rejected` = the service answers, but not this question, `malformed` = an answer in no shape that we know,
 * `too_large` = over `LIMITS.classifierAnswerBytesMax`.
 */
export type FaultKind =
  | 'timeout'
  | 'saturated'
  | 'breaker_open'
  | 'unreachable'
  | 'status'
  | 'rejected'
  | 'malformed'
  | 'too_large';

/** A question that got no answer. Holds nothing of the question or of what the service said. */
export class ModeratorFault extends Error {
  readonly kind: FaultKind;
  /** `Retry-After` as it was sent; to be read with a clock. */
  readonly retryAfter: string | undefined;

  constructor(kind: FaultKind, retryAfter?: string) {
    super(kind);
    this.name = 'ModeratorFault';
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/** One service that answers yes or no. */
export interface Moderator {
  /** True = yes. Rejects with a ModeratorFault, soon after `signal` aborts at the latest. */
  ask(prompt: string, text: string, signal: AbortSignal): Promise<boolean>;
}
