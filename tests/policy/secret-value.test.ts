import test from 'ava';
import {
  isLiteralPassword,
  isMoreThanWords,
  isPemBody,
  isQuotedPassword,
  isSecretValue,
  isUrlLogin,
} from '../../sidecar/policy/secret-value.js';
import { judges } from './judges.js';

test(
  'a value with digits or signs may be a secret, a reference or a label is none',
  judges,
  isSecretValue,
  [
    'n0tReal7pw',
    'tr0ub4dor&3',
    'f{4ke)o(p$\x7Bw]x[y>-_$#z}}',
    '8c1f0e7a-9b3d-4c5f-8a2e-1d6053fa4e5e',
    'aBc/dEf7+gH/iJ9k==',
    'gat0_negro',
    '*kX9vQ2zLm4pR7',
    '^kX9vQ2zLm4pR7',
    'kv:kX9vQ2zLm4pR7',
    'kX9vQ2zLm4pR7_here',
  ],
  [
    'abc',
    'password2',
    'DB_PASSWORD',
    '$db_pass2',
    '$\x7BDB_PASS}',
    'process.env.DB_PASS2',
    'getPassword(user2)',
    'response.token2',
    '/run/secrets/db2',
    'server2.pem',
    'https://a.example/2',
    'a2@example.org',
    '1.22.3',
    '2024-01-31',
    'x:1000:1000',
    'required|min:8',
    'Contraseña',
    'пароль',
    'getAccessTokenFromResponse',
    'auth_provider_x509_cert_url',
    'projects/acme/secrets/db2',
    'your-password-here',
    'fake-password',
  ],
);

test(
  'in quotes one word may be a password, the name of a field is none',
  judges,
  isQuotedPassword,
  ['letmein', 'qwertz!', 'n0tReal7pw', 'zwölf Boxkämpfer 12'],
  ['Enter your password', 'localhost', 'username', 'authorization', 'Password', 'new_password', 'a fine day'],
);

test(
  'more than words are digits among letters, signs inside, and letters by lot',
  judges,
  isMoreThanWords,
  ['hunter2x', 'a&b', 'qzkvwjxbfhplmtrgcdny'],
  ['stored', 'case-sensitive', 'Windows.'],
);

test(
  'a login in an address is no template and not the words user and password',
  judges,
  isUrlLogin,
  ['app:n0tReal7pw', ':n0tReal7pw', 'user:pass', 'x:passw0rd1'],
  ['user:password', 'postgres:postgres', 'user:abc', 'user:1111', 'u:$PASSWORD', 'u:REPLACE_ME', 'u:xxxx', 'u:<pw>'],
);

test(
  'stand-ins and bodies that are too short are no PEM body',
  judges,
  isPemBody,
  ['', '\nMIIEvQIBADANBgkqhkiG', '\\nMIIE', ' opens a file'],
  ['\n...\n', '\n***', '\\nxxx\\n', '\n<your key>', '\nAAAABBBB\n-----END', '$\x7BKEY}'],
);

test(
  'where only a literal can stand a word of any letters may be a password, the word for a password is none',
  judges,
  isLiteralPassword,
  ['Wintergarten', 'maiglocke', 'n0tReal7pw', 'Blau_Beere', 'myDog2Rex!'],
  [
    'myPassword',
    'Kennwort',
    'newPassword',
    'string',
    'required',
    'changeme',
    '$\x7BDB_PASS}',
    'DB_PASS',
    'your-key',
    'abc',
  ],
);

test(
  'a key of two random parts is no member of an object',
  judges,
  isSecretValue,
  ['8c1f0e7a9b3d4c5f6a2e.Q7f2Kd9sLm4Xv8Zp3Rt6'],
  ['applicationConfig.databasePassword', 'response.token2', 'float64', 'urllib2', '{userId:regex}:POST'],
);
