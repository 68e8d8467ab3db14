import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { inspect, type Question } from '../../sidecar/inspection/inspect.js';
import { createInspectionWorker, type WorkerOptions } from '../../sidecar/inspection/inspection-worker.js';
import { createInspector } from '../../sidecar/inspection/inspector.js';
import type { Judgement } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { bodyOf, evaluationOf, snapshotFor } from './snapshot.js';

const snapshot = snapshotFor('apple');
const JUDGE_MS = 80;

/** A thread that takes 80 ms over each body, dies over one that says `poison` and never ends with one that says `endless`. */
class SlowThread extends EventEmitter {
  asked = 0;

  constructor() {
    super();
    setImmediate(() => this.emit('message', {}));
  }

  postMessage(question: Question): void {
    this.asked += 1;
    const [body] = question.evaluation.content;
    const text = body?.kind === 'body' ? Buffer.from(body.bytes).toString('latin1') : '';
    if (text.includes('poison')) setImmediate(() => this.emit('exit', 1));
    else if (!text.includes('endless'))
      setTimeout(() => this.emit('message', { judgement: inspect(snapshot, question) }), JUDGE_MS);
  }

  async terminate(): Promise<number> {
    return 0;
  }
  ref(): void {}
  unref(): void {}
}

function slowWorker(t: ExecutionContext, options: Partial<WorkerOptions> = {}) {
  const threads: SlowThread[] = [];
  const startThread = () => {
    const thread = new SlowThread();
    threads.push(thread);
    return thread as unknown as Worker;
  };
  const worker = createInspectionWorker(snapshot, { startThread, ...options });
  t.teardown(() => worker.close());
  const ask = (text: string) => worker.inspect({ evaluation: evaluationOf(bodyOf(text, 10_000)), nowMs: 0 });
  return { ask, threads, worker };
}

const gapsOf = (judgements: readonly Judgement[]) => judgements.map(({ gaps }) => gaps.map(({ kind }) => kind));

test('the time that a body waits for others is not held against it', async (t) => {
  const { ask, threads } = slowWorker(t, { judgeMsMax: 3 * JUDGE_MS });
  const judged = await Promise.all(['an apple', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map(ask));
  t.deepEqual(gapsOf(judged), Array(8).fill([]));
  t.is(judged[0]?.effective, 'BLOCK');
  t.is(threads.length, 1);
});

test('a body that takes too long is denied as engine:budget, and those behind it are judged by another thread', async (t) => {
  const { ask, threads } = slowWorker(t, { judgeMsMax: 3 * JUDGE_MS });
  const judged = await Promise.all(['first', 'endless', 'an apple'].map(ask));
  t.deepEqual(gapsOf(judged), [[], ['engine:budget'], []]);
  t.is(judged[2]?.effective, 'BLOCK');
  t.is(threads.length, 2);
});

test('a body that ends the thread takes no other one with it', async (t) => {
  const { ask, threads } = slowWorker(t);
  const judged = await Promise.all(['poison', 'an apple', 'poison', 'a pear'].map(ask));
  t.deepEqual(gapsOf(judged), [['engine:error'], [], ['engine:error'], []]);
  t.is(threads.length, 3);
});

const OVERLOADED = { code: 'JIMINI_OVERLOADED' };

test('so many bodies may wait, and not one more', async (t) => {
  const { ask } = slowWorker(t, { waitingMax: 2 });
  const taken = [ask('a'), ask('b')];
  await t.throwsAsync(ask('c'), OVERLOADED);
  t.deepEqual(gapsOf(await Promise.all(taken)), [[], []]);
  t.deepEqual(gapsOf([await ask('d')]), [[]], 'there is room again');
});

test('so many bytes may wait, and not more', async (t) => {
  const { ask } = slowWorker(t, { waitingBytesMax: 25_000 });
  const taken = [ask('a'), ask('b')];
  await t.throwsAsync(ask('c'), OVERLOADED);
  t.deepEqual(gapsOf(await Promise.all(taken)), [[], []]);
  t.deepEqual(gapsOf(await Promise.all([ask('d'), ask('e')])), [[], []], 'there is room again');
});

test('a body whose turn comes when its caller must have gone is not judged', async (t) => {
  const { ask, threads } = slowWorker(t, { waitMsMax: JUDGE_MS / 2 });
  const first = ask('a');
  const late = ask('b');
  t.deepEqual(gapsOf([await first]), [[]]);
  await t.throwsAsync(late, OVERLOADED);
  t.is(threads[0]?.asked, 1);
});

test('a thread that does not get ready is given up, and nobody waits for it', async (t) => {
  const startThread = () => Object.assign(new SlowThread(), { emit: () => false }) as unknown as Worker;
  const { ask } = slowWorker(t, { startThread, judgeMsMax: 50 });
  t.deepEqual(gapsOf(await Promise.all([ask('a'), ask('b')])), [['engine:error'], ['engine:error']]);
});

test('a retired worker finishes what it has; a closed one answers at once', async (t) => {
  const retired = slowWorker(t);
  const begun = [retired.ask('an apple'), retired.ask('a pear')];
  retired.worker.retire();
  t.deepEqual(gapsOf(await Promise.all(begun)), [[], []]);

  const closed = slowWorker(t);
  const cut = [closed.ask('an apple'), closed.ask('a pear')];
  await closed.worker.close();
  t.deepEqual(gapsOf(await Promise.all(cut)), [['engine:error'], ['engine:error']]);
  t.deepEqual(gapsOf([await closed.ask('late')]), [['engine:error']]);
  t.is(closed.threads.length, 1);
});

test('bounds leave room in flight for small bodies', (t) => {
  t.true(LIMITS.workerWaitingMax <= LIMITS.inFlightRequestsMax / 2);
  t.true(LIMITS.workerWaitingBytesMax <= LIMITS.inFlightBytesMax / 2);
});

test('a real thread judges a queue of bodies in order and goes on after a pause', async (t) => {
  const inspector = createInspector(snapshot);
  t.teardown(() => inspector.close());
  for (const round of [1, 2]) {
    const bodies = Array.from({ length: 20 }, (_, i) => bodyOf(i % 2 === 0 ? 'an apple' : 'a pear', 20_000));
    const judged = await Promise.all(bodies.map((body) => inspector.inspect(evaluationOf(body), 0)));
    t.deepEqual(
      judged.map(({ effective }) => effective),
      bodies.map((_, i) => (i % 2 === 0 ? 'BLOCK' : 'ALLOW')),
      `round ${round}`,
    );
  }
});
