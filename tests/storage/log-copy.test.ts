import { readdirSync } from 'node:fs';
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
