import { ModeratorFault } from './moderator.js';

/** Lets a few through at one time, and a bounded number wait in order. */
export interface Turnstile {
  /** Runs `work` when there is room. Rejects with `saturated` when too many wait, with `timeout` when `signal` aborts first. */
  pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

/** A turnstile for `roomMax` at one time, with `waitingMax` in front of it. */
export function createTurnstile(roomMax: number, waitingMax: number): Turnstile {
  /** Each lets its owner in. */
  const waiting = new Set<() => void>();
  let inside = 0;

  /** Resolves with a place taken. */
  function enter(signal: AbortSignal): Promise<void> | undefined {
    if (inside < roomMax) {
      inside++;
      return undefined;
    }
    if (waiting.size >= waitingMax) throw new ModeratorFault('saturated');
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        waiting.delete(letIn);
        reject(new ModeratorFault('timeout'));
      };
      const letIn = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.add(letIn);
    });
  }

  /** Gives the place to the one that waits longest. */
  function leave(): void {
    const [next] = waiting;
    if (!next) {
      inside--;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    async pass(signal, work) {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
