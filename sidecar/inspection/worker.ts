import { parentPort, workerData } from 'node:worker_threads';
import { loadPack } from '../policy/load-pack.js';
import { createPolicy } from '../policy/policy.js';
import { inspect, type Question } from './inspect.js';
import type { WorkerReport, WorkerStart } from './inspection-worker.js';

// Entry of the thread. The sources were loaded on the main thread before, so none can fail to load here.
const { sources, settings, contentOptions } = workerData as WorkerStart;
const packs = sources.flatMap((source) => loadPack(source, source).pack ?? []);
const snapshot = { policy: createPolicy(packs, settings), contentOptions };

const report = (said: WorkerReport) => parentPort?.postMessage(said);
parentPort?.on('message', (question: Question) => report({ judgement: inspect(snapshot, question) }));
report({});
