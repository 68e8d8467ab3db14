import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { KeyringFile } from '../../sidecar/storage/keyring/keyring-file.js';

async function temporary(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'jimini-keyring-')), 'keyring');
}

async function files(directory: string): Promise<Record<string, Buffer>> {
  const names = await readdir(directory);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name))])),
  );
}

async function restore(content: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const directory = await temporary();
  await mkdir(directory);
  for (const [name, bytes] of Object.entries(content)) await writeFile(join(directory, name), bytes);
  return directory;
}

async function keysIn(directory: string): Promise<Record<string, string>> {
  const keyring = await KeyringFile.open(directory);
  const keys = Object.fromEntries(
    Array.from(keyring.ids(), (id) => [id, Buffer.from(keyring.get(id) as Uint8Array).toString('hex')]),
  );
  await keyring.close();
  return keys;
}

const unavailable = { code: 'JIMINI_KEYRING_UNAVAILABLE' };

test('a key that was obtained is the same after a restart, and each has its own', async (t) => {
  const directory = await temporary();
  const keyring = await KeyringFile.open(directory);
  const ids = Array.from({ length: 50 }, (_, i) => `subject/${i}`);
  const made = await Promise.all([...ids, ...ids].map((id) => keyring.obtain(id)));
  t.is(new Set(made.map((key) => Buffer.from(key).toString('hex'))).size, 50);
  t.true(made.every((key) => key.length === 32));
  await keyring.close();
  const found = await keysIn(directory);
  t.deepEqual(
    Object.values(found).toSorted(),
    [...new Set(made.map((k) => Buffer.from(k).toString('hex')))].toSorted(),
  );
});

test('files of a keyring are for their owner alone and hold no key in the open', async (t) => {
  const directory = await temporary();
  const keyring = await KeyringFile.open(directory);
  const key = Buffer.from(await keyring.obtain('day/2026-01-01'));
  await keyring.close();
  t.is((await stat(directory)).mode & 0o777, 0o700);
  for (const [name, bytes] of Object.entries(await files(directory))) {
    t.is((await stat(join(directory, name))).mode & 0o777, 0o600, name);
    t.false(bytes.includes(key), name);
    t.false(bytes.includes(key.toString('base64')), name);
  }
});

test('files that were opened to a group are closed again', async (t) => {
  const directory = await temporary();
  await (await KeyringFile.open(directory)).close();
  const paths = (await readdir(directory)).map((name) => join(directory, name));
  for (const path of paths) await chmod(path, 0o660);
  await (await KeyringFile.open(directory)).close();
  t.deepEqual(await Promise.all(paths.map(async (path) => (await stat(path)).mode & 0o777)), [0o600, 0o600]);
});

test('an emptied keyring that had keys is not written over, while the start that made it may be begun again', async (t) => {
  const directory = await temporary();
  await (await KeyringFile.open(directory)).close();
  await writeFile(join(directory, 'keys-a'), '');
  const before = await files(directory);
  await t.throwsAsync(KeyringFile.open(directory, true), {
    ...unavailable,
    message: /it has files, and no keys in them/,
  });
  t.deepEqual(await files(directory), before);
  await (await KeyringFile.open(directory)).close();
  t.deepEqual(await keysIn(directory), {});
  await (await KeyringFile.open(await temporary(), true)).close();
});

test('a keyring that was cut anywhere in what was added last has all that was there before', async (t) => {
  const directory = await temporary();
  const keyring = await KeyringFile.open(directory);
  await keyring.obtain('subject/first');
  const before = await files(directory);
  await keyring.obtain('subject/second');
  await keyring.close();
  const after = await files(directory);
  const [whole, earlier] = [after['keys-a'] as Buffer, before['keys-a'] as Buffer];
  for (let length = earlier.length; length <= whole.length; length++) {
    const cut = await restore({ ...after, 'keys-a': whole.subarray(0, length) });
    const found = Object.keys(await keysIn(cut));
    t.deepEqual(found, length === whole.length ? ['subject/first', 'subject/second'] : ['subject/first']);
    const again = await KeyringFile.open(cut);
    await again.obtain('subject/third');
    await again.close();
    t.true('subject/third' in (await keysIn(cut)));
  }
});

test('a first file that was cut while it was being made is made anew', async (t) => {
  const directory = await temporary();
  await (await KeyringFile.open(directory)).close();
  const made = await files(directory);
  const whole = made['keys-a'] as Buffer;
  for (let length = 0; length < whole.length; length++) {
    t.deepEqual(await keysIn(await restore({ ...made, 'keys-a': whole.subarray(0, length) })), {});
  }
});

