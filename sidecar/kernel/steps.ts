/** Work in steps, between any two of which other work may have its turn. What it returns is its result. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Takes all steps one after the other. */
export function takeSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
