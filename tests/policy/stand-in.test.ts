import test from 'ava';
import { isFiller, isRepeated, isSaidToBeNone, isSentence } from '../../sidecar/policy/stand-in.js';
import { judges } from './judges.js';

test(
  'words that say that a value is none are set off from each other',
  judges,
  isSaidToBeNone,
  ['P@ssw0rd_HERE', 'todo-set-in-env1', 'test-key-123', 'dummy_secret', 'this is not a real key', 'your.token.2'],
  ['n0tReal7pw', 'user-key-123', 'testing123', 'sample4Only8', 'secret', 'atmosphere'],
);

test(
  'a sentence is words with marks behind them',
  judges,
  isSentence,
  ['Passwort vergessen? Hier klicken!', 'Mot de passe:', "Can't sign in?", 'Пароль неверный.'],
  ['letmein', 'zwölf Boxkämpfer 12', 'correct h0rse', 'a & b'],
);

test(
  'filler is hexadecimal digits in order, or a few characters again and again',
  judges,
  isFiller,
  [
    '0123456789abcdef0123456789abcdef',
    '1234567890ABCDEF',
    'deadbeefdeadbeefdeadbeef',
    'abcd1234abcd1234ABCD1234--',
    'x1x1x1x1x1x1x1x1',
  ],
  ['12345678', 'deadbeef', 'fa4e5ec2e7c0ffee0ddba11d9caf3bad', 'Q7f2Kd9sLm4Xv8Zp3Rt6', 'a'.repeat(300)],
);

test(
  'one character again and again is no token',
  judges,
  isRepeated,
  ['acme_live_xxxxxxxxxxxxxxxx', '00000000-0000-0000-0000-000000000000', 'pat-AAAAAAAAAAAA'],
  ['acme_live_Q7f2Kd9sLm4Xv8Zp', 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB', '000000000001'],
);
