import { createCipheriv, randomBytes, webcrypto } from 'node:crypto';
import test from 'ava';
import { openPayload, sealPayload, unwrapKey, wrapKey } from '../../sidecar/audit/payload/envelope.js';

const place = { logId: 'abcdefghijklmnopqrstuvwxyz', seq: 7 };
const dataKey = Buffer.alloc(32, 1);
const holderKey = Buffer.alloc(32, 2);
const nonce = Buffer.alloc(12, 3);
const plaintext = Buffer.from('{"v":1}');

const sealed = sealPayload(plaintext, dataKey, nonce, place);
const wrap = wrapKey(dataKey, holderKey, nonce, place);

test('a payload and its key open at their place', (t) => {
  t.deepEqual(openPayload(sealed, dataKey, place), plaintext);
  t.deepEqual(unwrapKey(wrap, holderKey, place), dataKey);
  t.is(wrap.length, 61);
});

test('the documented bytes are what another implementation gives', async (t) => {
  const { subtle } = webcrypto;
  const associated = (purpose: string) =>
    Buffer.concat([Buffer.from(`jimini/${purpose}/v1\0${place.logId}`), Buffer.from('0000000000000007', 'hex')]);
  const encrypt = async (key: webcrypto.CryptoKey, text: Uint8Array, additionalData: Uint8Array) => {
    const body = await subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData }, key, text);
    return Buffer.concat([Uint8Array.of(1), nonce, Buffer.from(body)]);
  };
  const contentKey = await subtle.importKey('raw', dataKey, 'AES-GCM', false, ['encrypt']);
  t.deepEqual(await encrypt(contentKey, plaintext, associated('envelope')), sealed);
  const holder = await subtle.importKey('raw', holderKey, 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: associated('wrap') };
  const wrapping = await subtle.deriveKey(derivation, holder, { name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  t.deepEqual(await encrypt(wrapping, dataKey, associated('wrap')), wrap);
});

const isSealed = { code: 'JIMINI_PAYLOAD_SEALED' };

test('no bit of a sealed payload or of a wrap can change', (t) => {
  for (const [bytes, open] of [
    [sealed, (changed: Uint8Array) => openPayload(changed, dataKey, place)],
    [wrap, (changed: Uint8Array) => unwrapKey(changed, holderKey, place)],
  ] as const) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      t.throws(() => open(changed), isSealed);
    }
    for (let length = 0; length < bytes.length; length++) t.throws(() => open(bytes.subarray(0, length)), isSealed);
  }
});

test('nothing opens at another place, with another key, or as the other kind', (t) => {
  for (const elsewhere of [
    { ...place, seq: 8 },
    { ...place, logId: 'zbcdefghijklmnopqrstuvwxyz' },
  ]) {
    t.throws(() => openPayload(sealed, dataKey, elsewhere), isSealed);
    t.throws(() => unwrapKey(wrap, holderKey, elsewhere), isSealed);
  }
  t.throws(() => openPayload(sealed, holderKey, place), isSealed);
  t.throws(() => unwrapKey(wrap, dataKey, place), isSealed);
  t.throws(() => openPayload(sealPayload(plaintext, dataKey, nonce, place), randomBytes(32), place), isSealed);
  t.throws(() => unwrapKey(sealPayload(dataKey, holderKey, nonce, place), holderKey, place), isSealed);
});

test('a shorter tag is refused', (t) => {
  const cipher = createCipheriv('aes-256-gcm', dataKey, nonce, { authTagLength: 4 });
  const body = cipher.update(plaintext);
  cipher.final();
  t.throws(
    () => openPayload(Buffer.concat([Uint8Array.of(1), nonce, body, cipher.getAuthTag()]), dataKey, place),
    isSealed,
  );
});
