import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createKeyFile, readKeyFile } from '../../sidecar/storage/key-file.js';
import { temporaryDirectory } from './temporary.js';

const REFUSED = { code: 'JIMINI_CONFIG_INVALID' };
const modeOf = (path: string) => statSync(path).mode & 0o777;

async function someKey(): Promise<string> {
  const path = join(temporaryDirectory(), 'key.pem');
  await createKeyFile(path);
  return path;
}

test('a new key is for its owner only, and read again it is the same', async (t) => {
  const directory = temporaryDirectory();
  const path = join(directory, 'key.pem');
  t.is(await readKeyFile(path), undefined);
  const key = await createKeyFile(path);
  t.is(modeOf(path), 0o600);
  t.true((await readKeyFile(path))?.equals(key));
  t.deepEqual(readdirSync(directory), ['key.pem']);
});

test('a key is never written over', async (t) => {
  const path = await someKey();
  const before = readFileSync(path);
  await t.throwsAsync(createKeyFile(path), { ...REFUSED, message: /cannot be created \(EEXIST\)/ });
  t.deepEqual(readFileSync(path), before);
  t.deepEqual(readdirSync(join(path, '..')), ['key.pem']);
  await t.throwsAsync(createKeyFile('/nonexistent/key.pem'), REFUSED);
});

test('what a crash left of a key that was being written does no harm', async (t) => {
  const path = join(temporaryDirectory(), 'key.pem');
  writeFileSync(`${path}.partial`, 'half a key');
  t.is(await readKeyFile(path), undefined);
  await createKeyFile(path);
  t.truthy(await readKeyFile(path));
  t.deepEqual(readdirSync(join(path, '..')), ['key.pem']);
});

for (const mode of [0o604, 0o640, 0o620, 0o644, 0o666, 0o670, 0o601]) {
  test(`a key of mode ${mode.toString(8)} is refused, and left as it is`, async (t) => {
    const path = await someKey();
    chmodSync(path, mode);
    await t.throwsAsync(readKeyFile(path), {
      ...REFUSED,
      message: new RegExp(`open to others \\(mode 0${mode.toString(8)}\\)`),
    });
    t.is(modeOf(path), mode);
  });
}

test('a key that only its owner can read is taken', async (t) => {
  const path = await someKey();
  chmodSync(path, 0o400);
  t.truthy(await readKeyFile(path));
  t.is(modeOf(path), 0o400);
});

test('a key that Kubernetes opened to the group of its volume is closed again', async (t) => {
  const path = await someKey();
  chmodSync(path, 0o660);
  t.truthy(await readKeyFile(path));
  t.is(modeOf(path), 0o600);
});

test('what is no Ed25519 key is refused without a word of it', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const contents = [
    '',
    'hunter2',
    privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicKey.export({ type: 'spki', format: 'pem' }),
    'x'.repeat(100_000),
  ];
  for (const content of contents) {
    const path = join(temporaryDirectory(), 'key.pem');
    writeFileSync(path, content, { mode: 0o600 });
    const error = await t.throwsAsync(readKeyFile(path), { ...REFUSED, message: /holds no Ed25519 private key/ });
    t.false(String(error?.message).includes('hunter2'));
  }
});

test('a link, a directory or a pipe in its place is refused', async (t) => {
  const directory = temporaryDirectory();
  const path = (name: string) => join(directory, name);
  symlinkSync(await someKey(), path('link'));
  mkdirSync(path('directory'));
  t.is(spawnSync('mkfifo', ['-m', '600', path('pipe')]).status, 0);
  for (const name of ['link', 'directory', 'pipe']) await t.throwsAsync(readKeyFile(path(name)), REFUSED, name);
});

if (process.getuid?.() === 0) {
  test("another user's key is refused", async (t) => {
    const path = await someKey();
    chownSync(path, 12_345, 12_345);
    await t.throwsAsync(readKeyFile(path), { ...REFUSED, message: /belongs to user 12345/ });
  });
}
