import { Worker } from 'node:worker_threads';
import { JiminiError } from '../kernel/errors.js';
import { type Fault, faultOf } from '../kernel/fault.js';
import { LIMITS } from '../kernel/limits.js';
import {
  contentBytes,
  type Inspected,
  judgeUnread,
  type PolicySnapshot,
  type Question,
  type Unjudged,
} from './inspect.js';
import { type ParkedQuestion, parkQuestion, type Transfer } from './parked-question.js';
import type { WorkerOrder, WorkerReport } from './worker-messages.js';

/** One thread that judges large bodies, one after the other, each under the policy that it is given with. */
export interface InspectionWorker {
  /**
   * A thread that dies or takes too long over this question gives `engine:error` or `engine:budget`. Rejects with
   * `JIMINI_OVERLOADED` when too much waits already, or when the turn came after every caller has gone.
   */
  inspect(snapshot: PolicySnapshot, question: Question): Promise<Inspected>;
  /** Has the thread load this policy. Resolves when it can judge by it, or was given up before it could. */
  ready(snapshot: PolicySnapshot): Promise<void>;
  /** Has the thread forget this policy once what was asked under it is judged. Nothing more may be asked under it. */
  retire(snapshot: PolicySnapshot): void;
  /** Ends the thread at once; what it had is answered with `engine:error`. */
  close(): Promise<void>;
}

/** Bounds of the worker (see `LIMITS`) and its thread. Tests narrow the ones and replace the other. */
export interface WorkerOptions {
  readonly judgeMsMax: number;
  readonly loadMsMax: number;
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  readonly waitMsMax: number;
  readonly startThread: () => Worker;
}

const DEFAULTS: WorkerOptions = {
  judgeMsMax: LIMITS.workerJudgeMsMax,
  loadMsMax: LIMITS.workerLoadMsMax,
  waitingMax: LIMITS.workerWaitingMax,
  waitingBytesMax: LIMITS.workerWaitingBytesMax,
  // After this long no caller is left: its call has been ended.
  waitMsMax: LIMITS.callWithoutDeadlineMsMax,
  startThread: () => new Worker(new URL('./worker.js', import.meta.url), { resourceLimits: YOUNG_GENERATION }),
};

/** A fraction of what V8 takes by default: nearly all that the thread makes is short-lived, or stays. */
const YOUNG_GENERATION = { maxYoungGenerationSizeMb: 12 };

const CLOSED: Unjudged = { kind: 'engine:error', fault: { cause: 'worker_closed' } };
const NOT_LOADED: Unjudged = { kind: 'engine:error', fault: { cause: 'worker_load_timeout' } };
const TOO_SLOW: Unjudged = { kind: 'engine:budget', fault: { cause: 'worker_timeout' } };

interface Job {
  readonly snapshot: PolicySnapshot;
  readonly question: Question;
  readonly parked: ParkedQuestion;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly resolve: (judgement: Inspected) => void;
  readonly reject: (error: JiminiError) => void;
}

/** A policy that the thread was told to load. */
interface KnownPolicy {
  readonly number: number;
  /** Settled when the thread has loaded it, or is given up. */
  readonly loaded: PromiseWithResolvers<void>;
  isLoaded: boolean;
}

/** Starts a thread, which has no policy yet. */
export function createInspectionWorker(options: Partial<WorkerOptions> = {}): InspectionWorker {
  return new OneThread({ ...DEFAULTS, ...options });
}

/**
 * The thread is given one question at a time and the others wait here, so that the time that counts is its own, and a
 * question that ends the thread takes no other one with it. A thread that died is replaced when there is work for it,
 * and loads what that work needs. Policies are loaded between questions: a reload needs no second thread.
 */
