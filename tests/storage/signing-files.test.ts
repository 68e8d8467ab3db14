import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openSigningFiles } from '../../sidecar/storage/signing-files.js';
import { temporaryDataDirectory } from './temporary.js';

const publicOf = (key: KeyObject | undefined) => key && createPublicKey(key).export({ format: 'jwk' }).x;

test('a new data directory has nothing that signs, and nothing signed', async (t) => {
  const files = await openSigningFiles(await temporaryDataDirectory());
  t.deepEqual(files.keys, { given: undefined, own: undefined, next: undefined });
  t.like(files, { newest: undefined, publicKeys: '', acknowledged: undefined });
});

test('a key is made, waits, takes over, and is the only one left', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const first = await openSigningFiles(dataDir);
  await first.makeNextKey();
  const second = await first.makeNextKey();
  const waiting = await openSigningFiles(dataDir);
  t.is(publicOf(waiting.keys.next), publicOf(second));
  await waiting.keepOnly('next');
  const third = await openSigningFiles(dataDir);
  t.is(publicOf(third.keys.own), publicOf(second));
  t.is(third.keys.next, undefined);
  t.is(statSync(join(dataDir, 'signing.key')).mode & 0o777, 0o600);
  await third.keepOnly('own');
  t.true(existsSync(join(dataDir, 'signing.key')));
  await third.makeNextKey();
  await third.keepOnly('given');
  t.deepEqual(readdirSync(dataDir), ['log'], 'no private key is kept beside one that is given');
});

test('checkpoints and verifier keys are found again', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const files = await openSigningFiles(dataDir);
  for (const note of ['one', 'two', 'three']) await files.writeCheckpoint(Buffer.from(note));
  await files.writePublicKeys('key\n');
  t.like(await openSigningFiles(dataDir), { newest: Buffer.from('three'), publicKeys: 'key\n' });
});

test('a key of our own that others can read is refused at start', async (t) => {
  const dataDir = await temporaryDataDirectory();
  await (await openSigningFiles(dataDir)).makeNextKey();
  await (await openSigningFiles(dataDir)).keepOnly('next');
  chmodSync(join(dataDir, 'signing.key'), 0o640);
  await t.throwsAsync(openSigningFiles(dataDir), { code: 'JIMINI_CONFIG_INVALID', message: /is open to others/ });
  rmSync(join(dataDir, 'signing.key'));
  symlinkSync('/dev/zero', join(dataDir, 'key.pub'));
  await t.throwsAsync(openSigningFiles(dataDir), { code: 'JIMINI_STORE_UNAVAILABLE', message: /key\.pub/ });
});

test('evidence is kept verbatim and once, also when there is something else in its place', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const evidence = join(dataDir, 'evidence');
  await (await openSigningFiles(dataDir)).writeCheckpoint(Buffer.from('first'));
  const files = await openSigningFiles(dataDir);
  await files.keepEvidence(7);
  await files.keepEvidence(7);
  await files.writeCheckpoint(Buffer.from('second'));
  await (await openSigningFiles(dataDir)).keepEvidence(7);
  t.deepEqual(readdirSync(evidence), ['checkpoint-7-1', 'checkpoint-7-2']);
  t.is(readFileSync(join(evidence, 'checkpoint-7-1'), 'utf8'), 'first');
  t.is(readFileSync(join(evidence, 'checkpoint-7-2'), 'utf8'), 'second');
});

test('head files that are both damaged are kept as they are', async (t) => {
  const dataDir = await temporaryDataDirectory();
  writeFileSync(join(dataDir, 'checkpoint.a'), 'torn');
  writeFileSync(join(dataDir, 'checkpoint.b'), 'worn');
  const files = await openSigningFiles(dataDir);
  t.is(files.newest, undefined);
  await files.keepEvidence(0);
  const kept = readdirSync(join(dataDir, 'evidence')).map((name) =>
    readFileSync(join(dataDir, 'evidence', name), 'utf8'),
  );
  t.deepEqual(kept.sort(), ['torn', 'worn']);
});

test('what cannot be written is said with its place', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const files = await openSigningFiles(dataDir, generateKeyPairSync('ed25519').privateKey);
  writeFileSync(join(dataDir, 'evidence'), 'in the way');
  writeFileSync(join(dataDir, 'checkpoint.a'), 'damaged');
  const damaged = await openSigningFiles(dataDir);
  await t.throwsAsync(damaged.keepEvidence(0), { code: 'JIMINI_STORE_UNAVAILABLE', message: /evidence cannot be/ });
  mkdirSync(join(dataDir, 'key.pub'));
  await t.throwsAsync(files.writePublicKeys('key\n'), { code: 'JIMINI_STORE_UNAVAILABLE', message: /key\.pub/ });
});
