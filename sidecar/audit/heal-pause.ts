import { setTimeout as delay } from 'node:timers/promises';

/** Waits so many milliseconds; rejects when the signal aborts. */
export type Wait = (delayMs: number, signal: AbortSignal) => Promise<unknown>;

const DELAY_MS_FIRST = 20;
/** Low enough that service is back within five seconds of the disk. */
const DELAY_MS_MAX = 2_000;

/** The pause before another attempt to heal, longer after each that failed. Ends early when the signal aborts. */
export async function pauseToHeal(failedAttempts: number, signal: AbortSignal, wait: Wait = byTimer): Promise<void> {
  const delayMs = Math.min(DELAY_MS_FIRST * 2 ** failedAttempts, DELAY_MS_MAX);
  await wait(delayMs, signal).catch(() => undefined);
}

const byTimer: Wait = (delayMs, signal) => delay(delayMs, undefined, { signal });
