import { parentPort, workerData } from 'node:worker_threads';
import { loadPack } from '../policy/load-pack.js';
import { createPolicy } from '../policy/policy.js';
import { inspect } from './inspect.js';
import type { WorkerAnswer, WorkerRequest, WorkerStart } from './inspection-worker.js';

// Entry of the thread. The sources were loaded on the main thread before, so none can fail to load here.
const { sources, settings, contentOptions } = workerData as WorkerStart;
const packs = sources.flatMap((source) => loadPack(source, source).pack ?? []);
const snapshot = { policy: createPolicy(packs, settings), contentOptions };

parentPort?.on('message', ({ id, question }: WorkerRequest) => {
  parentPort?.postMessage({ id, judgement: inspect(snapshot, question) } satisfies WorkerAnswer);
});
