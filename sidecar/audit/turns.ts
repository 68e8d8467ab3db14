import { JiminiError } from '../kernel/errors.js';

/** Work on the store that takes its turn between groups of records. */
export interface Turns {
  readonly areWanted: boolean;
  /** Resolves with what the work gave, once it had its turn. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** Gives one piece of work its turn. Rejects when it has failed: then all others are told the same. */
  give(): Promise<void>;
}

/** `canBegin` says whether there will be turns, `onWanted` is called when one is wanted. */
export function createTurns(canBegin: () => boolean, onWanted: () => void): Turns {
  const waiting: { run: () => Promise<void>; reject: (error: JiminiError) => void }[] = [];
  return {
    get areWanted() {
      return waiting.length > 0;
    },
    take(work) {
      return new Promise((resolve, reject) => {
        if (!canBegin()) {
          reject(new JiminiError('JIMINI_STORE_UNAVAILABLE', 'the log cannot be written at the moment'));
          return;
        }
        waiting.push({ run: async () => resolve(await work()), reject });
        onWanted();
      });
    },
    async give() {
      const next = waiting.shift();
      try {
        await next?.run();
      } catch (reason) {
        const error = JiminiError.from(reason);
        for (const { reject } of [next, ...waiting.splice(0)].filter((one) => one !== undefined)) reject(error);
        throw error;
      }
    },
  };
}
