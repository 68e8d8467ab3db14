// npm run test:faults -- [seeds|logs|kills ...] [--runs N] [--seed N]   without a name: all of them
//   seeds  runs the log on a simulated disk that fails, one run for each seed from --seed on           10,000 runs
//   logs   verifies clean random logs, and logs with a flipped bit, by both verifiers                 100,000 runs
//   kills  kills a loaded sidecar, over TCP and a Unix socket in turn                                      50 runs
import * as own from '../../sidecar/audit/audit-log.js';
import { simulate } from '../audit/simulation/simulation.js';
import { readArguments, refuseArguments } from '../tools/arguments.js';
import { killNine } from './kill-nine.js';
import { verifyCleanLogs, verifyFlips } from './log-attacks.js';

const USAGE = 'npm run test:faults [-- [seeds|logs|kills ...] [--runs N] [--seed N]]';

/** Each gives whether all went well. */
const PARTS = { seeds: runSeeds, logs: attackLogs, kills: kill };
type Part = keyof typeof PARTS;

const { values, positionals } = readArguments({
  usage: USAGE,
  config: { allowPositionals: true, options: { runs: { type: 'string' }, seed: { type: 'string' } } },
  numbers: { runs: 1, seed: 0 },
});
const runs = values.runs === undefined ? undefined : Number(values.runs);
for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
  if (!(name in PARTS)) refuseArguments(`unknown part "${name}"`, USAGE);
  if (!(await PARTS[name as Part](runs))) process.exitCode = 1;
}

async function runSeeds(count = 10_000): Promise<boolean> {
  const first = Number(values.seed ?? 0);
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const wrong = await simulate(seed, own);
    if (wrong.length === 0) continue;
    failed++;
    process.stdout.write(`seed ${seed}: ${wrong.join('; ')}  FAILED, again with: seeds --seed ${seed} --runs 1\n`);
  }
  process.stdout.write(`${count - failed} simulated runs held, ${failed} did not\n`);
  return failed === 0;
}

async function attackLogs(count = 100_000): Promise<boolean> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`seed ${seed}\n`);
  const clean = await verifyCleanLogs(count, seed);
  const flips = await verifyFlips(count, Math.random);
  process.stdout.write(`${clean.verified} clean logs, ${clean.wrong} not called ok\n`);
  process.stdout.write(
    `${flips.verified} flipped bits, ${flips.wrong} not noticed or judged otherwise by the other verifier\n`,
  );
  return clean.wrong + flips.wrong === 0;
}

async function kill(count = 50): Promise<boolean> {
  let acknowledged = 0;
  let failed = 0;
  for (let run = 0; run < count; run++) {
    const transport = run % 2 === 0 ? 'tcp' : 'unix';
    const killAfterMs = 50 + Math.floor(Math.random() * 950);
    const result = await killNine({ transport, killAfterMs });
    const good =
      result.lost.length === 0 &&
      result.repeated.length === 0 &&
      // A kill may come between leaves and the checkpoint that covers them.
      [0, 3].includes(result.verifyAfterKill) &&
      result.verifyAfterRestart === 0;
    acknowledged += result.acknowledged;
    if (!good) failed++;
    process.stdout.write(
      `kill ${run + 1}/${count} over ${transport} after ${killAfterMs} ms: ${result.acknowledged} acknowledged, ${result.lost.length} lost, ` +
        `${result.repeated.length} repeated, verify ${result.verifyAfterKill} then ${result.verifyAfterRestart}${good ? '' : '  FAILED'}\n`,
    );
  }
  process.stdout.write(`${count - failed} kills survived, ${failed} not; ${acknowledged} decisions acknowledged\n`);
  return failed === 0;
}
