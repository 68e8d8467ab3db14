import { Worker } from 'node:worker_threads';
import type { Content, Evaluation } from '../kernel/evaluation.js';
import type { GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import type { OpenJudgement } from '../policy/classifier.js';
import { judgeUnread, type PolicySnapshot, type Question } from './inspect.js';

/** What the thread is started with: enough to compile the same policy. */
export type WorkerStart = Omit<PolicySnapshot, 'policy'>;
/** One evaluation on its way to the thread. */
export type WorkerRequest = { readonly id: number; readonly question: Question };
/** Its judgement on the way back. */
export type WorkerAnswer = { readonly id: number; readonly judgement: OpenJudgement };

/** One thread that judges large bodies under one policy, one after the other. */
export interface InspectionWorker {
  /** Never rejects. A thread that dies or takes too long gives `engine:error` or `engine:budget`. */
  inspect(question: Question): Promise<OpenJudgement>;
  /** Takes no more work, finishes what it has, and ends the thread. */
  close(): Promise<void>;
}

interface Pending {
  readonly question: Question;
  readonly resolve: (judgement: OpenJudgement) => void;
  readonly timer: NodeJS.Timeout;
}

/** Starts a thread for this policy. One that died is replaced when the next evaluation needs it. */
export function createInspectionWorker(snapshot: PolicySnapshot): InspectionWorker {
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let closing = false;
  let thread: Worker | undefined = start();

  function start(): Worker {
    const { sources, settings, contentOptions } = snapshot;
    const workerData: WorkerStart = { sources, settings, contentOptions };
    const started = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    started.unref();
    started.on('message', (answer: WorkerAnswer) => settle(answer.id, answer.judgement));
    // An error is always followed by the exit, where the pending evaluations are answered.
    started.on('error', () => {});
    started.on('exit', () => {
      if (started === thread) abandon('engine:error');
    });
    return started;
  }

  function settle(id: number, judgement: OpenJudgement): void {
    const entry = pending.get(id);
    if (!entry) return;
    clearTimeout(entry.timer);
    pending.delete(id);
    entry.resolve(judgement);
    if (pending.size > 0) return;
    thread?.unref();
    if (closing) void thread?.terminate();
  }

  /** Gives up the thread: everybody who waits for it gets the same answer. */
  function abandon(kind: GapKind): void {
    void thread?.terminate();
    thread = undefined;
    for (const [id, { question }] of pending) settle(id, judgeUnread(snapshot.policy, question, kind));
  }

  return {
    inspect(question) {
      return new Promise((resolve) => {
        const id = nextId++;
        const timer = setTimeout(() => abandon('engine:budget'), LIMITS.workerJudgeMsMax);
        pending.set(id, { question, resolve, timer });
        thread ??= start();
        thread.ref();
        const { copy, transfer } = transferable(question.evaluation);
        thread.postMessage({ id, question: { ...question, evaluation: copy } } satisfies WorkerRequest, transfer);
      });
    },
    async close() {
      closing = true;
      // A thread that does not keep the process alive would not keep it waiting for its own end either.
      thread?.ref();
      if (pending.size === 0) await thread?.terminate();
    },
  };
}

/** Bodies are views of whole gRPC messages; a copy of exactly the body is made once and handed over without another. */
function transferable(evaluation: Evaluation): { copy: Evaluation; transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const content = evaluation.content.map((part): Content => {
    if (part.kind !== 'body') return part;
    const bytes = new Uint8Array(part.bytes);
    transfer.push(bytes.buffer);
    return { ...part, bytes };
  });
  return { copy: { ...evaluation, content }, transfer };
}
