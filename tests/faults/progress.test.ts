import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../storage/temporary.js';
import { goThrough, openProgress } from './progress.js';

/** Runs that write down which of them were made; those of `failing` fail. */
function runsOf(total: number, made: number[], failing: ReadonlySet<number> = new Set()) {
  return {
    total,
    group: 3,
    make: async (first: number, count: number) => {
      const some = Array.from({ length: count }, (_, at) => first + at);
      made.push(...some);
      return some.filter((run) => failing.has(run)).map((run) => `run ${run}`);
    },
  };
}

test('runs that were ended go on where they were, with the same seed, and failures are kept', async (t) => {
  const file = join(temporaryDirectory(), 'state');
  const made: number[] = [];
  const first = openProgress(file, 7);
  t.true(await goThrough('part', runsOf(4, made, new Set([1])), first, Number.POSITIVE_INFINITY));
  const again = openProgress(file, undefined);
  t.is(again.seed, 7);
  t.true(await goThrough('part', runsOf(8, made), again, Number.POSITIVE_INFINITY));
  t.deepEqual(made, [0, 1, 2, 3, 4, 5, 6, 7]);
  t.deepEqual(again.of('part'), { done: 8, failed: 1 });
});

test('when the time is over the rest is not made, and does not count as done', async (t) => {
  const made: number[] = [];
  t.false(await goThrough('part', runsOf(5, made), openProgress(undefined, 1), performance.now()));
  t.deepEqual(made, []);
});

test('a state of another seed, or a file that is none, is refused', (t) => {
  const file = join(temporaryDirectory(), 'state');
  openProgress(file, 7).save();
  t.throws(() => openProgress(file, 8), { message: /is of seed 7/ });
  writeFileSync(file, '{"seed":"x"}');
  t.throws(() => openProgress(file, undefined), { message: /holds no state/ });
});
