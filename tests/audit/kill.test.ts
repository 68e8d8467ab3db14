import test from 'ava';
import { killRuns } from './kill-runs.js';

test('after kill -9 in full work every acknowledged record is in the log, five times in a row', async (t) => {
  const { lost, status, entries } = await killRuns(5);
  t.deepEqual(lost, []);
  t.is(status, 'ok');
  t.true(entries > 5 * 50);
});
