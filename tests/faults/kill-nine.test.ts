import test from 'ava';
import { isGood } from './findings.js';
import { killNine } from './kill-nine.js';

/** `npm run test:faults` runs more of these; here a few show that it holds. */
const KILLS = [
  { transport: 'tcp', killAfterMs: 150 },
  { transport: 'unix', killAfterMs: 300 },
] as const;

for (const kill of KILLS) {
  test.serial(
    `every decision acknowledged over ${kill.transport} is in the log after kill -9 at ${kill.killAfterMs} ms`,
    async (t) => {
      const result = await killNine(kill);
      t.true(result.acknowledged > 0, 'the load must have been answered before the kill');
      t.true(isGood(result), JSON.stringify(result));
      t.true([0, 3].includes(result.verifiedAfterKill), 'leaves of the last second may not be signed');
    },
  );
}
