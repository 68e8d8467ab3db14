import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createFreeSpaceRule } from '../../sidecar/storage/free-space.js';

const FLOOR = 512 * 1024 * 1024;

test('space is low below the floor, and until there is a tenth more', (t) => {
  const rule = createFreeSpaceRule(FLOOR);
  const low = (freeBytes: number, atMs: number) => rule.take({ atMs, freeBytes, leaves: 1 }) === 'space';
  t.false(low(FLOOR, 0));
  t.true(low(FLOOR - 1, 1000));
  t.true(low(FLOOR * 1.09, 2000));
  t.false(low(FLOOR * 1.11, 3000));
  t.false(low(FLOOR, 4000));
});

test('a log that grows fast needs what it takes in ten minutes, also while nothing is taken any more', (t) => {
  const rule = createFreeSpaceRule(FLOOR);
  const needed = 5000 * LIMITS.freeSpaceSeconds * LIMITS.leafSpaceBytes;
  t.is(rule.take({ atMs: 0, freeBytes: needed - 1, leaves: 0 }), undefined, 'nothing is known of the rate yet');
  t.is(rule.take({ atMs: 5000, freeBytes: needed - 1, leaves: 25_000 }), 'space');
  t.is(rule.floorBytes, needed);
  t.is(rule.take({ atMs: 10_000, freeBytes: needed, leaves: 25_000 }), 'space');
  t.is(rule.take({ atMs: 15_000, freeBytes: needed * 1.2, leaves: 25_000 }), undefined);
  t.is(
    rule.take({ atMs: 20_000, freeBytes: needed / 2, leaves: 25_000 }),
    undefined,
    'a log that rests needs the floor only',
  );
});

test('a floor of 0 is none', (t) => {
  const rule = createFreeSpaceRule(0);
  t.is(rule.take({ atMs: 0, freeBytes: 0, leaves: 0 }), undefined);
  t.is(rule.take({ atMs: 1000, freeBytes: 0, leaves: 1_000_000 }), undefined);
});

test('a file system that runs out of inodes is low, whatever its space, until there is a tenth more', (t) => {
  const rule = createFreeSpaceRule(FLOOR);
  const take = (freeInodes: number, atMs: number) => rule.take({ atMs, freeBytes: FLOOR, leaves: 1, freeInodes });
  t.is(take(LIMITS.freeInodesMin, 0), undefined);
  t.is(take(LIMITS.freeInodesMin - 1, 1000), 'inodes');
  t.is(take(LIMITS.freeInodesMin * 1.09, 2000), 'inodes');
  t.is(take(LIMITS.freeInodesMin * 1.11, 3000), undefined);
});
