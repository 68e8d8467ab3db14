import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { openLogCopy } from '../../sidecar/storage/log-copy.js';
import { temporaryDataDirectory, temporaryDirectory } from './temporary.js';

test('whoever must end while a copy is made can remove what there is of it', async (t) => {
  const dataDir = await temporaryDataDirectory();
  await (await createLevelLogStore(dataDir).open()).close();
  process.env['TMPDIR'] = temporaryDirectory();
  const left: string[][] = [];
  const copying = openLogCopy(dataDir, (removeSync) => {
    left.push(readdirSync(process.env['TMPDIR'] ?? ''));
    removeSync();
    left.push(readdirSync(process.env['TMPDIR'] ?? ''));
  });
  await t.throwsAsync(copying, { code: 'JIMINI_STORE_UNAVAILABLE' }, 'it was removed under our feet');
  t.regex(left[0]?.[0] ?? '', /^jimini-log-/);
  t.deepEqual(left[1], []);
  t.deepEqual(readdirSync(process.env['TMPDIR'] ?? ''), []);
});

for (const { name, lose, code } of [
  { name: 'CURRENT is gone', lose: ['log/CURRENT'], code: 'JIMINI_STORE_CORRUPT' },
  { name: 'the folder of the database is gone, and a checkpoint is left', lose: ['log'], code: 'JIMINI_STORE_CORRUPT' },
  { name: 'nothing says that it was ever there', lose: ['log', 'checkpoint.b'], code: 'JIMINI_USAGE' },
]) {
  test(`a log of which ${name} is ${code}`, async (t) => {
    const dataDir = await temporaryDataDirectory();
    await (await createLevelLogStore(dataDir).open()).close();
    writeFileSync(join(dataDir, 'checkpoint.b'), '');
    for (const path of lose) rmSync(join(dataDir, path), { recursive: true });
    await t.throwsAsync(openLogCopy(dataDir), { code });
  });
}

// Before the others: one of them counts the copies in the folder for temporary files.
test.serial('a log that a start was about to put back when it was ended is read where it lies', async (t) => {
  const dataDir = await temporaryDataDirectory();
  await (await createLevelLogStore(dataDir).open()).close();
  writeFileSync(join(dataDir, 'checkpoint.b'), '');
  renameSync(join(dataDir, 'log'), join(dataDir, 'log.before'));
  const copy = await openLogCopy(dataDir);
  t.deepEqual(await copy.log.lastRows(1), []);
  await copy.remove();
});
