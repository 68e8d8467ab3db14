import test from 'ava';
import { createSignedRuns } from '../audit/signed-runs.js';

/** A log of one run whose checkpoint a witness cosigned, and what is left when all of it but that is set back. */
async function cosignedRun() {
  const runs = createSignedRuns();
  await runs.run(10);
  runs.files.cosigned = runs.files.newest;
  return { runs, size: runs.store().disk.length };
}

const gapsOf = (leaves: readonly Record<string, unknown>[]) => leaves.filter(({ kind }) => kind === 'gap');

test('where the signed checkpoint is lost, the one that was cosigned stands for it', async (t) => {
  const { runs } = await cosignedRun();
  runs.files.newest = undefined;
  t.deepEqual(gapsOf(await runs.run(1)), []);
});

test('a log with fewer leaves than were cosigned has one gap, whatever its own checkpoint says', async (t) => {
  const { runs, size } = await cosignedRun();
  runs.files.newest = undefined;
  await runs.replace(runs.store().disk.slice(0, 5));
  t.like(gapsOf(await runs.run(1)), [{ reason: 'log_shorter', recovered_size: 5, signed_size: size }]);
  t.is(runs.files.cosigned?.length, 0, 'it is forgotten: a witness saw it under a key that signs nothing any more');
  t.deepEqual(gapsOf(await runs.run(1)), []);
});

test('a start that is killed before the new key has signed finds the gap again', async (t) => {
  const { runs, size } = await cosignedRun();
  const before = { newest: runs.files.newest, cosigned: runs.files.cosigned };
  await runs.replace(runs.store().disk.slice(0, 5));
  await runs.run(0);
  Object.assign(runs.files, before, { cosigned: Buffer.alloc(0) });
  t.like(gapsOf(await runs.run(1)), [{ signed_size: size }]);
});

test('a cosigned checkpoint that no key of the log signed is none', async (t) => {
  const { runs } = await cosignedRun();
  const other = createSignedRuns();
  await other.run(50);
  runs.files.cosigned = other.files.newest;
  t.deepEqual(gapsOf(await runs.run(1)), []);
  runs.files.cosigned = Buffer.from('garbage');
  t.deepEqual(gapsOf(await runs.run(1)), []);
});
