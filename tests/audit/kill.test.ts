import test from 'ava';
import { killRuns } from './kill-runs.js';

test('after kill -9 in full work every acknowledged record is in the log, which goes on from its checkpoints, five times in a row', async (t) => {
  const { lost, status, entries, gaps, signed } = await killRuns(5);
  t.deepEqual(lost, []);
  t.true(['ok', 'unanchored'].includes(status), status);
  t.true(entries > 5 * 50);
  t.is(gaps, 0);
  t.true(signed >= 5 && signed <= entries, `${signed}`);
});

test('after kill -9 while old leaves are removed the log holds from where it begins, five times in a row', async (t) => {
  const { lost, status, gaps, firstSeq } = await killRuns(5, 'prune-child.js');
  t.deepEqual(lost, []);
  t.true(['ok', 'unanchored'].includes(status), status);
  t.is(gaps, 0);
  t.true(firstSeq > 0);
  t.is(firstSeq % 256, 0);
});
