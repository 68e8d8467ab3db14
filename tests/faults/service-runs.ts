import { createRandom } from '../fuzz/random.js';
import { ownTmpfs, strace } from '../tools/requirements.js';
import { allFaults, faultyCalls, nameOf } from './faulty-calls.js';
import { type Findings, isGood } from './findings.js';
import { killNine } from './kill-nine.js';
import { powerCuts } from './power-cut.js';
import { compiler } from './preloaded.js';
import type { Runs } from './progress.js';
import { clockJumps, fullDisk, readOnlyDisk, secondProcess } from './scenarios.js';

/** One run of a whole sidecar: gives what is wrong. */
type ServiceRun = () => Promise<readonly string[]>;

/** Everything that is done to a whole sidecar, `times` over. What this machine cannot do is said and left out. */
export function serviceRuns(times: number, seed: number): Runs {
  const all = Array.from({ length: times }, (_, at) => runsOf(at, seed + at)).flat();
  return {
    total: all.length,
    group: 1,
    make: async (at) => (await all[at]?.().catch((error: Error) => [`run ${at} stopped: ${error.stack}`])) ?? [],
  };
}

function runsOf(at: number, seed: number): ServiceRun[] {
  const random = createRandom(seed);
  const killAfterMs = 50 + random.below(950);
  const cutsAfterMs = [50 + random.below(950), 50 + random.below(950)];
  const transport = random.oneIn(2) ? 'tcp' : 'unix';
  return [
    ...unless(ownTmpfs.missing(), readOnlyDisk, fullDisk, secondProcess),
    ...unless(compiler.missing(), clockJumps),
    async () => {
      const result = await killNine({ transport, killAfterMs });
      const isFine = [0, 3].includes(result.verifiedAfterKill);
      const name = `kill over ${transport} after ${killAfterMs} ms`;
      return [
        ...wrongOf(name, result),
        ...(isFine ? [] : [`${name}: verify ${result.verifiedAfterKill} before the start`]),
      ];
    },
    ...unless(compiler.missing(), async () =>
      wrongOf(`power cut after ${cutsAfterMs.join(', ')} ms`, await powerCuts({ cutsAfterMs, random })),
    ),
    ...unless(
      strace.missing(),
      ...allFaults(at + 1)
        .filter(({ when }) => when === at + 1)
        .map(
          (fault): ServiceRun =>
            async () => {
              const result = await faultyCalls(fault);
              return [
                ...wrongOf(nameOf(fault), result),
                ...(result.service === 'stuck' ? [`${nameOf(fault)}: it is stuck`] : []),
              ];
            },
        ),
    ),
  ];
}

function unless(missing: string | undefined, ...runs: ServiceRun[]): ServiceRun[] {
  if (missing === undefined) return runs;
  process.stdout.write(`service: PASSED OVER ${runs.length} runs: ${missing}\n`);
  return [];
}

function wrongOf(name: string, findings: Findings): string[] {
  return isGood(findings) ? [] : [`${name}: ${JSON.stringify(findings)}`];
}
