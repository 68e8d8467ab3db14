import { createCipheriv, hkdfSync, randomBytes, webcrypto } from 'node:crypto';
import test from 'ava';
import {
  dataKeyOf,
  openPayload,
  readEnvelope,
  sealPayload,
  unwrapKey,
  wrapKey,
} from '../../sidecar/audit/payload/envelope.js';
import { dayHolder, type Holder, subjectHolder } from '../../sidecar/audit/payload/holder.js';

const place = { logId: 'abcdefghijklmnopqrstuvwxyz', seq: 7 };
const PLACE_BYTES = Buffer.concat([Buffer.from(place.logId), Buffer.from('0000000000000007', 'hex')]);
const day = '2026-11-28';
const dayKey = Buffer.alloc(32, 2);
const subjectKey = Buffer.alloc(32, 4);
const dataKey = Buffer.alloc(32, 1);
const nonce = Buffer.alloc(12, 3);
const plaintext = Buffer.from('{"v":1}');

const HOLDERS = { day: dayHolder(day, dayKey), subject: subjectHolder(day, dayKey, subjectKey) };
const SECRETS = { day: dayKey, subject: Buffer.concat([subjectKey, dayKey]) };
const wrap = wrapKey(dataKey, dayKey, nonce, place);

const open = (bytes: Uint8Array, holder: Holder, at = place) =>
  openPayload(bytes, dataKeyOf(holder, readEnvelope(bytes).nonce, at), at);
const isSealed = { code: 'JIMINI_PAYLOAD_SEALED' };

test('a payload opens for its holder at its place, and says who that is', (t) => {
  for (const holder of Object.values(HOLDERS)) {
    const sealed = sealPayload(plaintext, holder, nonce, place);
    t.deepEqual(open(sealed, holder), plaintext);
    const read = readEnvelope(sealed);
    t.is(read.day, day);
    t.deepEqual(read.tag, holder.tag);
  }
});

test('a key that was wrapped for a further holder opens the payload', (t) => {
  const sealed = sealPayload(plaintext, HOLDERS.day, nonce, place);
  const hold = randomBytes(32);
  const wrapped = wrapKey(dataKeyOf(HOLDERS.day, nonce, place), hold, nonce, place);
  t.is(wrapped.length, 61);
  t.deepEqual(openPayload(sealed, unwrapKey(wrapped, hold, place), place), plaintext);
});

for (const name of ['day', 'subject'] as const) {
  test(`the documented bytes are what another implementation gives: ${name}`, async (t) => {
    const { subtle } = webcrypto;
    const derive = (purpose: string, ...more: Uint8Array[]) =>
      new Uint8Array(hkdfSync('sha256', SECRETS[name], '', Buffer.concat([Buffer.from(purpose), ...more]), 32));
    const key = await subtle.importKey('raw', derive('jimini/data/v1\0', PLACE_BYTES, nonce), 'AES-GCM', false, [
      'encrypt',
    ]);
    const additionalData = Buffer.concat([Buffer.from('jimini/envelope/v1\0'), PLACE_BYTES]);
    const body = await subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData }, key, plaintext);
    const tag = name === 'day' ? Buffer.of() : derive('jimini/holder/v1').subarray(0, 8);
    const head = Buffer.concat([Uint8Array.of(1, tag.length), Buffer.from(day), tag]);
    const expected = Buffer.concat([head, nonce, Buffer.from(body)]);
    t.deepEqual(sealPayload(plaintext, HOLDERS[name], nonce, place), expected);
  });
}

test('the documented bytes of a wrap are what another implementation gives', async (t) => {
  const { subtle } = webcrypto;
  const info = Buffer.concat([Buffer.from('jimini/wrap/v1\0'), PLACE_BYTES]);
  const holder = await subtle.importKey('raw', dayKey, 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  const wrapping = await subtle.deriveKey(derivation, holder, { name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  const body = await subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: info }, wrapping, dataKey);
  t.deepEqual(Buffer.concat([Uint8Array.of(1), nonce, Buffer.from(body)]), wrap);
});

test('no bit of a wrap can change, and none of a payload behind the name of its holder', (t) => {
  for (const [bytes, from, opens] of [
    [sealPayload(plaintext, HOLDERS.day, nonce, place), 12, (changed: Uint8Array) => open(changed, HOLDERS.day)],
    [
      sealPayload(plaintext, HOLDERS.subject, nonce, place),
      20,
      (changed: Uint8Array) => open(changed, HOLDERS.subject),
    ],
    [wrap, 0, (changed: Uint8Array) => unwrapKey(changed, dayKey, place)],
  ] as const) {
    for (let bit = from * 8; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      t.throws(() => opens(changed), isSealed);
    }
    for (let length = 0; length < bytes.length; length++) t.throws(() => opens(bytes.subarray(0, length)), isSealed);
  }
});

test('what is no envelope is not taken for one, whatever its first bytes say', (t) => {
  const sealed = sealPayload(plaintext, HOLDERS.subject, nonce, place);
  for (const [index, value] of [
    [0, 0],
    [0, 2],
    [1, 1],
    [1, 255],
    [2, 0x2f],
    [6, 0x30],
  ] as const) {
    const changed = Buffer.from(sealed);
    changed[index] = value;
    t.throws(() => readEnvelope(changed), isSealed);
  }
});

test('nothing opens at another place, with another key, or as the other kind', (t) => {
  const sealed = sealPayload(plaintext, HOLDERS.subject, nonce, place);
  for (const elsewhere of [
    { ...place, seq: 8 },
    { ...place, logId: 'zbcdefghijklmnopqrstuvwxyz' },
  ]) {
    t.throws(() => open(sealed, HOLDERS.subject, elsewhere), isSealed);
    t.throws(() => unwrapKey(wrap, dayKey, elsewhere), isSealed);
  }
  t.throws(() => open(sealed, HOLDERS.day), isSealed, 'the key of the day alone');
  t.throws(() => open(sealed, dayHolder(day, subjectKey)), isSealed, 'the key of the subject alone');
  t.throws(() => open(sealed, subjectHolder(day, randomBytes(32), subjectKey)), isSealed, 'another day');
  t.throws(() => unwrapKey(wrap, dataKey, place), isSealed);
  t.throws(() => unwrapKey(sealed, dayKey, place), isSealed);
});

test('the tag of a holder needs both keys, and is another one each day', (t) => {
  const tags = [
    subjectHolder(day, dayKey, subjectKey),
    subjectHolder(day, randomBytes(32), subjectKey),
    subjectHolder(day, dayKey, randomBytes(32)),
  ].map(({ tag }) => Buffer.from(tag as Uint8Array).toString('hex'));
  t.is(new Set(tags).size, 3);
});

test('a shorter tag is refused', (t) => {
  const key = dataKeyOf(HOLDERS.day, nonce, place);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 4 });
  const body = cipher.update(plaintext);
  cipher.final();
  const head = sealPayload(plaintext, HOLDERS.day, nonce, place).subarray(0, 12);
  const short = Buffer.concat([head, nonce, body, cipher.getAuthTag()]);
  t.throws(() => openPayload(short, key, place), isSealed);
});
