import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createEarlyMark } from '../../sidecar/storage/early-mark.js';
import { temporaryDirectory } from './temporary.js';

test('a mark is there until it is cleared, for whoever opens the directory', async (t) => {
  const dataDir = temporaryDirectory();
  t.is(await createEarlyMark(dataDir).read(), 0);
  await createEarlyMark(dataDir).set(12);
  t.is(await createEarlyMark(dataDir).read(), 12);
  await createEarlyMark(dataDir).clear();
  await createEarlyMark(dataDir).clear();
  t.is(await createEarlyMark(dataDir).read(), 0);
});

for (const [said, numbers] of [
  ['', LIMITS.earlyRecordsMax],
  ['-1\n', LIMITS.earlyRecordsMax],
  ['99999999999\n', LIMITS.earlyRecordsMax],
  ['9999\n', LIMITS.appendBatchMax],
] as const) {
  test(`a mark that says ${JSON.stringify(said)} stands for ${numbers} numbers`, async (t) => {
    const dataDir = temporaryDirectory();
    await writeFile(join(dataDir, 'early-answers'), said);
    t.is(await createEarlyMark(dataDir).read(), numbers);
  });
}

test('a mark that cannot be read is no absent one', async (t) => {
  const dataDir = temporaryDirectory();
  await mkdir(join(dataDir, 'early-answers'));
  await t.throwsAsync(createEarlyMark(dataDir).read(), { code: 'JIMINI_STORE_UNAVAILABLE' });
  await t.throwsAsync(createEarlyMark(dataDir).set(1), { code: 'JIMINI_STORE_UNAVAILABLE' });
});

test('a pipe in the place of a mark is not waited for, and stands for all numbers', async (t) => {
  const dataDir = temporaryDirectory();
  t.is(spawnSync('mkfifo', [join(dataDir, 'early-answers')]).status, 0);
  t.is(await createEarlyMark(dataDir).read(), LIMITS.earlyRecordsMax);
});
