import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { inspect, type PolicySnapshot, type Question } from '../../sidecar/inspection/inspect.js';
import { createInspectionWorker, type WorkerOptions } from '../../sidecar/inspection/inspection-worker.js';
import { createInspector } from '../../sidecar/inspection/inspector.js';
import type { WorkerOrder } from '../../sidecar/inspection/worker-messages.js';
import type { Judgement } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { bodyOf, evaluationOf, snapshotFor } from './snapshot.js';

const snapshot = snapshotFor('apple');
const JUDGE_MS = 80;

/** A thread that takes 80 ms over each body, dies over one that says `poison` and never ends with one that says `endless`. */
class SlowThread extends EventEmitter {
  asked = 0;
  readonly orders: WorkerOrder[] = [];

  postMessage(order: WorkerOrder): void {
    this.orders.push(order);
    if ('parts' in order) this.load(order.load);
    else if ('question' in order) this.judge(order.question);
  }

  load(loaded: number): void {
    setImmediate(() => this.emit('message', { loaded }));
  }

  judge(question: Question): void {
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

/** A thread that never gets to load a policy. */
class StuckThread extends SlowThread {
  override load(): void {}
}

/** A thread that takes longer to load a policy than a body may take. */
class LateThread extends SlowThread {
  override load(loaded: number): void {
    setTimeout(() => this.emit('message', { loaded }), 5 * JUDGE_MS);
  }
}

function slowWorker(t: ExecutionContext, options: Partial<WorkerOptions> = {}, Thread = SlowThread) {
  const threads: SlowThread[] = [];
  const startThread = () => {
    const thread = new Thread();
    threads.push(thread);
    return thread as unknown as Worker;
  };
  const worker = createInspectionWorker({ startThread, ...options });
  t.teardown(() => worker.close());
  const askBy = (by: PolicySnapshot, text: string) =>
    worker.inspect(by, { evaluation: evaluationOf(bodyOf(text, 10_000)), nowMs: 0 });
  const ask = (text: string) => askBy(snapshot, text);
  return { ask, askBy, threads, worker };
}

const causesOf = (judgements: readonly Judgement[]) => judgements.map(({ fault }) => fault?.cause);
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
  t.deepEqual(causesOf(judged), [undefined, 'worker_timeout', undefined]);
  t.is(judged[2]?.effective, 'BLOCK');
  t.is(threads.length, 2);
});

test('a body that ends the thread takes no other one with it', async (t) => {
  const { ask, threads } = slowWorker(t);
  const judged = await Promise.all(['poison', 'an apple', 'poison', 'a pear'].map(ask));
  t.deepEqual(gapsOf(judged), [['engine:error'], [], ['engine:error'], []]);
  t.deepEqual(causesOf(judged), ['worker_exit', undefined, 'worker_exit', undefined]);
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
  const { ask, threads, worker } = slowWorker(t, { waitMsMax: JUDGE_MS / 2 });
  await worker.ready(snapshot);
  const first = ask('a');
  const late = ask('b');
  t.deepEqual(gapsOf([await first]), [[]]);
  await t.throwsAsync(late, OVERLOADED);
  t.is(threads[0]?.asked, 1);
});

test('a thread that does not get ready is given up, and nobody waits for it', async (t) => {
  const { ask, worker } = slowWorker(t, { loadMsMax: 50 }, StuckThread);
  const ready = worker.ready(snapshot);
  t.deepEqual(gapsOf(await Promise.all([ask('a'), ask('b')])), [['engine:error'], ['engine:error']]);
  await ready;
});

test('the time that loading takes is not held against the body that waits for it', async (t) => {
  const { ask, threads } = slowWorker(t, { judgeMsMax: 3 * JUDGE_MS }, LateThread);
  t.deepEqual(gapsOf([await ask('an apple')]), [[]]);
  t.is(threads.length, 1);
});

test('a closed worker answers at once', async (t) => {
  const { ask, threads, worker } = slowWorker(t);
  const cut = [ask('an apple'), ask('a pear')];
  await worker.close();
  t.deepEqual(gapsOf(await Promise.all(cut)), [['engine:error'], ['engine:error']]);
  t.deepEqual(gapsOf([await ask('late')]), [['engine:error']]);
  t.is(threads.length, 1);
});

const orders = ({ orders }: SlowThread) =>
  orders.map((order) =>
    'parts' in order
      ? `load ${order.load}`
      : 'forget' in order
        ? `forget ${order.forget}`
        : `judge by ${order.judgeBy}`,
  );

test('the thread learns another policy, judges what began under the first by the first, and forgets it then', async (t) => {
  const { ask, askBy, threads, worker } = slowWorker(t);
  const next = snapshotFor('pear');
  await worker.ready(snapshot);
  const begun = [ask('an apple'), ask('a pear')];
  await worker.ready(next);
  worker.retire(snapshot);
  const after = [askBy(next, 'a pear')];
  t.deepEqual(gapsOf(await Promise.all([...begun, ...after])), [[], [], []]);
  t.deepEqual(threads.map(orders), [['load 1', 'judge by 1', 'load 2', 'judge by 1', 'forget 1', 'judge by 2']]);
});

test('a thread that replaces another one loads what there is work for, and no more', async (t) => {
  const { ask, askBy, threads, worker } = slowWorker(t);
  const next = snapshotFor('pear');
  await Promise.all([worker.ready(snapshot), worker.ready(next)]);
  t.deepEqual(gapsOf(await Promise.all([ask('poison'), askBy(next, 'a pear')])), [['engine:error'], []]);
  t.deepEqual(threads.map(orders), [
    ['load 1', 'load 2', 'judge by 1'],
    ['load 3', 'judge by 3'],
  ]);
});

test('who waits for a policy to be loaded is told when the thread is lost over a body', async (t) => {
  const { ask, worker } = slowWorker(t, { judgeMsMax: JUDGE_MS });
  await worker.ready(snapshot);
  const endless = ask('endless');
  const ready = Promise.all([worker.ready(snapshotFor('pear')), worker.ready(snapshotFor('fig'))]);
  t.deepEqual(gapsOf([await endless]), [['engine:budget']]);
  await ready;
});

test('a policy comes into force although the thread does not get to load it, and large bodies wait for it', async (t) => {
  const { threads, worker } = slowWorker(t, {}, StuckThread);
  const inspector = createInspector(snapshot, { worker, readyMsMax: 50 });
  const usePear = await inspector.prepare(snapshotFor('pear'));
  usePear();
  const large = inspector.inspect(evaluationOf(bodyOf('a pear', 20_000)), 0);
  t.is((await inspector.inspect(evaluationOf({ kind: 'text', text: 'a pear' }), 0)).effective, 'BLOCK');
  t.deepEqual(threads.map(orders), [['load 1', 'load 2', 'forget 1']]);
  threads[0]?.emit('message', { loaded: 2 });
  t.deepEqual((await large).gaps, []);
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

test('a real thread keeps one policy while it has another', async (t) => {
  const inspector = createInspector(snapshot);
  t.teardown(() => inspector.close());
  for (const word of ['pear', 'fig', 'apple']) {
    (await inspector.prepare(snapshotFor(word)))();
    const bodies = ['an apple', 'a pear', 'a fig'].map((text) => bodyOf(text, 20_000));
    const judged = await Promise.all(bodies.map((body) => inspector.inspect(evaluationOf(body), 0)));
    t.deepEqual(
      judged.map(({ effective }) => effective === 'BLOCK'),
      ['apple', 'pear', 'fig'].map((other) => other === word),
    );
  }
});