class OneThread implements InspectionWorker {
  readonly #options: WorkerOptions;
  readonly #waiting: Job[] = [];
  #waitingBytes = 0;
  #judged: Job | undefined;
  #thread: Worker | undefined;
  /** Of this thread. */
  #known = new Map<PolicySnapshot, KnownPolicy>();
  #lastNumber = 0;
  readonly #retired = new Set<PolicySnapshot>();
  #isClosed = false;
  /** Runs while the thread loads or judges. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#start();
  }

  async inspect(snapshot: PolicySnapshot, question: Question): Promise<Inspected> {
    if (this.#isClosed) return judgeUnread(snapshot.policy, question, CLOSED);
    const bytes = contentBytes(question.evaluation.content);
    const hasRoom =
      this.#waiting.length < this.#options.waitingMax && this.#waitingBytes + bytes <= this.#options.waitingBytesMax;
    if (!hasRoom) throw overloaded();
    const parked = parkQuestion(question);
    const judged = new Promise<Inspected>((resolve, reject) => {
      this.#waiting.push({ snapshot, question, parked, bytes, sinceMs: performance.now(), resolve, reject });
      this.#waitingBytes += bytes;
      this.#next();
    });
    return judged.finally(parked.leave);
  }

  async ready(snapshot: PolicySnapshot): Promise<void> {
    if (this.#isClosed) return;
    const { loaded } = this.#load(snapshot);
    this.#thread?.ref();
    await loaded.promise;
  }

  retire(snapshot: PolicySnapshot): void {
    this.#retired.add(snapshot);
    this.#next();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const thread = this.#giveUp();
    this.#answerAll(CLOSED);
    await thread?.terminate();
  }

  #start(): void {
    const thread = this.#options.startThread();
    thread.unref();
    thread.on('message', (report: WorkerReport) => thread === this.#thread && this.#onReport(report));
    let fault: Fault = { cause: 'worker_exit' };
    // An error is always followed by the exit.
    thread.on('error', (error) => {
      fault = faultOf(error);
    });
    thread.on('exit', () => thread === this.#thread && this.#onLost({ kind: 'engine:error', fault }));
    this.#thread = thread;
  }

  #tell(order: WorkerOrder, transfer: Transfer = []): void {
    this.#thread?.postMessage(order, transfer);
  }

  /** Has the thread load a policy that it does not know; starts one if need be. */
  #load(snapshot: PolicySnapshot): KnownPolicy {
    const known = this.#known.get(snapshot);
    if (known) return known;
    if (!this.#thread) this.#start();
    const told = { number: ++this.#lastNumber, loaded: Promise.withResolvers<void>(), isLoaded: false };
    this.#known.set(snapshot, told);
    const { sources, settings, contentOptions } = snapshot;
    this.#tell({ load: told.number, parts: { sources, settings, contentOptions } });
    if (!this.#judged) this.#startTimer(this.#options.loadMsMax, NOT_LOADED);
    return told;
  }

  #startTimer(ms: number, why: Unjudged): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onLost(why), ms);
    // Whoever waits for the thread keeps the process alive; the timer of a thread that nobody waits for must not.
    this.#timer.unref();
  }

  #onReport(report: WorkerReport): void {
    if ('loaded' in report) {
      const policy = [...this.#known.values()].find(({ number }) => number === report.loaded);
      if (policy) policy.isLoaded = true;
      policy?.loaded.resolve();
    } else {
      this.#judged?.resolve(report.judgement);
      this.#judged = undefined;
    }
    if (!this.#judged) this.#watchLoading();
    this.#next();
  }

  #watchLoading(): void {
    clearTimeout(this.#timer);
    if ([...this.#known.values()].some(({ isLoaded }) => !isLoaded)) {
      this.#startTimer(this.#options.loadMsMax, NOT_LOADED);
    }
  }

  /** The question that the thread had is answered; one that cannot even load would not load for the next one either. */
  #onLost(why: Unjudged): void {
    void this.#giveUp()?.terminate();
    const job = this.#judged;
    this.#judged = undefined;
    if (job) job.resolve(judgeUnread(job.snapshot.policy, job.question, why));
    else this.#answerAll(why);
    this.#next();
  }

  /** Gives the thread its next question, or lets it be. */
  #next(): void {
    this.#refuseLate();
    this.#forgetRetired();
    const [job] = this.#waiting;
    if (!job && !this.#judged) {
      const isAwaited = [...this.#known.values()].some(({ isLoaded }) => !isLoaded);
      if (!isAwaited) this.#thread?.unref();
      return;
    }
    if (!job || this.#judged) return;
    const policy = this.#load(job.snapshot);
    this.#thread?.ref();
    if (!policy.isLoaded) return;
    this.#take();
    this.#judged = job;
    this.#startTimer(this.#options.judgeMsMax, TOO_SLOW);
    const { asked, transfer } = job.parked.asked();
    this.#tell({ judgeBy: policy.number, ...asked }, transfer);
  }

  #forgetRetired(): void {
    for (const snapshot of this.#retired) {
      if (this.#judged?.snapshot === snapshot || this.#waiting.some((job) => job.snapshot === snapshot)) continue;
      this.#retired.delete(snapshot);
      const known = this.#known.get(snapshot);
      if (known) this.#tell({ forget: known.number });
      this.#known.delete(snapshot);
    }
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

  #answerAll(why: Unjudged): void {
    for (let job = this.#judged ?? this.#take(); job; job = this.#take()) {
      this.#judged = undefined;
      job.resolve(judgeUnread(job.snapshot.policy, job.question, why));
    }
  }

  /** Forgets the thread, so that nothing that it still says counts, and returns it. */
  #giveUp(): Worker | undefined {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = undefined;
    for (const { loaded } of this.#known.values()) loaded.resolve();
    this.#known.clear();
    return thread;
  }
}

function overloaded(): JiminiError {
  return new JiminiError('JIMINI_OVERLOADED', 'too many large bodies wait to be judged; try again later');
}
