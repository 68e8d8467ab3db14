import { ModeratorFault } from './moderator.js';

/** Lets a few through at one time, and a bounded number wait in order. */
export interface Turnstile {
  /** Runs `work` when there is room. Rejects with `saturated` when too many wait, or when there is no room for `waitMs`. */
  pass<T>(waitMs: number, work: () => Promise<T>): Promise<T>;
}

/** A turnstile for `roomMax` at one time, with `waitingMax` in front of it. */
export function createTurnstile(roomMax: number, waitingMax: number): Turnstile {
  /** Each lets its owner in. */
  const waiting = new Set<() => void>();
  let inside = 0;

  /** Takes a place, now or later. */
  function enter(waitMs: number): Promise<void> | undefined {
    if (inside < roomMax) {
      inside++;
      return undefined;
    }
    if (waiting.size >= waitingMax) throw new ModeratorFault('saturated');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(letIn);
        reject(new ModeratorFault('saturated'));
      }, waitMs);
      const letIn = () => {
        clearTimeout(timer);
        resolve();
      };
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
    async pass(waitMs, work) {
      await enter(waitMs);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
