import test from 'ava';
import fc from 'fast-check';
import { printable, printableJson } from '../../sidecar/kernel/printable.js';

test('printable text is one line without active characters, and plain text stays as it is', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      t.notRegex(printable(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
  t.is(printable('Grüße 漢字 🎉 -1'), 'Grüße 漢字 🎉 -1');
  t.is(printable('\u001b[2J\r\n\u202e\u2028\u0085'), '\\u{1b}[2J\\u{d}\\u{a}\\u{202e}\\u{2028}\\u{85}');
  t.is(printable('x'.repeat(1000)).length, 203);
});

test('printable JSON says the same as JSON, without active characters', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = printableJson(value);
      t.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      t.notRegex(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});
