import { createHmac, hkdfSync } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { hkdfExpand, hkdfExtract, hmac, hmacKey } from '../../sidecar/kernel/hmac.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

test('HMAC and HKDF are those of OpenSSL', (t) => {
  fc.assert(
    fc.property(bytes(64), bytes(300), (key, message) => {
      t.deepEqual(hmac(hmacKey(key), message), createHmac('sha256', key).update(message).digest());
      t.deepEqual(hkdfExpand(hkdfExtract(key), message), Buffer.from(hkdfSync('sha256', key, '', message, 32)));
    }),
  );
});

test('a key that HMAC would hash first is refused', (t) => {
  t.throws(() => hmacKey(new Uint8Array(65)), { instanceOf: RangeError });
});
