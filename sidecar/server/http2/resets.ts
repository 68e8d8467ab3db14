import { LIMITS } from '../../kernel/limits.js';
import { ConnectionError, ERROR } from './protocol.js';

/** Streams that are remembered, all that may be open and as many again: what was under way for them when we reset them is no fault of the peer (RFC 9113 section 5.1). */
const REMEMBERED = 2 * LIMITS.streamsPerSessionMax;

/** The resets of one connection: how many there may be, and which of them were ours. */
export class Resets {
  #left: number = LIMITS.streamResetBurst;
  #sinceMs = performance.now();
  readonly #ids = new Int32Array(REMEMBERED);
  #ours = 0;

  /**
   * Counts a reset that a peer sent (CVE-2023-44487) or provoked (CVE-2025-8671), or another frame that costs us more than him. Throws
   * ConnectionError for one too many.
   */
  count(): void {
    const nowMs = performance.now();
    const regained = ((nowMs - this.#sinceMs) * LIMITS.streamResetsPerSecond) / 1000;
    this.#left = Math.min(LIMITS.streamResetBurst, this.#left + regained) - 1;
    this.#sinceMs = nowMs;
    if (this.#left < 0) throw new ConnectionError(ERROR.enhanceYourCalm, 'too many resets');
  }

  remember(streamId: number): void {
    this.#ids[this.#ours % REMEMBERED] = streamId;
    this.#ours += 1;
  }

  /** Whether we reset this stream not long ago. */
  remembers(streamId: number): boolean {
    return this.#ids.includes(streamId);
  }
}
