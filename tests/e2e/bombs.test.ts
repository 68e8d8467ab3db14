import test from 'ava';
import { BOMBS, type BombResult, explode } from '../fuzz/bombs.js';

/** What V8 keeps of large bodies for the next ones; it is in no hurry to give it back. */
const KEPT_MIB_MAX = 256;
/** The gap that names each; what unpacks too far is `coding:too_large`. */
const NAMES: Readonly<Record<string, string>> = {
  'a million open arrays': 'json:depth',
  'a million open objects': 'json:depth',
  'a million strings': 'json:too_many_segments',
  'a million lines of JSON': 'json:malformed',
  'a million fields of a form': 'json:too_many_segments',
};

// Those that take seconds are for `npm run fuzz -- bombs`: beside other tests a worker that gives way would be late with
// them. tests/content/hostile.test.ts reads them.
const QUICK = BOMBS.filter(({ isLong }) => !isLong);

test('every bomb is denied by its name, and memory comes back', async (t) => {
  const results: BombResult[] = [];
  const { beforeMiB: before } = await explode(QUICK, 1, (result) => results.push(result));
  for (const { title, verdict, gaps } of results) {
    t.deepEqual([title, verdict, gaps[0]], [title, 'BLOCK', NAMES[title] ?? 'coding:too_large']);
  }
  t.is(results.length, QUICK.length);
  const kept = (results.at(-1)?.afterMiB ?? Number.NaN) - before;
  t.true(kept < KEPT_MIB_MAX, `${kept} MiB more than before`);
});
