import type { Content, Evaluation } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import type { OpenJudgement } from '../policy/classifier.js';
import { inspect, type PolicySnapshot } from './inspect.js';
import { createInspectionWorker, type InspectionWorker } from './inspection-worker.js';

/** Reads and judges, without ever blocking the event loop for longer than a small body takes. */
export interface Inspector {
  /** Never rejects: what cannot be judged is a judgement with a gap. */
  inspect(evaluation: Evaluation, nowMs: number): Promise<OpenJudgement>;
  /** Puts another policy in force. Evaluations that have begun end under the policy they began with. */
  use(snapshot: PolicySnapshot): void;
  /** Ends the thread once it has finished what it has. */
  close(): Promise<void>;
}

/**
 * Bodies up to `LIMITS.inlineBodyBytesMax` are judged here; larger ones in a worker thread, because parsing and
 * scanning megabytes on this thread would stall every other request for as long.
 */
export function createInspector(initial: PolicySnapshot): Inspector {
  let snapshot = initial;
  let worker: InspectionWorker = createInspectionWorker(initial);
  return {
    async inspect(evaluation, nowMs) {
      const inline = contentBytes(evaluation.content) <= LIMITS.inlineBodyBytesMax;
      const question = { evaluation, nowMs };
      return inline ? inspect(snapshot, question) : worker.inspect(question);
    },
    use(next) {
      const previous = worker;
      worker = createInspectionWorker(next);
      snapshot = next;
      void previous.close();
    },
    close: () => worker.close(),
  };
}

/** Size of what has to be read. A text counts its UTF-16 units, which is close enough to choose a thread. */
function contentBytes(content: readonly Content[]): number {
  let bytes = 0;
  for (const part of content) {
    bytes += part.kind === 'body' ? part.bytes.byteLength : part.kind === 'text' ? part.text.length : part.raw.length;
  }
  return bytes;
}
