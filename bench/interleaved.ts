import { cpuMicrosPerCall } from './cpu.js';

/** Long enough for CPU clocks that tick in hundredths of a second. */
const BATCH_MS = 150;
const WARM_UP_MS = 300;

/** CPU time of one call of each, microseconds, per round; a noisy neighbour hits all of a round. */
export function interleaved(rounds: number, calls: readonly (() => void)[]): number[][] {
  for (const call of calls) cpuMicrosPerCall(call, WARM_UP_MS);
  const micros = calls.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    calls.forEach((call, i) => {
      micros[i]?.push(cpuMicrosPerCall(call, BATCH_MS));
    });
  }
  return micros;
}
