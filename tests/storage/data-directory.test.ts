import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { logDirectory, prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { diskSpace } from '../../sidecar/storage/disk-space.js';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { temporaryDirectory } from './temporary.js';

test('a data directory is created for its owner alone, also below a group-writable mount', async (t) => {
  const mount = temporaryDirectory();
  chmodSync(mount, 0o777);
  const path = await prepareDataDirectory(join(mount, 'data'));
  t.is(statSync(path).mode & 0o777, 0o700);
  t.is(statSync(logDirectory(path)).mode & 0o777, 0o700);
  t.is(await prepareDataDirectory(path), path, 'and is accepted the next time');
});

const refuses = test.macro({
  exec: async (t, prepare: (path: string) => void, message: RegExp) => {
    const path = join(temporaryDirectory(), 'data');
    prepare(path);
    await t.throwsAsync(prepareDataDirectory(path), { code: 'JIMINI_CONFIG_INVALID', message });
  },
  title: (name = '') => `a data directory is refused when ${name}`,
});

const existing = (mode: number) => (path: string) => {
  mkdirSync(path);
  chmodSync(path, mode);
};
test('its group can write to it', refuses, existing(0o770), /mode 0770.*chmod go-w/);
test('everybody can write to it', refuses, existing(0o702), /mode 0702/);
test('it is a file', refuses, (path: string) => writeFileSync(path, ''), /is not a directory/);
test(
  'its parent is missing',
  refuses,
  (path: string) => rmSync(join(path, '..'), { recursive: true }),
  /create its parent/,
);

test('it is a link that leads nowhere', refuses, (path: string) => symlinkSync('nowhere', path), /^dataDir: .*ENOENT/);
test('it is a link to itself', refuses, (path: string) => symlinkSync('data', path), /^dataDir: .*ELOOP/);
test(
  'its log is a file',
  refuses,
  (path: string) => {
    mkdirSync(path);
    writeFileSync(join(path, 'log'), '');
  },
  /^dataDir: .*log is not a directory/,
);
test(
  'others can write to its log',
  refuses,
  (path: string) => {
    mkdirSync(path);
    existing(0o777)(join(path, 'log'));
  },
  /^dataDir: .*log is writable by others \(mode 0777\)/,
);
test(
  'its parent is a file',
  refuses,
  (path: string) => {
    rmSync(join(path, '..'), { recursive: true });
    writeFileSync(join(path, '..'), '');
  },
  /^dataDir: .*ENOTDIR.*: name a path that/,
);

if (process.getuid?.() === 0) {
  const foreign = (path: string) => {
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, 12_345, 12_345);
  };
  test('it belongs to another user', refuses, foreign, /belongs to user 12345/);
}

test('an instance that comes second is told that another one runs', async (t) => {
  const path = await prepareDataDirectory(join(temporaryDirectory(), 'data'));
  const store = createLevelLogStore(path);
  const handle = await store.open();
  await t.throwsAsync(store.open(), {
    code: 'JIMINI_STORE_LOCKED',
    message: /another instance runs on this data directory/,
  });
  await handle.close();
});

test('a database whose structure is damaged is refused with what to do', async (t) => {
  const path = await prepareDataDirectory(join(temporaryDirectory(), 'data'));
  const store = createLevelLogStore(path);
  await (await store.open()).close();
  for (const name of readdirSync(logDirectory(path)).filter((file) => file.startsWith('MANIFEST'))) {
    writeFileSync(join(logDirectory(path), name), 'not a manifest at all');
  }
  await t.throwsAsync(store.open(), { code: 'JIMINI_STORE_CORRUPT', message: /keep the directory as evidence/ });
});

test('the space of a file system is told in bytes', async (t) => {
  const { freeBytes, totalBytes } = await diskSpace(temporaryDirectory());
  t.true(freeBytes > 0 && freeBytes <= totalBytes);
});
