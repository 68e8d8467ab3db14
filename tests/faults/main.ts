// npm run test:faults -- [--runs N]: kills a loaded sidecar N times, over TCP and a Unix socket in turn.
import { readArguments } from '../tools/arguments.js';
import { killNine } from './kill-nine.js';

const { values } = readArguments({
  usage: 'npm run test:faults [-- --runs N]',
  config: { options: { runs: { type: 'string', default: '50' } } },
  numbers: { runs: 1 },
});
const runs = Number(values.runs);
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
if (failed > 0) process.exitCode = 1;
