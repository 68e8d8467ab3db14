import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createFreeSpaceRule } from '../../sidecar/storage/free-space.js';

const FLOOR = 512 * 1024 * 1024;

test('space is low below the floor, and until there is a tenth more', (t) => {
  const rule = createFreeSpaceRule(FLOOR);
  const low = (freeBytes: number, atMs: number) => rule.take({ atMs, freeBytes, leaves: 1 });
  t.false(low(FLOOR, 0));
  t.true(low(FLOOR - 1, 1000));
  t.true(low(FLOOR * 1.09, 2000));
  t.false(low(FLOOR * 1.11, 3000));
  t.false(low(FLOOR, 4000));
});

test('a log that grows fast needs what it takes in ten minutes, also while nothing is taken any more', (t) => {
  const rule = createFreeSpaceRule(FLOOR);
  const needed = 5000 * LIMITS.freeSpaceSeconds * LIMITS.leafSpaceBytes;
  t.false(rule.take({ atMs: 0, freeBytes: needed - 1, leaves: 0 }), 'nothing is known of the rate yet');
  t.true(rule.take({ atMs: 5000, freeBytes: needed - 1, leaves: 25_000 }));
  t.is(rule.floorBytes, needed);
  t.true(rule.take({ atMs: 10_000, freeBytes: needed, leaves: 25_000 }));
  t.false(rule.take({ atMs: 15_000, freeBytes: needed * 1.2, leaves: 25_000 }));
  t.false(rule.take({ atMs: 20_000, freeBytes: needed / 2, leaves: 25_000 }), 'a log that rests needs the floor only');
});

test('a floor of 0 is none', (t) => {
  const rule = createFreeSpaceRule(0);
  t.false(rule.take({ atMs: 0, freeBytes: 0, leaves: 0 }));
  t.false(rule.take({ atMs: 1000, freeBytes: 0, leaves: 1_000_000 }));
});
