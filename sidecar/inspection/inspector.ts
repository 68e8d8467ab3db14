import type { Evaluation } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import type { CaptureOrder } from '../privacy/capture.js';
import { contentBytes, type Inspected, inspect, type PolicySnapshot } from './inspect.js';
import { createInspectionWorker, type InspectionWorker } from './inspection-worker.js';

/** Reads and judges, without ever blocking the event loop for longer than a small body takes. */
export interface Inspector {
  /**
   * What cannot be judged is a judgement with a gap. Rejects only with `JIMINI_OVERLOADED`: too many large bodies wait,
   * and this one is not judged at all. Of the content is captured what is ordered, on the thread that judges it.
   */
  inspect(evaluation: Evaluation, nowMs: number, order?: CaptureOrder): Promise<Inspected>;
  /**
   * Has the thread load another policy, and resolves to what puts it in force at once: when the thread is ready to judge
   * by it, could not be made so, or takes longer than a reload should. Large bodies wait for the thread then.
   * Evaluations that have begun end under the policy they began with.
   */
  prepare(snapshot: PolicySnapshot): Promise<() => void>;
  /** Ends the thread; what is still to be judged there is answered with `engine:error`. */
  close(): Promise<void>;
}

/** What tests replace. */
export interface InspectorOptions {
  readonly worker?: InspectionWorker;
  readonly readyMsMax?: number;
}

/** What one evaluation may take of the thread that answers. */
const INLINE = { workMax: LIMITS.inlineWorkMax, decodedBytesMax: LIMITS.inlineBodyBytesMax } as const;

/**
 * Bodies up to `LIMITS.inlineBodyBytesMax` are judged here; larger ones, and those that unpack to more or turn out to take
 * much work, in a worker thread, because it would stall every other request on this thread for as long.
 */
export function createInspector(initial: PolicySnapshot, options: InspectorOptions = {}): Inspector {
  const { worker = createInspectionWorker(), readyMsMax = LIMITS.workerReadyMsMax } = options;
  let snapshot = initial;
  void worker.ready(initial);
  return {
    async inspect(evaluation, nowMs, order) {
      const question = { evaluation, nowMs, order };
      if (contentBytes(evaluation.content) > LIMITS.inlineBodyBytesMax) return worker.inspect(snapshot, question);
      const judgement = inspect(snapshot, { evaluation, nowMs, order, ...INLINE });
      const isTooMuch = judgement.gaps.some(({ kind }) => kind === 'engine:budget' || kind === 'coding:too_large');
      return isTooMuch ? worker.inspect(snapshot, question) : judgement;
    },
    async prepare(next) {
      await within(worker.ready(next), readyMsMax);
      return () => {
        const previous = snapshot;
        snapshot = next;
        if (previous !== next) worker.retire(previous);
      };
    },
    close: () => worker.close(),
  };
}

/** Waits for the promise, but no longer than this. */
async function within(promise: Promise<void>, ms: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, over]);
  clearTimeout(timer);
}
