import test from 'ava';
import { simulatePruning } from './simulation/prune-simulation.js';

const SEEDS = 25;

test('whatever the disk and the power do, only what is old and covered by a checkpoint goes, and in the end all of it', async (t) => {
  for (let seed = 0; seed < SEEDS; seed += 1) t.deepEqual(await simulatePruning(seed), [], `seed ${seed}`);
});
