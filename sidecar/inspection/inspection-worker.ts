import { Worker } from 'node:worker_threads';
import { JiminiError } from '../kernel/errors.js';
import type { Content, Evaluation } from '../kernel/evaluation.js';
import type { GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import type { OpenJudgement } from '../policy/classifier.js';
import { contentBytes, judgeUnread, type PolicySnapshot, type Question } from './inspect.js';

/** What the thread is started with: enough to compile the same policy. */
export type WorkerStart = Omit<PolicySnapshot, 'policy'>;
/** What the thread says: nothing but that it is ready, or the judgement of the one question that it has. */
export type WorkerReport = { readonly judgement?: OpenJudgement };

/** One thread that judges large bodies under one policy, one after the other. */
export interface InspectionWorker {
  /**
   * A thread that dies or takes too long over this question gives `engine:error` or `engine:budget`. Rejects with
   * `JIMINI_OVERLOADED` when too much waits already, or when the turn came after every caller has gone.
   */
  inspect(question: Question): Promise<OpenJudgement>;
  /** Resolves when the thread can judge, or when it was given up before it could. */
  ready(): Promise<void>;
  /** Finishes what it has, then ends the thread. Takes no more work. */
  retire(): void;
  /** Ends the thread at once; what it had is answered with `engine:error`. */
  close(): Promise<void>;
}

/** Bounds of one worker (see `LIMITS`) and its thread. Tests narrow the ones and replace the other. */
export interface WorkerOptions {
  readonly judgeMsMax: number;
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  readonly waitMsMax: number;
  readonly startThread: (workerData: WorkerStart) => Worker;
}

const DEFAULTS: WorkerOptions = {
  judgeMsMax: LIMITS.workerJudgeMsMax,
  waitingMax: LIMITS.workerWaitingMax,
  waitingBytesMax: LIMITS.workerWaitingBytesMax,
  // After this long no caller is left: its call has been ended.
  waitMsMax: LIMITS.callWithoutDeadlineMsMax,
  startThread: (workerData) => new Worker(new URL('./worker.js', import.meta.url), { workerData }),
};

interface Job {
  readonly question: Question;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly resolve: (judgement: OpenJudgement) => void;
  readonly reject: (error: JiminiError) => void;
}

/** Starts a thread for this policy. */
export function createInspectionWorker(
  snapshot: PolicySnapshot,
  options: Partial<WorkerOptions> = {},
): InspectionWorker {
  return new OneThread(snapshot, { ...DEFAULTS, ...options });
}

/**
 * The thread is given one question at a time and the others wait here, so that the time that counts is its own, and a
 * question that ends the thread takes no other one with it. A thread that died is replaced when there is work for it.
 */
class OneThread implements InspectionWorker {
  readonly #snapshot: PolicySnapshot;
  readonly #options: WorkerOptions;
  readonly #waiting: Job[] = [];
  #waitingBytes = 0;
  #judged: Job | undefined;
  #thread: Worker | undefined;
  #isReady = false;
  #isRetired = false;
  #isClosed = false;
  /** Settled when the first thread is ready or lost. */
  readonly #started = Promise.withResolvers<void>();
  /** Runs while the thread starts or judges. */
  #timer: NodeJS.Timeout | undefined;

  constructor(snapshot: PolicySnapshot, options: WorkerOptions) {
    this.#snapshot = snapshot;
    this.#options = options;
    this.#start();
  }

  async inspect(question: Question): Promise<OpenJudgement> {
    if (this.#isClosed) return judgeUnread(this.#snapshot.policy, question, 'engine:error');
    const bytes = contentBytes(question.evaluation.content);
    const hasRoom =
      this.#waiting.length < this.#options.waitingMax && this.#waitingBytes + bytes <= this.#options.waitingBytesMax;
    if (!hasRoom) throw overloaded();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, bytes, sinceMs: performance.now(), resolve, reject });
      this.#waitingBytes += bytes;
      this.#next();
    });
  }

  ready(): Promise<void> {
    this.#thread?.ref();
    return this.#started.promise;
  }

  retire(): void {
    this.#isRetired = true;
    this.#next();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const thread = this.#giveUp();
    this.#answerAll('engine:error');
    await thread?.terminate();
  }

  #start(): void {
    const { sources, settings, contentOptions } = this.#snapshot;
    const thread = this.#options.startThread({ sources, settings, contentOptions });
    thread.unref();
    thread.on('message', ({ judgement }: WorkerReport) => this.#onReport(thread, judgement));
    // An error is always followed by the exit.
    thread.on('error', () => {});
    thread.on('exit', () => thread === this.#thread && this.#onLost('engine:error'));
    this.#thread = thread;
    this.#startTimer('engine:error');
  }

  #startTimer(kind: GapKind): void {
    this.#timer = setTimeout(() => this.#onLost(kind), this.#options.judgeMsMax);
    // Whoever waits for the thread keeps the process alive; the timer of a thread that nobody waits for must not.
    this.#timer.unref();
  }

  #onReport(thread: Worker, judgement: OpenJudgement | undefined): void {
    if (thread !== this.#thread) return;
    clearTimeout(this.#timer);
    this.#isReady = true;
    this.#started.resolve();
    if (judgement) this.#judged?.resolve(judgement);
    this.#judged = undefined;
    this.#next();
  }

  /** The question that the thread had is answered; one that cannot even start would not start for the next one either. */
  #onLost(kind: GapKind): void {
    void this.#giveUp()?.terminate();
    const job = this.#judged;
    this.#judged = undefined;
    if (job) job.resolve(judgeUnread(this.#snapshot.policy, job.question, kind));
    else this.#answerAll(kind);
    this.#next();
  }

  /** Gives the thread its next question, or lets it go. */
  #next(): void {
    this.#refuseLate();
    if (this.#waiting.length === 0 && !this.#judged) {
      this.#thread?.unref();
      if (this.#isRetired) void this.#giveUp()?.terminate();
      return;
    }
    if (!this.#thread) this.#start();
    this.#thread?.ref();
    if (!this.#isReady || this.#judged) return;
    const job = this.#take();
    if (!job) return;
    this.#judged = job;
    this.#startTimer('engine:budget');
    const { copy, transfer } = transferable(job.question.evaluation);
    this.#thread?.postMessage({ ...job.question, evaluation: copy } satisfies Question, transfer);
  }

  #refuseLate(): void {
    const beforeMs = performance.now() - this.#options.waitMsMax;
    while ((this.#waiting[0]?.sinceMs ?? beforeMs) < beforeMs) this.#take()?.reject(overloaded());
  }

  #take(): Job | undefined {
    const job = this.#waiting.shift();
    this.#waitingBytes -= job?.bytes ?? 0;
    return job;
  }

  #answerAll(kind: GapKind): void {
    for (let job = this.#judged ?? this.#take(); job; job = this.#take()) {
      this.#judged = undefined;
      job.resolve(judgeUnread(this.#snapshot.policy, job.question, kind));
    }
  }

  /** Forgets the thread, so that nothing that it still says counts, and returns it. */
  #giveUp(): Worker | undefined {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = undefined;
    this.#isReady = false;
    this.#started.resolve();
    return thread;
  }
}

function overloaded(): JiminiError {
  return new JiminiError('JIMINI_OVERLOADED', 'too many large bodies wait to be judged; try again later');
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
