// npm run test:faults -- [KIND] [--runs N] [--seed N], of one kind, or kills, power and calls one after the other:
//   kills   kills a loaded sidecar N times, over TCP and a Unix socket in turn
//   power   cuts its power N times; needs cc
//   calls   makes the first N system calls of each kind fail; needs strace
//   logs    verifies N clean random logs, and N logs with a flipped bit, by both verifiers
import { createRandom } from '../fuzz/random.js';
import { readArguments, refuseArguments } from '../tools/arguments.js';
import { type Requirement, strace } from '../tools/requirements.js';
import { allFaults, faultyCalls, nameOf } from './faulty-calls.js';
import { type Findings, isGood } from './findings.js';
import { killNine } from './kill-nine.js';
import { verifyCleanLogs, verifyFlips } from './log-attacks.js';
import { compiler, powerCuts } from './power-cut.js';

const KINDS = ['kills', 'power', 'calls', 'logs'];
const usage = `npm run test:faults [-- ${KINDS.join('|')}] [--runs N] [--seed N]`;
const { values, positionals } = readArguments({
  usage,
  config: { allowPositionals: true, options: { runs: { type: 'string' }, seed: { type: 'string' } } },
  numbers: { runs: 1, seed: 0 },
});
const [only] = positionals;
const runs = Number(values.runs ?? (only === 'logs' ? 100_000 : 50));
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const random = createRandom(seed);
let [survived, failed, acknowledged] = [0, 0, 0];

/** Counts what a fault left behind, and prints a line. */
function tell(name: string, findings: Findings, isFine: boolean, more = ''): void {
  acknowledged += findings.acknowledged;
  if (isFine) survived++;
  else failed++;
  const { lost, repeated, discontinuities, verified } = findings;
  process.stdout.write(
    `${name}: ${findings.acknowledged} acknowledged, ${lost.length} lost, ${repeated.length} repeated, ${discontinuities.length} discontinuities, ` +
      `verify ${verified}${more}${isFine ? '' : `  FAILED ${JSON.stringify(findings)}`}\n`,
  );
}

/** Runs one kind of faults, unless something for it is missing or another kind is asked for. */
async function kind(name: string, run: () => Promise<void>, requirement?: Requirement): Promise<void> {
  if (only === undefined ? name === 'logs' : only !== name) return;
  const missing = requirement?.missing();
  if (missing !== undefined) process.stdout.write(`${name} passed over: ${requirement?.name}: ${missing}\n`);
  else await run();
}

async function kills(): Promise<void> {
  for (let run = 0; run < runs; run++) {
    const transport = run % 2 === 0 ? 'tcp' : 'unix';
    const killAfterMs = 50 + random.below(950);
    const result = await killNine({ transport, killAfterMs });
    const isFine = isGood(result) && [0, 3].includes(result.verifiedAfterKill);
    const name = `kill ${run + 1}/${runs} over ${transport} after ${killAfterMs} ms`;
    tell(name, result, isFine, `, ${result.verifiedAfterKill} before the start`);
  }
}

async function power(): Promise<void> {
  for (let run = 0; run < runs; run++) {
    const cutsAfterMs = [1, 2, 3].map(() => 50 + random.below(950));
    const result = await powerCuts({ cutsAfterMs, random });
    tell(`power ${run + 1}/${runs} cut after ${cutsAfterMs.join(', ')} ms`, result, isGood(result));
  }
}

async function calls(): Promise<void> {
  for (const fault of allFaults(runs)) {
    const result = await faultyCalls(fault);
    const isFine = isGood(result) && result.service !== 'stuck';
    tell(nameOf(fault), result, isFine, `, ${result.isHit ? result.service : 'not reached'}`);
  }
}

async function logs(): Promise<void> {
  const clean = await verifyCleanLogs(runs, seed);
  const flips = await verifyFlips(runs, Math.random);
  process.stdout.write(`${clean.verified} clean logs, ${clean.wrong} not called ok\n`);
  process.stdout.write(
    `${flips.verified} flipped bits, ${flips.wrong} not noticed or judged otherwise by the other verifier\n`,
  );
  failed += clean.wrong + flips.wrong;
}

if (only !== undefined && !KINDS.includes(only)) refuseArguments(`unknown kind "${only}"`, usage);
process.stdout.write(`seed ${seed}\n`);
await kind('kills', kills);
await kind('power', power, compiler);
await kind('calls', calls, strace);
await kind('logs', logs);
if (only !== 'logs') {
  process.stdout.write(`${survived} faults survived, ${failed} not; ${acknowledged} decisions acknowledged\n`);
}
if (failed > 0) process.exitCode = 1;
