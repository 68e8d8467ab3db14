import test from 'ava';
import type { AuditLogOptions } from '../../sidecar/audit/audit-log.js';
import type { Clock } from '../../sidecar/kernel/clock.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createFaultyStore, type FaultyStoreOptions } from '../storage/faulty-store.js';
import { attempt, discrepancies, healed, leavesOf, type Outcome } from './double-log.js';
import { logOptions, openAuditLog } from './records.js';

/** Stands still: no sync takes long, however busy the machine is. */
const stillClock: Clock = { nowMs: () => 1_700_000_000_000, monotonicNs: () => 0n };

/** A log on a store whose writes, but for the first, wait until they are let go. */
async function heldLog(faults: FaultyStoreOptions, options: Partial<AuditLogOptions> = {}) {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const store = createFaultyStore({ ...faults, beforeDone: (batch) => (batch === 0 ? Promise.resolve() : promise) });
  const log = await openAuditLog(
    logOptions(store, { durability: 'relaxed', clock: stillClock, wait: () => Promise.resolve(), ...options }),
  );
  return { store, log, letGo };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

const early = { mayPrecedeSync: true };

test('only who may is answered before the sync, gets the first numbers, and is at risk until it is done', async (t) => {
  const { store, log, letGo } = await heldLog({});
  const outcomes: Outcome[] = [];
  const pending = [attempt(log, 'flag'), attempt(log, 'allow', early), attempt(log, 'allow2', early)];
  for (const one of pending) void one.then((outcome) => outcomes.push(outcome));
  await turns();
  t.deepEqual(outcomes, [
    { route: 'allow', seq: 1 },
    { route: 'allow2', seq: 2 },
  ]);
  t.like(log, { size: 1, atRisk: { records: 2 } }, 'readers see nothing that is not on disk');
  letGo();
  t.deepEqual(await pending[0], { route: 'flag', seq: 3 });
  t.deepEqual(log.atRisk, { records: 0, forS: 0 });
  await log.close('shutdown');
  t.deepEqual(await discrepancies(store, outcomes), []);
});

test('in strict durability nobody is answered before the sync', async (t) => {
  const { log, letGo } = await heldLog({}, { durability: 'strict' });
  let isAnswered = false;
  const pending = attempt(log, 'allow', early).then(() => {
    isAnswered = true;
  });
  await turns();
  t.false(isAnswered);
  letGo();
  await pending;
  await log.close('shutdown');
});

for (const fate of ['lost', 'phantom'] as const) {
  test(`after a failed write (${fate}) answered records stand at their numbers, and a gap leaf says that they are late`, async (t) => {
    const { store, log, letGo } = await heldLog({ batchFate: (batch) => (batch === 1 ? fate : 'written') });
    const pending = [
      attempt(log, 'flag'),
      attempt(log, 'allow', early),
      attempt(log, 'block'),
      attempt(log, 'allow2', early),
    ];
    letGo();
    const outcomes = await Promise.all(pending);
    t.deepEqual(
      outcomes.map(({ seq, code }) => seq ?? code),
      ['JIMINI_STORE_UNAVAILABLE', 1, 'JIMINI_STORE_UNAVAILABLE', 2],
    );
    await healed(log);
    await log.close('shutdown');
    t.deepEqual(await discrepancies(store, outcomes), []);
    const gap = leavesOf(store.disk).find(({ kind }) => kind === 'gap');
    t.like(gap, { records: 2, kept: [3, 4], late: [1, 2] });
  });
}

test('a write that failed behind early answers alone is stated, too', async (t) => {
  const { store, log, letGo } = await heldLog({ batchFate: (batch) => (batch === 1 ? 'lost' : 'written') });
  letGo();
  const outcomes = await Promise.all([attempt(log, 'allow', early), attempt(log, 'allow2', early)]);
  while (store.batches < 4) await turns();
  await healed(log);
  await log.close('shutdown');
  t.deepEqual(await discrepancies(store, outcomes), []);
  t.like(leavesOf(store.disk)[3], { kind: 'gap', records: 0, kept: [], late: [1, 2] });
});

test('no more records are at risk at one time than the bound says', async (t) => {
  const { log, letGo } = await heldLog({});
  let answered = 0;
  const pending = Array.from({ length: LIMITS.earlyRecordsMax + 44 }, (_, at) =>
    attempt(log, `r${at}`, early).then(() => {
      answered += 1;
    }),
  );
  await turns();
  t.is(answered, LIMITS.earlyRecordsMax);
  letGo();
  await Promise.all(pending);
  await log.close('shutdown');
});

test('behind a slow sync the next group waits for its own', async (t) => {
  let monotonicNs = 0n;
  const clock: Clock = { nowMs: () => 1_700_000_000_000, monotonicNs: () => monotonicNs };
  const holds = [Promise.resolve(), Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const store = createFaultyStore({
    beforeDone: (batch) => (batch === 1 || batch === 2 ? holds[batch].promise : holds[0]),
  });
  const log = await openAuditLog(logOptions(store, { durability: 'relaxed', clock }));
  t.is((await attempt(log, 'first', early)).seq, 1);
  monotonicNs += BigInt(LIMITS.earlyAgeMsMax + 1) * 1_000_000n;
  t.is(log.atRisk.forS, (LIMITS.earlyAgeMsMax + 1) / 1_000);
  holds[1].resolve();
  await turns();
  let isAnswered = false;
  const second = attempt(log, 'second', early).then(() => {
    isAnswered = true;
  });
  await turns();
  t.false(isAnswered);
  holds[2].resolve();
  await second;
  t.is((await attempt(log, 'third', early)).seq, 3);
  await log.close('shutdown');
});
