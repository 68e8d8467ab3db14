// npm run test:faults -- [--runs N] [--seeds N] [--seed S]: simulated runs of the log, one of each seed from S on; then kills of a
// loaded sidecar, over TCP and a Unix socket in turn.
import * as own from '../../sidecar/audit/audit-log.js';
import { simulate } from '../audit/simulation/simulation.js';
import { readArguments } from '../tools/arguments.js';
import { killNine } from './kill-nine.js';

const { values } = readArguments({
  usage: 'npm run test:faults [-- [--runs N] [--seeds N] [--seed S]]',
  config: {
    options: {
      runs: { type: 'string', default: '50' },
      seeds: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '0' },
    },
  },
  numbers: { runs: 0, seeds: 0, seed: 0 },
});

if ((await runSeeds(Number(values.seed), Number(values.seeds))) + (await runKills(Number(values.runs))) > 0) {
  process.exitCode = 1;
}

/** Gives how many seeds found something, and tells how to see it again. */
async function runSeeds(first: number, count: number): Promise<number> {
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const wrong = await simulate(seed, own);
    if (wrong.length > 0) {
      failed++;
      process.stdout.write(`seed ${seed}: ${wrong.join('; ')}  FAILED, again with --seed ${seed} --seeds 1 --runs 0\n`);
    }
  }
  process.stdout.write(`${count - failed} simulated runs held, ${failed} did not\n`);
  return failed;
}

/** Gives how many kills were not survived. */
async function runKills(runs: number): Promise<number> {
  let acknowledged = 0;
  let failed = 0;
  for (let run = 0; run < runs; run++) {
    const transport = run % 2 === 0 ? 'tcp' : 'unix';
    const killAfterMs = 50 + Math.floor(Math.random() * 950);
    const result = await killNine({ transport, killAfterMs });
    const good =
      result.lost.length === 0 &&
      result.repeated.length === 0 &&
      [0, 3].includes(result.verifyAfterKill) &&
      result.verifyAfterRestart === 0;
    acknowledged += result.acknowledged;
    if (!good) failed++;
    process.stdout.write(
      `kill ${run + 1}/${runs} over ${transport} after ${killAfterMs} ms: ${result.acknowledged} acknowledged, ${result.lost.length} lost, ` +
        `${result.repeated.length} repeated, verify ${result.verifyAfterKill} then ${result.verifyAfterRestart}${good ? '' : '  FAILED'}\n`,
    );
  }
  process.stdout.write(`${runs - failed} kills survived, ${failed} not; ${acknowledged} decisions acknowledged\n`);
  return failed;
}
