import test from 'ava';
import { readInstant } from '../../sidecar/config/instant.js';

const NOON = Date.parse('2026-11-28T12:00:00Z');

const reads = test.macro({
  exec: (t, text: string, expected: number | RegExp) => {
    const read = readInstant(text);
    if (typeof expected === 'number') t.deepEqual(read, { ms: expected });
    else t.regex('reason' in read ? read.reason : 'an instant', expected);
  },
  title: (_, text) => `a time is read: ${text}`,
});
test(reads, '2026-11-28T12:00:00Z', NOON);
test(reads, '2026-11-28T12:00Z', NOON);
test(reads, '2026-11-28t12:00:01z', NOON + 1000);
test(reads, '2026-11-28T13:00+01:00', NOON);
test(reads, '2026-11-28T08:30:00-03:30', NOON);
test(reads, '2026-11-29T02:00:00+14:00', NOON);
test(reads, '2028-02-29T00:00Z', Date.parse('2028-02-29T00:00:00Z'));
test(reads, '2026-11-28T12:00:00', /zone is missing/);
test(reads, '2026-11-28', /expected a time/);
test(reads, '2026-11-28T12:00:00.5Z', NOON + 500);
test(reads, '2026-11-28T12:00:00.123999999+00:00', NOON + 123);
test(reads, '2026-11-28T12:00.5Z', /expected a time/);
test(reads, '2026-11-28T12:00:00.Z', /expected a time/);
test(reads, '2026-11-28T12:00:00.0000000001Z', /expected a time/);
test(reads, '2026-11-28 12:00Z', /expected a time/);
test(reads, '2026-02-29T00:00Z', /calendar/);
test(reads, '2026-13-01T00:00Z', /calendar/);
test(reads, '2026-11-28T25:00Z', /calendar/);
test(reads, '2026-11-28T12:00:60Z', /calendar/);
test(reads, '2026-11-28T12:00+14:01', /calendar/);
test(reads, '2026-11-28T12:00+01:60', /calendar/);
