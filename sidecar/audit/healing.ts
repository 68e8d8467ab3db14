import { setTimeout as delay } from 'node:timers/promises';
import { JiminiError } from '../kernel/errors.js';

/** Told whenever the log stops or starts taking records, and after each attempt to heal that failed. */
export type LogHealth =
  | { readonly state: 'open' }
  | { readonly state: 'healing'; readonly failedAttempts: number; readonly error: JiminiError };

const HEAL_DELAY_MS_FIRST = 20;
/** Low enough that service is back within five seconds of the disk. */
const HEAL_DELAY_MS_MAX = 2_000;

interface HealingOptions {
  /** Why it is needed. */
  readonly first: JiminiError;
  /** Once it has aborted, there is one more attempt at most. */
  readonly stop: AbortSignal;
  readonly onHealth?: ((health: LogHealth) => void) | undefined;
  /** Waits between attempts; rejects when the signal aborts. Default: a timer. */
  readonly wait?: ((delayMs: number, signal: AbortSignal) => Promise<unknown>) | undefined;
}

/** Tries for ever, with growing pauses, and resolves to true; or to false, when the last attempt has failed. */
export async function healed(heal: () => Promise<void>, options: HealingOptions): Promise<boolean> {
  const { first, stop, onHealth, wait = waitByTimer } = options;
  let error = first;
  for (let failedAttempts = 0; ; failedAttempts += 1) {
    onHealth?.({ state: 'healing', failedAttempts, error });
    const isLast = stop.aborted;
    const delayMs = Math.min(HEAL_DELAY_MS_FIRST * 2 ** failedAttempts, HEAL_DELAY_MS_MAX);
    if (!isLast) await wait(delayMs, stop).catch(() => undefined);
    try {
      await heal();
      return true;
    } catch (reason) {
      error = JiminiError.from(reason);
      if (isLast) return false;
    }
  }
}

function waitByTimer(delayMs: number, signal: AbortSignal): Promise<unknown> {
  return delay(delayMs, undefined, { signal });
}
