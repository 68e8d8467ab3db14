// npm run test:faults -- [--only kills|power|calls] [--runs N] [--seed N]: kills a loaded sidecar N times, cuts its power N times, and
// makes the first N system calls of each kind fail. What a program is missing for is passed over, and said.
import { createRandom } from '../fuzz/random.js';
import { readArguments, refuseArguments } from '../tools/arguments.js';
import { type Requirement, strace } from '../tools/requirements.js';
import { allFaults, faultyCalls, nameOf } from './faulty-calls.js';
import { type Findings, isGood } from './findings.js';
import { killNine } from './kill-nine.js';
import { compiler, powerCuts } from './power-cut.js';

const usage = 'npm run test:faults [-- --only kills|power|calls --runs N --seed N]';
const { values } = readArguments({
  usage,
  config: { options: { runs: { type: 'string', default: '50' }, only: { type: 'string' }, seed: { type: 'string' } } },
  numbers: { runs: 1, seed: 0 },
});
const runs = Number(values.runs);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
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
  if (values.only !== undefined && values.only !== name) return;
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

if (!['kills', 'power', 'calls', undefined].includes(values.only)) refuseArguments(`--only ${values.only}`, usage);
process.stdout.write(`seed ${seed}\n`);
await kind('kills', kills);
await kind('power', power, compiler);
await kind('calls', calls, strace);
process.stdout.write(`${survived} faults survived, ${failed} not; ${acknowledged} decisions acknowledged\n`);
if (failed > 0) process.exitCode = 1;
