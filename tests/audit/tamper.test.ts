import { stopCoverage } from 'node:v8';
import test from 'ava';
import { allKinds, exportOf, plainLog, proofOf, signerOf } from './signed-logs.js';
import { everyBit, unnoticedIn, unnoticedInLeaves } from './tamper.js';

// Counting makes these loops many times as slow, and other tests go through the same lines.
stopCoverage();

const SIGNERS = [signerOf(6), signerOf(3), signerOf(1)] as const;
const whole = { ...exportOf(allKinds, ...SIGNERS), 'leaf.tlog-proof': await proofOf(11, allKinds, SIGNERS[0]) };

test('every flipped bit of an exported log that has every kind of leaf is noticed', async (t) => {
  t.deepEqual(await unnoticedInLeaves(whole, allKinds, everyBit), []);
});

for (const name of ['checkpoint', 'leaf.tlog-proof']) {
  test(`every flipped bit of ${name} is noticed`, async (t) => {
    t.deepEqual(await unnoticedIn(whole, name, everyBit), []);
  });
}

test('a flipped bit in each byte of a log of a thousand leaves is noticed', async (t) => {
  const leaves = plainLog(1_000);
  t.deepEqual(await unnoticedInLeaves(exportOf(leaves, SIGNERS[0]), leaves, (at) => [(at * 5 + 3) % 8]), []);
});
