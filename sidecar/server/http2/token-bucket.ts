/** Allows `burst` events at once and `perSecond` in the long run. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #sinceMs: number;

  constructor(limits: { burst: number; perSecond: number }, nowMs: number) {
    this.#burst = limits.burst;
    this.#perSecond = limits.perSecond;
    this.#tokens = limits.burst;
    this.#sinceMs = nowMs;
  }

  /** Counts one event. False: one too many. */
  take(nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#sinceMs) * this.#perSecond) / 1000);
    this.#sinceMs = nowMs;
    this.#tokens -= 1;
    return this.#tokens >= 0;
  }
}
