import test from 'ava';
import fc from 'fast-check';
import { percentEncoded } from '../../sidecar/kernel/grpc-message.js';
import { timeoutMsOf } from '../../sidecar/server/grpc-timeout.js';

test('a timeout is one to eight digits and a unit', (t) => {
  const units = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
  fc.assert(
    fc.property(
      fc.nat(99_999_999),
      fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
      (value, unit) => {
        t.is(timeoutMsOf(`${value}${unit}`), value * units[unit]);
      },
    ),
  );
  t.is(timeoutMsOf('00000001S'), 1000);
});

for (const value of [
  '',
  'S',
  '1',
  '1s',
  '1 S',
  ' 1S',
  '1S ',
  '-1S',
  '1.5S',
  '1e3S',
  '100000000S',
  '١S',
  '1SS',
  '\u00001S',
]) {
  test(`${JSON.stringify(value)} is no timeout`, (t) => t.is(timeoutMsOf(value), undefined));
}

test('a sentence passes as printable ASCII and comes back whole', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (sentence) => {
      const encoded = percentEncoded(sentence);
      t.regex(encoded, /^[ -~]*$/);
      t.is(decodeURIComponent(encoded), sentence);
    }),
  );
  t.is(percentEncoded('100 % of “it”\n'), '100 %25 of %E2%80%9Cit%E2%80%9D%0A');
  t.is(percentEncoded('half a pair: \ud800'), 'half a pair: %EF%BF%BD');
});
