// npm run test:faults                  kills a loaded sidecar, over TCP and a Unix socket in turn              [--runs N]
// npm run test:faults -- logs          verifies clean random logs, and logs with a flipped bit, by both verifiers
//                                                                                                [--runs N] [--seed N]
import { readArguments } from '../tools/arguments.js';
import { killNine } from './kill-nine.js';
import { verifyCleanLogs, verifyFlips } from './log-attacks.js';

const { values, positionals } = readArguments({
  usage: 'npm run test:faults [-- logs] [--runs N] [--seed N]',
  config: { allowPositionals: true, options: { runs: { type: 'string' }, seed: { type: 'string' } } },
  numbers: { runs: 1, seed: 0 },
});
const isGood =
  positionals[0] === 'logs' ? await attackLogs(Number(values.runs ?? 100_000)) : await kill(Number(values.runs ?? 50));
if (!isGood) process.exitCode = 1;

async function attackLogs(runs: number): Promise<boolean> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`seed ${seed}\n`);
  const clean = await verifyCleanLogs(runs, seed);
  const flips = await verifyFlips(runs, Math.random);
  process.stdout.write(`${clean.verified} clean logs, ${clean.wrong} not called ok\n`);
  process.stdout.write(
    `${flips.verified} flipped bits, ${flips.wrong} not noticed or judged otherwise by the other verifier\n`,
  );
  return clean.wrong + flips.wrong === 0;
}

async function kill(runs: number): Promise<boolean> {
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
  return failed === 0;
}
