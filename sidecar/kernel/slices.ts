import type { Steps } from './steps.js';

/**
 * Takes the steps in slices of `sliceMs`, and lets everything else that waits have its turn between two slices. A slice is
 * longer only by the step that it ends with.
 */
export async function takeInSlices<T>(steps: Steps<T>, sliceMs: number): Promise<T> {
  for (;;) {
    const endMs = performance.now() + sliceMs;
    do {
      const step = steps.next();
      if (step.done) return step.value;
    } while (performance.now() < endMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
