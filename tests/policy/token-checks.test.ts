import test from 'ava';
import { hasTokenChecksum, isBasicAuth, isWif, looksRandom } from '../../sidecar/policy/token-checks.js';

test('the checksum of GitHub and npm tokens is the CRC-32 in base62', (t) => {
  t.true(hasTokenChecksum('FakeKey7Not2Real9Sample4Only8Z3MGDOX'));
  t.false(hasTokenChecksum('FakeKey7Not2Real9Sample4Only8Z3MGDOY'));
  t.false(hasTokenChecksum('FakeKey7Not2Real9Sample4Only8Zq3Wv5T'));
  t.false(hasTokenChecksum('3MGDOX'));
  t.false(hasTokenChecksum('FakeKey7Not2Real9Sample4Only8_3MGDOX'));
});

test('a small checksum is padded with zeros', (t) => {
  t.true(hasTokenChecksum('Fake207khdJ'));
  t.false(hasTokenChecksum('Fake27khdJ'));
});

// Bitcoin wiki, "Wallet import format", and the same with one character changed.
test('a private key in wallet import format has its checksum', (t) => {
  t.true(isWif('5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ'));
  t.false(isWif('5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK'));
  t.false(isWif('5Hue0'));
  t.false(isWif('1'.repeat(51)));
});

test('basic authentication is user, colon and a password', (t) => {
  const coded = (text: string) => Buffer.from(text).toString('base64');
  t.true(isBasicAuth(coded('svc:n0tReal7pw')));
  t.false(isBasicAuth(coded('svc:')));
  t.false(isBasicAuth(coded('no colon here')));
  t.false(isBasicAuth(coded('\u0001\u0002:x')));
});

const drawn = ['Q7f2Kd9sLm4Xv8Zp3Rt6', 'fa4e5ec2e7c0ffee0ddba11d9caf3bad', 'qzkvwjxbfhplmtrgcdny', '8c1f-0e7a-9b3d'];
const written = [
  'getAccessTokenFromResponse',
  'user-2024-01-31',
  '4929112344',
  'base64EncodeUtf8String',
  'toolittlehere',
];

test('tokens look drawn by lot, names and numbers do not', (t) => {
  t.deepEqual(
    drawn.filter((text) => !looksRandom(text)),
    [],
  );
  t.deepEqual(written.filter(looksRandom), []);
});
