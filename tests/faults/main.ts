// npm run test:faults -- [PART ...] [--runs N] [--seed N] [--state FILE] [--minutes N]      without a part: all of them
//   seeds    runs the log on a simulated disk that fails                                           10,000 runs
//   logs     verifies clean random logs, and logs with a flipped bit, by both verifiers           100,000 runs
//   kills    kills a process that appends                                                           1,000 runs
//   power    cuts the power of a process that appends (needs cc)                                    1,000 runs
//   service  the whole sidecar: killed, without power, with failing calls, a clock that jumps, a disk that is full or read-only, a
//            second process; --runs bounds how often                                                    twice
//   calls    makes system calls of a log fail, each kind, one position after the other, for a while or for good
//            (needs strace); --runs bounds the positions                                            all positions
//
// --state FILE   goes on where a run with the same file was ended. --minutes N   stops after so long (60 without --runs); exit code 3.
// --planted      looks with `calls` whether faults that are planted in the log are found, instead of looking for others.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as own from '../../sidecar/audit/audit-log.js';
import { PLANTED_FAULTS, plantedModule } from '../audit/simulation/planted.js';
import { simulate } from '../audit/simulation/simulation.js';
import { createRandom } from '../fuzz/random.js';
import { repositoryRoot } from '../processes/sidecar.js';
import { readArguments, refuseArguments } from '../tools/arguments.js';
import { type Requirement, strace } from '../tools/requirements.js';
import { verifyCleanLogs, verifyFlips } from './log-attacks.js';
import { allLogFaults, faultyLog, type LogFault, nameOf } from './log-calls.js';
import { logKills } from './log-kills.js';
import { logPowerCuts } from './power-cut.js';
import { compiler } from './preloaded.js';
import { goThrough, openProgress, type Progress, type Runs } from './progress.js';
import { serviceRuns } from './service-runs.js';

const USAGE =
  'npm run test:faults [-- [seeds|logs|kills|power|calls|service ...] [--runs N] [--seed N] [--state FILE] [--minutes N] [--planted]]';
const MINUTES = 60;
const STOPPED_EXIT = 3;

interface Part {
  readonly needs?: Requirement;
  /** The runs that there are; `runs` as asked for, 0 = the usual number. */
  readonly runs: (runs: number, seed: number) => Runs | Promise<Runs>;
}

const PARTS: Readonly<Record<string, Part>> = {
  seeds: { runs: (runs, seed) => ({ total: runs || 10_000, group: 50, make: each((at) => simulate(seed + at, own)) }) },
  logs: {
    runs: (runs, seed) => ({ total: runs || 100_000, group: 1_000, make: (at, count) => logs(seed + at, count) }),
  },
  kills: { runs: (runs, seed) => ({ total: runs || 1_000, group: 10, make: lives(logKills, seed) }) },
  power: {
    needs: compiler,
    runs: (runs, seed) => ({ total: runs || 1_000, group: 10, make: lives(logPowerCuts, seed) }),
  },
  service: { runs: (runs, seed) => serviceRuns(runs || 2, seed) },
  calls: { needs: strace, runs: calls },
};

const { values, positionals } = readArguments({
  usage: USAGE,
  config: {
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      state: { type: 'string' },
      minutes: { type: 'string' },
      planted: { type: 'boolean', default: false },
    },
  },
  numbers: { runs: 1, seed: 0, minutes: 1 },
});
const unknown = positionals.find((name) => !(name in PARTS));
if (unknown !== undefined) refuseArguments(`unknown part "${unknown}"`, USAGE);
const minutes = Number(values.minutes ?? (values.runs === undefined ? MINUTES : Number.POSITIVE_INFINITY));
const endMs = performance.now() + minutes * 60_000;
if (values.planted) await findPlanted();
else await findOthers();

async function findOthers(): Promise<void> {
  const progress = opened();
  process.stdout.write(`seed ${progress.seed}\n`);
  for (const [name, { needs, runs }] of Object.entries(PARTS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const missing = needs?.missing();
    if (missing !== undefined) {
      process.stdout.write(`${name}: PASSED OVER, ${needs?.name}: ${missing}\n`);
      continue;
    }
    const isDone = await goThrough(name, await runs(Number(values.runs ?? 0), progress.seed), progress, endMs);
    if (progress.of(name).failed > 0) process.exitCode = 1;
    else if (!isDone) process.exitCode ??= STOPPED_EXIT;
  }
}

function opened(): Progress {
  try {
    return openProgress(values.state, values.seed === undefined ? undefined : Number(values.seed));
  } catch (error) {
    return refuseArguments((error as Error).message, USAGE);
  }
}

/** One run after the other. */
function each(one: (at: number) => Promise<readonly string[]>): Runs['make'] {
  return async (first, count) => {
    const wrong: string[] = [];
    for (let at = first; at < first + count; at++) wrong.push(...(await one(at)).map((line) => `run ${at}: ${line}`));
    return wrong;
  };
}

/** All runs of a group on one directory, which is looked at afterwards. */
function lives(live: (ends: number, seed: number) => Promise<string[]>, seed: number): Runs['make'] {
  return async (first, count) => {
    const wrong = await live(count, seed + first).catch((error: Error) => [`stopped: ${error.stack}`]);
    return wrong.length === 0 ? [] : [`of ${first} to ${first + count - 1}: ${wrong.join('; ')}`];
  };
}

async function logs(seed: number, count: number): Promise<string[]> {
  const clean = await verifyCleanLogs(count, seed);
  const random = createRandom(seed);
  const flips = await verifyFlips(count, () => random.below(2 ** 30) / 2 ** 30);
  return [
    ...Array.from({ length: clean }, () => `from ${seed}: a clean log is not called ok`),
    ...Array.from(
      { length: flips },
      () => `from ${seed}: a flipped bit is not noticed, or judged otherwise by the other verifier`,
    ),
  ];
}

async function calls(most: number): Promise<Runs> {
  const faults = await allLogFaults(most);
  return {
    total: faults.length,
    group: 1,
    make: async (at) => {
      const fault = faults[at];
      return fault ? (await faultyLog(fault)).map((line) => `${nameOf(fault)}: ${line}`) : [];
    },
  };
}

/** Each planted fault that failing calls can show must be found by one of them; damage and crashes are for the simulation. */
async function findPlanted(): Promise<void> {
  const all = await allLogFaults(Number(values.runs ?? 0));
  const faults = all
    .filter(({ call, lasting }) => ['write', 'fdatasync'].includes(call) && lasting === 'once')
    .sort((a, b) => a.when - b.when);
  for (const [name, planted] of Object.entries(PLANTED_FAULTS)) {
    if (planted.isSeenByCalls === false) {
      process.stdout.write(`a log that ${name}: not for calls to show, see tests/audit/simulation.test.ts\n`);
      continue;
    }
    const found = await firstFind(
      faults.filter(({ durability }) => durability === (planted.durability ?? 'strict')),
      await plantedModule(planted),
    );
    if (found === undefined) process.exitCode = 1;
    process.stdout.write(`a log that ${name}: ${found ? `found by ${found.slice(0, 200)}` : 'NOT FOUND'}\n`);
  }
  await rm(join(repositoryRoot, 'build', 'planted'), { recursive: true, force: true });
}

async function firstFind(faults: readonly LogFault[], module: string): Promise<string | undefined> {
  for (const fault of faults) {
    const [wrong] = await faultyLog(fault, module);
    if (wrong !== undefined) return `${nameOf(fault)}: ${wrong}`;
  }
  return undefined;
}
