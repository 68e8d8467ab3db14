import { mock } from 'node:test';
import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import type { Refusal } from '../../sidecar/server/access/gate.js';
import { createRefusalRecorder } from '../../sidecar/server/access/refusals.js';

const REFUSAL: Refusal = { method: '/jimini.v1.AuditService/Verify', reason: 'no_role', principal: 'ana' };
const LEAF = { kind: 'admin', op: 'refused', ...REFUSAL };

function recorder() {
  const leaves: unknown[] = [];
  const log = { isOpen: true, fails: false, failures: 0, nowMs: 1_000 };
  const refusals = createRefusalRecorder({
    clock: { nowMs: () => log.nowMs++, monotonicNs: () => 0n },
    canRecord: () => log.isOpen,
    async record(fields) {
      if (log.fails) throw new Error('the disk failed');
      leaves.push(fields);
    },
    onFailure: () => {
      log.failures += 1;
    },
  });
  return { leaves, log, refusals };
}

test.serial('10,000 refusals in a minute are 60 leaves and one with the number of the others', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const { leaves, refusals } = recorder();
  for (let count = 0; count < 10_000; count += 1) refusals.add(REFUSAL);
  t.is(leaves.length, 60);
  t.deepEqual(leaves[59], LEAF);
  mock.timers.tick(LIMITS.refusalWindowMs);
  t.is(leaves.length, 61);
  t.deepEqual(leaves[60], { kind: 'admin', op: 'refusals', count: 9_940, first_ms: 1_000, last_ms: 10_939 });
  mock.timers.tick(10 * LIMITS.refusalWindowMs);
  t.is(leaves.length, 61);
  refusals.add(REFUSAL);
  t.deepEqual(leaves[61], LEAF);
  await refusals.close();
  t.is(leaves.length, 62);
});

test.serial('what is only counted is recorded before the log closes', async (t) => {
  const { leaves, refusals } = recorder();
  for (let count = 0; count < 62; count += 1) refusals.add(REFUSAL);
  await refusals.close();
  t.like(leaves.at(-1), { op: 'refusals', count: 2 });
});

test.serial('while the log takes no records refusals are counted, and stated once it does', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const { leaves, log, refusals } = recorder();
  log.isOpen = false;
  refusals.add(REFUSAL);
  refusals.add(REFUSAL);
  mock.timers.tick(LIMITS.refusalWindowMs);
  t.deepEqual(leaves, []);
  log.isOpen = true;
  mock.timers.tick(LIMITS.refusalWindowMs);
  t.like(leaves[0], { op: 'refusals', count: 2 });
});

test.serial('a record that fails is told, and hinders nothing', async (t) => {
  const { log, refusals } = recorder();
  log.fails = true;
  for (let count = 0; count < 61; count += 1) refusals.add(REFUSAL);
  await refusals.close();
  t.is(log.failures, 61);
});
