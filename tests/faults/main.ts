// npm run test:faults -- [seeds|logs|kills|power|calls ...] [--runs N] [--seed N]   without a name: all of them
//   seeds  runs the log on a simulated disk that fails, one run for each seed from --seed on           10,000 runs
//   logs   verifies clean random logs, and logs with a flipped bit, by both verifiers                 100,000 runs
//   kills  kills a loaded sidecar, over TCP and a Unix socket in turn                                      50 runs
//   power  cuts the power of a loaded sidecar (needs cc)                                                   50 runs
//   calls  makes the first N system calls of each kind fail (needs strace)                                  5 runs
import * as own from '../../sidecar/audit/audit-log.js';
import { simulate } from '../audit/simulation/simulation.js';
import { createRandom } from '../fuzz/random.js';
import { readArguments, refuseArguments } from '../tools/arguments.js';
import { type Requirement, strace } from '../tools/requirements.js';
import { allFaults, faultyCalls, nameOf } from './faulty-calls.js';
import { type Findings, isGood } from './findings.js';
import { killNine } from './kill-nine.js';
import { verifyCleanLogs, verifyFlips } from './log-attacks.js';
import { compiler, powerCuts } from './power-cut.js';

const USAGE = 'npm run test:faults [-- [seeds|logs|kills|power|calls ...] [--runs N] [--seed N]]';

interface Part {
  readonly runs: number;
  readonly needs?: Requirement;
  /** Gives how many runs went wrong. */
  readonly run: (runs: number) => Promise<number>;
}

const PARTS: Readonly<Record<string, Part>> = {
  seeds: { runs: 10_000, run: seeds },
  logs: { runs: 100_000, run: logs },
  kills: { runs: 50, run: kills },
  power: { runs: 50, run: power, needs: compiler },
  calls: { runs: 5, run: calls, needs: strace },
};

const { values, positionals } = readArguments({
  usage: USAGE,
  config: { allowPositionals: true, options: { runs: { type: 'string' }, seed: { type: 'string' } } },
  numbers: { runs: 1, seed: 0 },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const random = createRandom(seed);
const unknown = positionals.find((name) => !(name in PARTS));
if (unknown !== undefined) refuseArguments(`unknown part "${unknown}"`, USAGE);
process.stdout.write(`seed ${seed}\n`);
for (const [name, { runs, needs, run }] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const missing = needs?.missing();
  if (missing !== undefined) {
    process.stdout.write(`${name}: passed over, ${needs?.name}: ${missing}\n`);
    continue;
  }
  const failed = await run(Number(values.runs ?? runs));
  process.stdout.write(`${name}: ${failed === 0 ? 'all held' : `${failed} FAILED`}\n`);
  if (failed > 0) process.exitCode = 1;
}

async function seeds(runs: number): Promise<number> {
  const first = Number(values.seed ?? 0);
  let failed = 0;
  for (let at = first; at < first + runs; at++) {
    const wrong = await simulate(at, own);
    if (wrong.length === 0) continue;
    failed++;
    process.stdout.write(`seed ${at}: ${wrong.join('; ')}  FAILED, again with: seeds --seed ${at} --runs 1\n`);
  }
  process.stdout.write(`${runs} simulated runs\n`);
  return failed;
}

async function logs(runs: number): Promise<number> {
  const clean = await verifyCleanLogs(runs, seed);
  const flips = await verifyFlips(runs, Math.random);
  process.stdout.write(
    `${clean.verified} clean logs, ${clean.wrong} not called ok; ${flips.verified} flipped bits, ${flips.wrong} not noticed or judged ` +
      'otherwise by the other verifier\n',
  );
  return clean.wrong + flips.wrong;
}

async function kills(runs: number): Promise<number> {
  let failed = 0;
  for (let run = 0; run < runs; run++) {
    const transport = run % 2 === 0 ? 'tcp' : 'unix';
    const killAfterMs = 50 + random.below(950);
    const result = await killNine({ transport, killAfterMs });
    // A kill may come between leaves and the checkpoint that covers them.
    const isFine = isGood(result) && [0, 3].includes(result.verifiedAfterKill);
    const name = `kill ${run + 1}/${runs} over ${transport} after ${killAfterMs} ms`;
    failed += tell(name, result, isFine, `, ${result.verifiedAfterKill} before the start`);
  }
  return failed;
}

async function power(runs: number): Promise<number> {
  let failed = 0;
  for (let run = 0; run < runs; run++) {
    const cutsAfterMs = [1, 2, 3].map(() => 50 + random.below(950));
    const result = await powerCuts({ cutsAfterMs, random });
    failed += tell(`power ${run + 1}/${runs} cut after ${cutsAfterMs.join(', ')} ms`, result, isGood(result));
  }
  return failed;
}

async function calls(runs: number): Promise<number> {
  let failed = 0;
  for (const fault of allFaults(runs)) {
    const result = await faultyCalls(fault);
    const isFine = isGood(result) && result.service !== 'stuck';
    failed += tell(nameOf(fault), result, isFine, `, ${result.isHit ? result.service : 'not reached'}`);
  }
  return failed;
}

/** Prints a line on what a fault left behind; 1 when it is not as it should be. */
function tell(name: string, findings: Findings, isFine: boolean, more = ''): number {
  const { acknowledged, lost, repeated, discontinuities, verified } = findings;
  process.stdout.write(
    `${name}: ${acknowledged} acknowledged, ${lost.length} lost, ${repeated.length} repeated, ${discontinuities.length} discontinuities, ` +
      `verify ${verified}${more}${isFine ? '' : `  FAILED ${JSON.stringify(findings)}`}\n`,
  );
  return isFine ? 0 : 1;
}
