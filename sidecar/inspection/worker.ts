import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { LIMITS } from '../kernel/limits.js';
import { giveMemoryBack, takeInSlices } from '../kernel/slices.js';
import type { Steps } from '../kernel/steps.js';
import { loadPackSteps } from '../policy/load-pack.js';
import type { Pack } from '../policy/pack.js';
import { createPolicySteps, type Policy } from '../policy/policy.js';
import { inspect, type Question } from './inspect.js';
import type { AskedQuestion, PolicyParts, WorkerOrder, WorkerReport } from './worker-messages.js';

type Source = PolicyParts['sources'][number];

interface Loaded extends PolicyParts {
  readonly policy: Policy;
  readonly packs: ReadonlyMap<Source, Pack>;
}

giveWay();

const policies = new Map<number, Loaded>();
/** Loading takes turns with judging; what is ordered of one policy after the other stays in order. */
let loading = Promise.resolve();

parentPort?.on('message', (order: WorkerOrder) => {
  if ('judgeBy' in order) {
    const snapshot = policies.get(order.judgeBy);
    if (!snapshot) throw new Error('a question for a policy that was not loaded');
    report({ judgement: inspect(snapshot, questionOf(order)) });
    tidyLater();
  } else if ('parts' in order) {
    loading = loading.then(() => load(order.load, order.parts));
  } else {
    loading = loading.then(() => void policies.delete(order.forget));
  }
});

function questionOf(order: AskedQuestion): Question {
  if ('question' in order) return order.question;
  const { message } = receiveMessageOnPort(order.parked) as { message: Question };
  order.parked.close();
  return message;
}

let tidying: NodeJS.Timeout | undefined;

/** Large bodies make much that is garbage at once, and V8 keeps the room for more of it. When no more come, it is given back. */
function tidyLater(): void {
  clearTimeout(tidying);
  tidying = setTimeout(giveMemoryBack, LIMITS.workerIdleMs);
  tidying.unref();
}

async function load(number: number, parts: PolicyParts): Promise<void> {
  policies.set(number, await takeInSlices(loadSteps(parts), LIMITS.workerLoadSliceMs));
  report({ loaded: number });
}

/** The sources were loaded on the main thread before: none can fail to load here, and their examples hold. */
function* loadSteps(parts: PolicyParts): Steps<Loaded> {
  const packs = new Map<Source, Pack>();
  for (const source of parts.sources) {
    const pack = knownPack(source) ?? (yield* loadPackSteps(source, { ...source, examplesHold: true })).pack;
    if (pack) packs.set(source, pack);
  }
  return { ...parts, packs, policy: yield* createPolicySteps([...packs.values()], parts.settings) };
}

/** The pack of another policy that was made of the same text. */
function knownPack(source: Source): Pack | undefined {
  for (const { packs } of policies.values()) {
    for (const [known, pack] of packs) if (isSame(known, source)) return pack;
  }
  return undefined;
}

function isSame(a: Source, b: Source): boolean {
  const isSameFile = a.file === b.file && a.name === b.name && a.text === b.text;
  return isSameFile && a.builtin === b.builtin && a.ancestorDirections === b.ancestorDirections;
}

function report(said: WorkerReport): void {
  parentPort?.postMessage(said);
}

/**
 * Lets the thread that answers everybody have the core first: neither compiling nor a large body may hold up small ones.
 * On Linux a niceness is a thread's own (setpriority(2), "C library/kernel differences"); elsewhere it would be the whole process's.
 */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    const niceness = getPriority() + constants.priority.PRIORITY_BELOW_NORMAL;
    setPriority(Math.min(niceness, constants.priority.PRIORITY_LOW));
  } catch {
    // A sandbox may forbid the call; everything works without it.
  }
}
