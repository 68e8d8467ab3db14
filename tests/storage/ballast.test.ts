import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openBallast } from '../../sidecar/storage/ballast.js';
import { temporaryDirectory } from './temporary.js';

const BYTES = 4096;

test('what takes less room than a ballast, or room elsewhere, is replaced by one', async (t) => {
  const elsewhere = join(temporaryDirectory(), 'elsewhere');
  writeFileSync(elsewhere, Buffer.alloc(BYTES));
  for (const put of [
    (path: string) => writeFileSync(path, 'short'),
    (path: string) => symlinkSync(elsewhere, path),
    () => undefined,
  ]) {
    const dataDir = temporaryDirectory();
    put(join(dataDir, 'ballast'));
    const ballast = await openBallast(dataDir, BYTES);
    t.true(ballast.bytes < BYTES);
    await ballast.make();
    t.is(ballast.bytes, BYTES);
    t.is(lstatSync(join(dataDir, 'ballast')).size, BYTES);
    t.true(lstatSync(join(dataDir, 'ballast')).isFile());
  }
  t.is(lstatSync(elsewhere).size, BYTES);
});

test('a directory in the place of a ballast is left alone, and nothing is written beside it', async (t) => {
  const dataDir = temporaryDirectory();
  mkdirSync(join(dataDir, 'ballast'));
  await (await openBallast(dataDir, 1024 * BYTES)).make();
  t.deepEqual(readdirSync(dataDir), ['ballast']);
  t.true(lstatSync(join(dataDir, 'ballast')).isDirectory());
});
