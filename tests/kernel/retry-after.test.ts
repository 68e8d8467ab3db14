import test from 'ava';
import { readRetryAfter } from '../../sidecar/kernel/retry-after.js';

for (const [text, expected] of [
  ['0', 0],
  ['120', 120_000],
  ['Fri, 31 Dec 1999 23:59:59 GMT', 59_000],
  ['Fri, 31 Dec 1999 23:00:00 GMT', 0],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['1e3', undefined],
  ['2000', 2_000_000],
  ['9'.repeat(30), undefined],
  ['', undefined],
] as const) {
  test(`Retry-After "${text}" means ${expected} ms`, (t) => {
    t.is(readRetryAfter(text, Date.UTC(1999, 11, 31, 23, 59, 0)), expected);
  });
}
