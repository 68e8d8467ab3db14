import type { Steps } from './steps.js';

/** A pass of the event loop that took less did nothing for anybody. */
const IDLE_MS = 0.1;
/** How many times as long as a slice others may take before the next one: under any load the work gets a fifth of the time. */
const OTHERS_SHARE = 4;

/** Of 3, 6, 12 and never the one with which the fewest reloads were felt (`npm run bench -- reload`). */
const SLICES_PER_COLLECTION = 12;

/** Collects young objects now: a millisecond or two. Does nothing where the program does not run with `--expose-gc`. */
export function collectYoung(): void {
  globalThis.gc?.({ type: 'minor' });
}

/** The time, and a pass of the event loop. Tests replace them. */
export interface Turns {
  /** Monotonic, ms. */
  nowMs(): number;
  /** Resolves when everything else that waited has had its turn. */
  pass(): Promise<void>;
}

const EVENT_LOOP: Turns = {
  nowMs: () => performance.now(),
  pass: () => new Promise((resolve) => setImmediate(resolve)),
};

/**
 * Takes the steps in slices of `sliceMs`, and lets everything else that waits have its turn between two slices, until nothing
 * waits any more or it had long enough. A slice is longer only by the step that it ends with.
 */
export async function takeInSlices<T>(steps: Steps<T>, sliceMs: number, turns = EVENT_LOOP): Promise<T> {
  for (let slices = 1; ; slices += 1) {
    const endMs = turns.nowMs() + sliceMs;
    do {
      const step = steps.next();
      if (step.done) return step.value;
    } while (turns.nowMs() < endMs);
    // Part of what a slice has made stays, and the more of it is collected at one time the longer that stops the thread. But calls that two collections find under way are old then,
    // and only a full collection, which stops the thread for longer, is rid of what they leave.
    if (slices % SLICES_PER_COLLECTION === 0) collectYoung();
    await untilIdle(OTHERS_SHARE * sliceMs, turns);
  }
}

/**
 * Gives the memory that a finished start no longer needs back to the system. Stops the thread for about a tenth of a second,
 * so it is for a time when nobody waits. Does nothing where the program does not run with `--expose-gc`.
 */
export function giveMemoryBack(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

async function untilIdle(msMax: number, turns: Turns): Promise<void> {
  const sinceMs = turns.nowMs();
  for (let beforeMs = sinceMs; ; ) {
    await turns.pass();
    const nowMs = turns.nowMs();
    if (nowMs - beforeMs < IDLE_MS || nowMs - sinceMs >= msMax) return;
    beforeMs = nowMs;
  }
}
