import { setImmediate } from 'node:timers/promises';
import { LIMITS } from '../kernel/limits.js';
import type { Steps } from '../kernel/steps.js';

/**
 * Takes the steps in slices of `LIMITS.loadSliceMs`, and lets everything else that waits have its turn between two slices.
 * A slice is longer only by the step that it ends with.
 */
export async function takeInSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const endMs = performance.now() + LIMITS.loadSliceMs;
    do {
      const step = steps.next();
      if (step.done) return step.value;
    } while (performance.now() < endMs);
    await setImmediate();
  }
}
