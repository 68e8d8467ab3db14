import { JiminiError } from '../kernel/errors.js';

/** What watches over work that is tried again and again. */
export interface StallOptions {
  /** Monotonic time. */
  readonly nowMs: () => number;
  /** Longest time without success that is nothing to tell. */
  readonly quietMs: number;
  /** Whether others tell already why it cannot be done now. */
  readonly isExcused: () => boolean;
  /** Told once, with what failed last. */
  onStalled(error: JiminiError): void;
  /** Told when it goes on after that. */
  onResumed(): void;
}

/** Tells of work that could not be done for long. */
export interface Stall {
  /** Whether it is so now, an attempt that does not come back included. */
  readonly isStalled: boolean;
  /** Makes one attempt. Never rejects. */
  attempt(work: () => Promise<void>): Promise<void>;
}

/** Begins as if the work had just been done. */
export function createStall({ nowMs, quietMs, isExcused, onStalled, onResumed }: StallOptions): Stall {
  let doneMs = nowMs();
  let isTold = false;
  const isStalled = () => !isExcused() && nowMs() - doneMs >= quietMs;

  const failed = (error: JiminiError): void => {
    if (isExcused()) doneMs = nowMs();
    if (isTold || !isStalled()) return;
    isTold = true;
    onStalled(error);
  };

  return {
    get isStalled() {
      return isStalled();
    },
    async attempt(work) {
      try {
        await work();
      } catch (error) {
        return failed(JiminiError.from(error));
      }
      doneMs = nowMs();
      if (isTold) onResumed();
      isTold = false;
    },
  };
}
