import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { logDirectory, prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { diskSpace } from '../../sidecar/storage/disk-space.js';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { temporaryDataDirectory, temporaryDirectory } from './temporary.js';

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
test('everybody can write to it, and its group, by setgid', refuses, existing(0o2772), /mode 0772/);
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
  test('it belongs to another user', refuses, foreign, /belongs to user 12345.*one below it such as .*data\/data$/);
}

/** User 12345, whose groups are 12345 and, as fsGroup adds it, 23456. */
const POD_USER = ['--reuid', '12345', '--regid', '12345', '--groups', '23456'];
const moduleFile = fileURLToPath(new URL('../../sidecar/storage/data-directory.js', import.meta.url));
// Only root can become another user, who must be able to read the clone.
if (spawnSync('setpriv', [...POD_USER, 'test', '-r', moduleFile]).status === 0) {
  test('a pod of another user starts and starts again in a volume of its fsGroup', async (t) => {
    const mount = temporaryDirectory();
    chownSync(mount, 0, 23_456);
    chmodSync(mount, 0o2770);
    const path = join(mount, 'data');
    t.deepEqual(await prepareAsPod(path), { code: 0, stderr: '' });
    mountedWithFsGroup(path, 23_456);
    t.deepEqual(await prepareAsPod(path), { code: 0, stderr: '' });
    t.like(statSync(path), { uid: 12_345 });
    t.is(statSync(logDirectory(path)).mode & 0o777, 0o700);
    const atTheMount = await prepareAsPod(mount);
    t.not(atTheMount.code, 0);
    t.regex(atTheMount.stderr, /belongs to user 0, .*one below it such as/);
  });
}

/** Prepares the directory in a process of that user. */
async function prepareAsPod(path: string): Promise<{ code: number | null; stderr: string }> {
  const script = `await (await import(${JSON.stringify(moduleFile)})).prepareDataDirectory(${JSON.stringify(path)})`;
  const argv = [...POD_USER, process.execPath, '--input-type=module', '-e', script];
  // Coverage goes into a folder that this user cannot write to; Node hands the variable on where it is not set.
  const env = { ...process.env, NODE_V8_COVERAGE: '' };
  const child = spawn('setpriv', argv, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, stderr };
}

/** What the kubelet does to the directories of a volume of a pod with fsGroup (kubernetes, pkg/volume/volume_linux.go). */
function mountedWithFsGroup(path: string, group?: number): void {
  for (const directory of [path, logDirectory(path)]) {
    const { mode, uid } = statSync(directory);
    if (group !== undefined) chownSync(directory, uid, group);
    chmodSync(directory, (mode & 0o7777) | 0o2770);
  }
}

test('a data directory that fsGroup has opened to its group is closed again', async (t) => {
  const path = await prepareDataDirectory(join(temporaryDirectory(), 'data'));
  mountedWithFsGroup(path);
  t.is(statSync(path).mode & 0o777, 0o770);
  await prepareDataDirectory(path);
  for (const directory of [path, logDirectory(path)]) t.is(statSync(directory).mode & 0o777, 0o700);
});

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

test('a database that has lost its CURRENT is refused, and none of its files is removed', async (t) => {
  const path = await temporaryDataDirectory();
  const store = createLevelLogStore(path);
  await (await store.open()).close();
  rmSync(join(logDirectory(path), 'CURRENT'));
  const before = readdirSync(logDirectory(path));
  await t.throwsAsync(store.open(), { code: 'JIMINI_STORE_CORRUPT', message: /no CURRENT.*keep the directory/ });
  t.deepEqual(readdirSync(logDirectory(path)), before);
});

test('a start that was cut off while it made the database is made up for by the next one', async (t) => {
  const path = await temporaryDataDirectory();
  mkdirSync(join(path, 'log.new-abcdef'));
  for (const name of ['log.new-abcdef/MANIFEST-000001', 'log/LOCK']) writeFileSync(join(path, name), '');
  await (await createLevelLogStore(path).open()).close();
  t.deepEqual(readdirSync(path), ['log']);
});

test('the space of a file system is told in bytes', async (t) => {
  const { freeBytes, totalBytes } = await diskSpace(temporaryDirectory());
  t.true(freeBytes > 0 && freeBytes <= totalBytes);
});
