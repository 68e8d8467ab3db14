import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { logDirectory } from '../../sidecar/storage/data-directory.js';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { storeError } from '../../sidecar/storage/store-error.js';
import { temporaryDataDirectory } from './temporary.js';

test('what LevelDB read from a replaced file is shown on one line, and cut', async (t) => {
  const dataDir = await temporaryDataDirectory();
  await (await createLevelLogStore(dataDir).open()).close();
  const directory = logDirectory(dataDir);
  t.true(readdirSync(directory).includes('CURRENT'));
  writeFileSync(join(directory, 'CURRENT'), `\u001b[2J\u202eevil\rjimini: all is well ${'x'.repeat(5000)}\n`);
  const error = await t.throwsAsync(createLevelLogStore(dataDir).open(), { code: 'JIMINI_STORE_UNAVAILABLE' });
  t.notRegex(error?.message ?? '', /[\p{Cc}\p{Cf}]/u);
  t.true((error?.message.length ?? 0) < directory.length + 300, error?.message);
});

test('whatever was thrown, there is a reason', (t) => {
  const inner = Object.assign(new Error('IO error: /tmp/copy/1.ldb: \u001b]0;x'), { code: 'LEVEL_IO_ERROR' });
  const reasons = [new Error('closed', { cause: inner }), new Error('plain'), 'text'].map(
    (thrown) => storeError(thrown, { location: '/tmp/copy', shownAs: '/d' }).message,
  );
  t.deepEqual(reasons, [
    '/d cannot be used: IO error: /d/1.ldb: \\u{1b}]0;x',
    '/d cannot be used: plain',
    '/d cannot be used: text',
  ]);
});
