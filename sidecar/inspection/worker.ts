import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { loadPack } from '../policy/load-pack.js';
import { createPolicy } from '../policy/policy.js';
import { inspect, type Question } from './inspect.js';
import type { WorkerReport, WorkerStart } from './inspection-worker.js';

giveWay();

// Entry of the thread. The sources were loaded on the main thread before, so none can fail to load here.
const { sources, settings, contentOptions } = workerData as WorkerStart;
const packs = sources.flatMap((source) => loadPack(source, source).pack ?? []);
const snapshot = { policy: createPolicy(packs, settings), contentOptions };

const report = (said: WorkerReport) => parentPort?.postMessage(said);
parentPort?.on('message', (question: Question) => report({ judgement: inspect(snapshot, question) }));
report({});

/**
 * Lets the thread that answers everybody have the core first: neither compiling nor a large body may hold up small ones.
 * On Linux a niceness is a thread's own (setpriority(2), "C library/kernel differences"); elsewhere it would be the whole process's.
 */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox may forbid the call; everything works without it.
  }
}
