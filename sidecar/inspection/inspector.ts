import type { Evaluation } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import type { OpenJudgement } from '../policy/classifier.js';
import { contentBytes, inspect, type PolicySnapshot } from './inspect.js';
import { createInspectionWorker, type InspectionWorker } from './inspection-worker.js';

/** Reads and judges, without ever blocking the event loop for longer than a small body takes. */
export interface Inspector {
  /**
   * What cannot be judged is a judgement with a gap. Rejects only with `JIMINI_OVERLOADED`: too many large bodies wait,
   * and this one is not judged at all.
   */
  inspect(evaluation: Evaluation, nowMs: number): Promise<OpenJudgement>;
  /**
   * Starts the thread of another policy, and resolves when it is ready to judge, or could not be made so, to what puts
   * the policy in force at once. Evaluations that have begun end under the policy they began with.
   */
  prepare(snapshot: PolicySnapshot): Promise<() => void>;
  /** Ends the thread; what is still to be judged there is answered with `engine:error`. */
  close(): Promise<void>;
}

/**
 * Bodies up to `LIMITS.inlineBodyBytesMax` are judged here; larger ones, and those that turn out to take much work, in
 * a worker thread, because it would stall every other request on this thread for as long.
 */
export function createInspector(initial: PolicySnapshot): Inspector {
  let snapshot = initial;
  let worker: InspectionWorker = createInspectionWorker(initial);
  const workers = new Set([worker]);
  let isClosed = false;
  return {
    async inspect(evaluation, nowMs) {
      const question = { evaluation, nowMs };
      if (contentBytes(evaluation.content) > LIMITS.inlineBodyBytesMax) return worker.inspect(question);
      const judgement = inspect(snapshot, { ...question, workMax: LIMITS.inlineWorkMax });
      const isTooMuch = judgement.gaps.some(({ kind }) => kind === 'engine:budget');
      return isTooMuch ? worker.inspect(question) : judgement;
    },
    async prepare(next) {
      const prepared = createInspectionWorker(next);
      workers.add(prepared);
      if (isClosed) await prepared.close();
      await prepared.ready();
      return () => {
        const previous = worker;
        worker = prepared;
        snapshot = next;
        workers.delete(previous);
        previous.retire();
      };
    },
    async close() {
      isClosed = true;
      await Promise.all([...workers].map((each) => each.close()));
    },
  };
}
