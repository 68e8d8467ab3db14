import test from 'ava';
import { createValidator, VALIDATOR_NAMES } from '../../sidecar/policy/validators.js';

type Named = readonly [name: string, parameter?: string | number | readonly string[]];

const row = test.macro<[named: Named, good: readonly string[], bad: readonly string[]]>({
  exec: (t, [name, parameter], good, bad) => {
    const validator = createValidator(name, parameter);
    if (typeof validator === 'string') return t.fail(validator);
    for (const text of good) t.true(validator.accepts(text), text);
    for (const text of bad) t.false(validator.accepts(text), text);
  },
  title: (_, named) => named.join(': '),
});

test(row, ['luhn'], ['79927398713', '4111-1111 1111 1111'], ['79927398710', '0000000000000000', '4', '41a1']);
test(
  row,
  ['card'],
  [
    '4111 1111 1111 1111',
    '378282246310005',
    '4222222222222',
    '2223003122003222',
    '30569309025904',
    '6011000990139424',
    '3530111333300000',
    '6759649826438453',
    '2200000000000004',
    '4111.1111.1111.1111',
    '4111%201111%201111%201111',
    '3782-822463-10005',
  ],
  [
    '4111 1111 1111 1112',
    '79927398713',
    '0000000000000000',
    '2721000000000004',
    '5105105105105100123',
    '4111.1111_1111.1111',
    '4111111111111111.25',
    '4006381333931',
    '4111111111111111x',
    '',
  ],
);
test(
  row,
  ['iban'],
  [
    'DE89 3704 0044 0532 0130 00',
    'GB82WEST12345698765432',
    'gb82west12345698765432',
    'BE68 5390 0754 7034 BIC GKCC',
    'NI79BAMC00000000000003123123',
  ],
  [
    'DE88370400440532013000',
    'XX82WEST12345698765432',
    'FR14 2004 1010 0505 0001 3',
    'NI79BAMC00000000000003123124',
    'NI79BAMC0000000000000312312',
  ],
);
test(row, ['bic'], ['DEUTDEFF', 'DEUTDEFF500'], ['DEUTDEF']);
test(row, ['aba'], ['021000021'], ['021000022']);
test(
  row,
  ['ssn'],
  ['123-45-6789', '123456789'],
  [
    '000-12-3456',
    '666-12-3456',
    '912-12-3456',
    '123-00-4567',
    '123-45-0000',
    '078-05-1120',
    '219-09-9999',
    '111-11-1111',
  ],
);
test(
  row,
  ['npi'],
  ['1234567893', '1245-319-599', '2000000002'],
  ['1234567890', '3234567896', '123456789', '12345678930'],
);
test(
  row,
  ['dea'],
  ['AB1234563', 'f91234563', 'MX1234563'],
  ['AB1234560', 'NB1234563', 'A1234563', 'AB0000000', 'AB12345631'],
);
test(row, ['nhs'], ['9434765919', '943 476 5919', '943-476-5919'], ['9434765918', '1111111111', '943476591']);
test(row, ['email'], ['a.b+c@example.org'], ['a@b', '@example.org']);
test(
  row,
  ['known_tld'],
  ['a@example.COM', 'www.example.museum', 'nas.local', 'почта@пример.рф'],
  ['a@b.transpose', 'a@b.codfm', 'word'],
);
test(
  row,
  ['phone'],
  [
    '+49 30 901820',
    '+1 212 555 2368',
    '+49 (0)30 901820',
    '+420 123 456 789',
    '+1 (415) 555-2671 ext. 5',
    '+39 06 1234 5678',
  ],
  ['212 555 2368', '4111 1111 1111 1111', '+1 115 555 2671', '+1000000', '+49', '+33 0 0 0 0 0 0', '+5000000000'],
);
test(
  row,
  ['phone', ['GB', 'FR', 'DE']],
  ['020 7946 0958', '01 42 68 53 00', '0049 30 901820', '+65 8123 4567'],
  ['2024-05-06', '06.05.2024', '192.168.101.112', '01 02 03 04 05 06', '030 c4 901820', '0301000000'],
);
test(row, ['phone', 'US'], ['212 555 2368', '+44 20 7946 0958'], ['123']);
test(row, ['phone', ['US', 'DE']], ['030 901820', '212 555 2368'], ['1']);
test(row, ['ip'], ['192.0.2.1', '2001:db8::1'], ['192.0.2.256']);
test(row, ['ipv4'], ['192.0.2.1'], ['2001:db8::1']);
test(row, ['ipv6'], ['2001:db8::1'], ['192.0.2.1']);
test(
  row,
  ['public_ip'],
  ['8.8.8.8', '2606:4700::1111', '172.32.0.1', '::ffff:8.8.8.8'],
  [
    '10.1.2.3',
    '127.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '169.254.1.1',
    '192.0.2.1',
    '198.51.100.7',
    '203.0.113.9',
    '100.64.0.1',
    '224.0.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '2001:db8::1',
    '::ffff:10.0.0.1',
    '124.0.0.0',
    'x',
  ],
);
test(row, ['mac'], ['00:1b:44:11:3a:b7'], ['00:1b:44:11:3a']);
test(row, ['uuid'], ['6ba7b810-9dad-11d1-80b4-00c04fd430c8'], ['6ba7b810']);
test(row, ['imei'], ['490154203237518'], ['490154203237519']);
test(
  row,
  ['mrz'],
  [
    'L898902C36UTO7408122F1204159ZE184226B<<<<<10',
    'D231458907UTO7408122F1204159<<<<<<<6',
    'I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6',
  ],
  ['L898902C37UTO7408122F1204159ZE184226B<<<<<10', 'D231458907UTO7408123F1204159<<<<<<<6', 'L898902C36UTO', ''],
);
test(row, ['us_zip'], ['IL 62704', 'CA, 90210-1234'], ['MA 62704', 'XX 12345', 'IL 6270']);
test(row, ['isin'], ['US0378331005'], ['US0378331006']);
test(row, ['btc'], ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'], ['2A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa!']);
test(row, ['ethereum'], ['0x52908400098527886E0F7030069857D2E4169EE7'], ['0x5290']);
test(row, ['domain'], ['example.org'], ['example']);
test(row, ['url'], ['https://example.org/a'], ['example']);
test(row, ['base64'], ['aGVsbG8='], ['aGVsbG8']);
test(row, ['hex'], ['c0ffee'], ['coffee']);
test(
  row,
  ['jwt'],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'],
  ['eyJhIjoxfQ.eyJzdWIiOiIxIn0.c2ln', 'a.b.c', 'bnVsbA.e30.c2ln'],
);
test(row, ['entropy', 3], ['abcdefgh'], ['aaaabbbb', '']);
test(
  row,
  ['not_placeholder'],
  ['Q7f2Kd9sLm4Xv8Zp'],
  [
    'AKIAIOSFODNN7EXAMPLE',
    'your_key_here',
    'changeme',
    'xxxxxxxx',
    '<token>',
    '$'.concat('{TOKEN}'),
    '{{ token }}',
    'aabbaabb',
    '12345678',
    'abcdefgh',
  ],
);
test(row, ['tax_id', 'en-GB'], ['1234567890'], ['12']);
test(row, ['passport', 'US'], ['790369937'], ['7903']);

const refused = test.macro({
  exec: (t, name: string, parameter: string | number | readonly string[] | undefined, message: RegExp) => {
    const result = createValidator(name, parameter);
    t.regex(typeof result === 'string' ? result : '', message);
  },
  title: (_, name, parameter) => `${name}: ${parameter} is refused`,
});
test(refused, 'loon', undefined, /no validator called loon; the nearest is luhn; there are luhn, /);
test(refused, 'luhn', 3, /takes no parameter/);
test(refused, 'entropy', undefined, /needs the bits/);
test(refused, 'entropy', 9, /needs the bits/);
test(refused, 'phone', 'ZZ', /takes a region/);
test(refused, 'phone', 1, /takes a region/);
test(refused, 'phone', [], /takes a region/);
test(refused, 'tax_id', undefined, /needs a locale/);
test(refused, 'tax_id', 'xx-XX', /does not know xx-XX/);
test(refused, 'passport', 'ZZ', /does not know ZZ|needs a country/);

test('no validator throws, whatever it is given', (t) => {
  const parameters = new Map<string, string | number>([
    ['entropy', 3],
    ['tax_id', 'en-GB'],
    ['passport', 'US'],
    ['identifier', 'pl.pesel'],
  ]);
  for (const name of VALIDATOR_NAMES) {
    const validator = createValidator(name, parameters.get(name));
    if (typeof validator === 'string') return t.fail(validator);
    for (const text of [
      '',
      ' ',
      '-',
      '\0',
      '٣',
      '😀',
      'a'.repeat(5000),
      '1'.repeat(5000),
      '.'.repeat(100),
      ':::',
      '[1',
      '%',
    ]) {
      t.notThrows(() => validator.accepts(text), `${name} ${text.slice(0, 9)}`);
    }
  }
});