test('what is destroyed is gone from every file, the others stay, and an old image opens nothing', async (t) => {
  const directory = await temporary();
  const keyring = await KeyringFile.open(directory);
  for (const id of ['subject/a', 'subject/b', 'day/2026-01-01']) await keyring.obtain(id);
  const before = await keysIn(await restore(await files(directory)));
  const image = await files(directory);
  await keyring.destroy(['subject/a', 'subject/nobody']);
  t.is(keyring.get('subject/a'), undefined);
  await keyring.obtain('subject/c');
  await keyring.close();
  const after = await files(directory);
  t.deepEqual(Object.keys(after).toSorted(), ['keys-b', 'keys-b.master']);
  const left = await keysIn(directory);
  t.deepEqual(Object.keys(left).toSorted(), ['day/2026-01-01', 'subject/b', 'subject/c']);
  t.is(left['subject/b'], before['subject/b']);
  t.false(Object.values(after).some((bytes) => bytes.includes('subject/a')));
  // The old file of keys, from a backup, with all that is still there.
  const old = await restore({ 'keys-a': image['keys-a'] as Buffer, 'keys-a.master': after['keys-b.master'] as Buffer });
  await t.throwsAsync(KeyringFile.open(old), unavailable);
});

test('a destruction that a crash ended at any byte leaves the keyring before or after it, and it goes on', async (t) => {
  const directory = await temporary();
  const keyring = await KeyringFile.open(directory);
  for (const id of ['subject/a', 'subject/b', 'subject/c']) await keyring.obtain(id);
  const before = await files(directory);
  await keyring.destroy(['subject/a']);
  await keyring.close();
  const after = await files(directory);
  const whole = after['keys-b'] as Buffer;
  for (let length = 0; length <= whole.length; length += length < whole.length - 8 ? 7 : 1) {
    const cut = await restore({ ...before, ...after, 'keys-b': whole.subarray(0, length) });
    const found = Object.keys(await keysIn(cut)).toSorted();
    const isAfter = length === whole.length;
    t.deepEqual(found, isAfter ? ['subject/b', 'subject/c'] : ['subject/a', 'subject/b', 'subject/c']);
    t.is(Object.keys(await files(cut)).length, 2);
    const again = await KeyringFile.open(cut);
    await again.destroy(['subject/b']);
    await again.close();
    t.false('subject/b' in (await keysIn(cut)));
  }
});

test('a changed bit is either found or changes no key', async (t) => {
  const directory = await temporary();
  const keyring = await KeyringFile.open(directory);
  for (const id of ['subject/a', 'subject/b']) await keyring.obtain(id);
  await keyring.destroy(['subject/a']);
  await keyring.close();
  const content = await files(directory);
  const expected = await keysIn(await restore(content));
  let found = 0;
  for (const [name, bytes] of Object.entries(content)) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const keys = await keysIn(await restore({ ...content, [name]: changed })).catch(() => undefined);
      if (keys === undefined) found += 1;
      else t.deepEqual(keys, expected, `${name}, bit ${bit}`);
    }
  }
  t.true(found > 500);
});

test('a keyring without its master key, or with another one, does not open and says what to do', async (t) => {
  const directory = await temporary();
  const keyring = await KeyringFile.open(directory);
  await keyring.obtain('subject/a');
  await keyring.close();
  const content = await files(directory);
  const { 'keys-a.master': _, ...without } = content;
  for (const broken of [
    without,
    { ...content, 'keys-a.master': Buffer.alloc(32) },
    { ...content, 'keys-a.master': Buffer.alloc(3) },
  ]) {
    const error = await t.throwsAsync(KeyringFile.open(await restore(broken)), unavailable);
    t.regex(error.message, /keys-a: the master key.*restore it from a backup/);
  }
});

test('after a write that failed nothing more is promised', async (t) => {
  const keyring = await KeyringFile.open(await temporary());
  await keyring.obtain('subject/a');
  await keyring.close();
  await t.throwsAsync(keyring.obtain('subject/b'), unavailable);
  await t.throwsAsync(keyring.destroy(['subject/a']), unavailable);
  t.is(keyring.get('subject/b'), undefined);
  t.truthy(keyring.get('subject/a'));
});

test('what could not be opened, or made, leaves no file open', async (t) => {
  const openFiles = async (directory: string) => {
    const names = await readdir('/proc/self/fd').catch(() => []);
    const paths = await Promise.all(names.map((name) => readlink(join('/proc/self/fd', name)).catch(() => '')));
    return paths.filter((path) => path.startsWith(directory));
  };
  const directory = await temporary();
  const keyring = await KeyringFile.open(directory);
  t.is((await openFiles(directory)).length, process.platform === 'linux' ? 1 : 0);
  await keyring.close();
  await mkdir(join(directory, 'keys-b.master'));
  await t.throwsAsync(KeyringFile.open(directory), { code: 'JIMINI_KEYRING_UNAVAILABLE' });
  t.deepEqual(await openFiles(directory), []);
});

test('an id that no keyring takes is refused', async (t) => {
  const keyring = await KeyringFile.open(await temporary());
  for (const id of ['', 'subject', 'subject/', 'Subject/a', 'subject/a b', 'subject/é', `subject/${'x'.repeat(129)}`]) {
    await t.throwsAsync(keyring.obtain(id), { code: 'JIMINI_INVALID_ARGUMENT' });
  }
  await keyring.close();
});
