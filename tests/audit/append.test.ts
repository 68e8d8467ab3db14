import test from 'ava';
import { type RecoveredLog, recoverAuditLog } from '../../sidecar/audit/audit-log.js';
import { leafHash } from '../../sidecar/audit/leaf-hash.js';
import type { LeafRow } from '../../sidecar/audit/log-store.js';
import { recoverEdge } from '../../sidecar/audit/tree/recover-edge.js';
import { TILE_WIDTH } from '../../sidecar/audit/tree/tiles.js';
import type { ConfigFields, DecisionFields } from '../../sidecar/kernel/leaf.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createFaultyStore } from '../storage/faulty-store.js';
import { attempt, discrepancies, healed, leavesOf, openDoubleLog, verifyRows } from './double-log.js';
import { decision, logOptions, openAuditLog } from './records.js';
import { createReference } from './tree/reference.js';

/** A promise and the function that fulfils it. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

test('a record is acknowledged after its batch is synced, not before', async (t) => {
  const disk = gate();
  const store = createFaultyStore({ beforeDone: (batch) => (batch === 1 ? disk.promise : Promise.resolve()) });
  const log = await openDoubleLog(store);
  let isAcknowledged = false;
  const appended = log.append({ leafFields: decision('r') }).then((result) => {
    isAcknowledged = true;
    return result;
  });
  while (store.batches < 2) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  t.false(isAcknowledged);
  t.is(log.size, 1);
  disk.open();
  t.deepEqual(await appended, { seq: 1, decisionId: `${log.logId}:1` });
  t.is(log.size, 2);
  await log.close('shutdown');
});

test('all who wait while one batch is synced go into the next one, in their order', async (t) => {
  const disk = gate();
  const store = createFaultyStore({ beforeDone: (batch) => (batch === 1 ? disk.promise : Promise.resolve()) });
  const log = await openDoubleLog(store);
  const first = attempt(log, 'first');
  while (store.batches < 2) await new Promise((resolve) => setImmediate(resolve));
  const others = Array.from({ length: 40 }, (_, index) => attempt(log, `r${index}`));
  t.is(log.waiting, 40);
  disk.open();
  t.deepEqual(
    (await Promise.all([first, ...others])).map(({ seq }) => seq),
    Array.from({ length: 41 }, (_, index) => index + 1),
  );
  t.deepEqual(store.batchSizes, [1, 1, 40]);
  t.deepEqual(
    leavesOf(store.disk)
      .slice(2)
      .map((leaf) => leaf['route']),
    Array.from({ length: 40 }, (_, index) => `r${index}`),
  );
  await log.close('shutdown');
});

test('who appends as soon as he is acknowledged is not forgotten', async (t) => {
  const log = await openDoubleLog(createFaultyStore());
  for (let index = 0; index < 20; index += 1) t.is((await log.append({ leafFields: decision('r') })).seq, index + 1);
  await log.close('shutdown');
});

test('a batch has a largest size', async (t) => {
  const store = createFaultyStore();
  const log = await openDoubleLog(store);
  await Promise.all(Array.from({ length: LIMITS.appendBatchMax + 5 }, (_, index) => attempt(log, `r${index}`)));
  t.deepEqual(store.batchSizes, [1, LIMITS.appendBatchMax, 5]);
  await log.close('shutdown');
});

test('over the largest queue records are refused at once, and stated later', async (t) => {
  const disk = gate();
  const store = createFaultyStore({ beforeDone: (batch) => (batch === 1 ? disk.promise : Promise.resolve()) });
  const log = await openDoubleLog(store);
  const outcomes = [attempt(log, 'first')];
  while (store.batches < 2) await new Promise((resolve) => setImmediate(resolve));
  for (let index = 0; index < LIMITS.appendQueueMax; index += 1) outcomes.push(attempt(log, 'r'));
  const refused = ['over1', 'over2'].map((route) => attempt(log, route));
  t.deepEqual(
    (await Promise.all(refused)).map(({ code }) => code),
    Array(2).fill('JIMINI_STORE_UNAVAILABLE'),
  );
  t.is(log.state, 'open');
  disk.open();
  await Promise.all(outcomes);
  await log.close('shutdown');
  t.deepEqual(
    leavesOf(store.disk)
      .filter((leaf) => leaf['kind'] === 'gap')
      .map((leaf) => [leaf['records'], leaf['kept']]),
    [[2, []]],
  );
});

test('a record that cannot be a leaf is refused alone', async (t) => {
  const store = createFaultyStore();
  const log = await openDoubleLog(store);
  const outcomes = await Promise.all(['a', '\ud800', 'b'].map((route) => attempt(log, route)));
  t.deepEqual(
    outcomes.map(({ seq, code }) => seq ?? code),
    [1, 'JIMINI_INVALID_ARGUMENT', 2],
  );
  await log.close('shutdown');
  t.is((await verifyRows(store.disk)).status, 'ok');
});

test('close writes those that wait, then the close leaf; afterwards nothing is taken', async (t) => {
  const store = createFaultyStore();
  const log = await openDoubleLog(store);
  const outcomes = ['a', 'b', 'c'].map((route) => attempt(log, route));
  const closed = log.close('shutdown');
  t.is(closed, log.close('error'), 'closing twice is closing once');
  await closed;
  t.is(log.state, 'closed');
  t.deepEqual(
    (await Promise.all(outcomes)).map(({ seq }) => seq),
    [1, 2, 3],
  );
  const last = leavesOf(store.disk).at(-1);
  t.deepEqual([last?.['kind'], last?.['reason']], ['close', 'shutdown']);
  t.is((await attempt(log, 'd')).code, 'JIMINI_STORE_UNAVAILABLE');
  t.deepEqual(await discrepancies(store, await Promise.all(outcomes)), []);
});

test('a restart keeps the log id and says how the run before ended', async (t) => {
  const store = createFaultyStore();
  const first = await openDoubleLog(store);
  await first.close('shutdown');
  const second = await openDoubleLog(store);
  t.is(second.logId, first.logId);
  t.regex(second.logId, /^[a-z2-7]{26}$/);
  await attempt(second, 'r');
  await second.close('error');
  const opens = leavesOf(store.disk).filter((leaf) => leaf['kind'] === 'open');
  t.deepEqual(
    opens.map((leaf) => [leaf['seq'], leaf['recovered_size'], leaf['previous_close'], leaf['version']]),
    [
      [0, 0, 'none', '0.0.0-test'],
      [2, 2, 'clean', '0.0.0-test'],
    ],
  );
  t.is((await verifyRows(store.disk)).status, 'ok');
});

test('a start under another policy than the run before ended with is a config leaf, a start under the same is none', async (t) => {
  const store = createFaultyStore();
  const run = async (policyRevision: string, ...fields: (DecisionFields | ConfigFields)[]) => {
    const log = await recoverAuditLog(logOptions(store));
    await log.begin(policyRevision);
    for (const leafFields of fields) await log.append({ leafFields });
    await log.close('shutdown');
  };
  await run('first');
  await run('first');
  await run('second');
  await run('second', {
    kind: 'config',
    what: 'packs',
    old_policy_revision: 'second',
    new_policy_revision: 'third',
  });
  await run('third', decision('r', { policy_revision: 'fourth' }));
  await run('third');
  const changes = leavesOf(store.disk).filter((leaf) => leaf['kind'] === 'config' && leaf['what'] === 'start');
  t.deepEqual(
    changes.map((leaf) => [leaf['old_policy_revision'], leaf['new_policy_revision']]),
    [
      ['first', 'second'],
      ['fourth', 'third'],
    ],
  );
  const opens = leavesOf(store.disk).filter((leaf) => leaf['kind'] === 'open');
  t.deepEqual(
    opens.map((leaf) => leaf['policy_revision']),
    ['first', 'first', 'second', 'second', 'third', 'third'],
  );
  t.is((await verifyRows(store.disk)).status, 'ok');
});

test('a start on a damaged end of the log is refused with what to do', async (t) => {
  const store = createFaultyStore();
  const log = await openDoubleLog(store);
  await attempt(log, 'r');
  await log.close('shutdown');
  const last = store.disk.at(-1);
  if (last) last.bytes[20] = (last.bytes[20] ?? 0) ^ 1;
  const refused = { code: 'JIMINI_STORE_CORRUPT', message: /run `jimini log verify`/ };
  await t.throwsAsync(openDoubleLog(store), refused);
  await t.throwsAsync(openDoubleLog(store), refused, 'the store was closed again');
});

test('a log in format v0 is refused with what to do', async (t) => {
  const store = createFaultyStore();
  await (await openDoubleLog(store)).close('shutdown');
  const last = store.disk.at(-1) as LeafRow;
  const bytes = Buffer.from(String(last.bytes).replace('"v":1', '"v":0'));
  const handle = await store.open();
  await handle.write([{ seq: last.seq + 1, hash: leafHash(bytes), bytes }], []);
  await handle.close();
  const refused = { code: 'JIMINI_STORE_CORRUPT', message: /format v0.*move the data directory aside/ };
  await t.throwsAsync(openDoubleLog(store), refused);
});

test('a start goes on with the tree of the run before', async (t) => {
  const store = createFaultyStore();
  const sizes = [3, 100, 0, 100, 100];
  for (const count of sizes) {
    const log = await openDoubleLog(store);
    await Promise.all(Array.from({ length: count }, (_, index) => attempt(log, `r${index}`)));
    await log.close('shutdown');
  }
  const handle = await store.open();
  const leaves = store.disk.map(({ hash }) => Buffer.from(hash, 'hex'));
  t.true(leaves.length > TILE_WIDTH);
  t.deepEqual((await recoverEdge(handle, leaves.length)).root(), createReference(leaves).root(leaves.length));
});

test('a log that has not begun writes nothing, and is closed as it was found', async (t) => {
  const store = createFaultyStore();
  const log = await recoverAuditLog(logOptions(store));
  const waiting = attempt(log, 'r');
  t.like(log, { state: 'starting', waiting: 1, size: 0 });
  await log.close('error');
  t.is((await waiting).code, 'JIMINI_STORE_UNAVAILABLE');
  t.deepEqual(store.disk, []);
  const next = await openDoubleLog(store);
  await next.close('shutdown');
  t.is((await verifyRows(store.disk)).status, 'ok');
});

test('records that come before the log has begun are written behind its open leaf', async (t) => {
  const store = createFaultyStore();
  const log = await recoverAuditLog(logOptions(store));
  const early = Array.from({ length: LIMITS.appendQueueMax + 2 }, (_, i) => attempt(log, `r${i}`));
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(store.disk, []);
  await log.begin('first');
  const outcomes = await Promise.all(early);
  await healed(log);
  await log.close('shutdown');
  t.is(leavesOf(store.disk)[0]?.['kind'], 'open');
  t.is(outcomes.filter(({ code }) => code !== undefined).length, 2);
  t.deepEqual(await discrepancies(store, outcomes), []);
});

test('what is missed while a log begins is stated behind its open leaf', async (t) => {
  const store = createFaultyStore();
  const base = logOptions(store);
  const earlyMark = {
    ...base.earlyMark,
    async read() {
      log.miss();
      return 0;
    },
  };
  const log: RecoveredLog = await recoverAuditLog({ ...base, earlyMark });
  await log.begin('first');
  await log.append({ leafFields: decision('r') });
  await log.close('shutdown');
  t.deepEqual(
    leavesOf(store.disk).map(({ kind }) => kind),
    ['open', 'gap', 'decision', 'close'],
  );
  t.is((await verifyRows(store.disk)).status, 'ok');
});

test('a start whose open leaf cannot be written is refused', async (t) => {
  const store = createFaultyStore({ batchFate: () => 'lost' });
  await t.throwsAsync(openAuditLog(logOptions(store)), { code: 'JIMINI_STORE_UNAVAILABLE' });
});

test('while there is too little room, refusals take none: they are stated with the first record afterwards', async (t) => {
  let isLow = false;
  const store = createFaultyStore({ beforeDone: () => new Promise((resolve) => setImmediate(resolve)) });
  const log = await openAuditLog(logOptions(store, { isDiskLow: () => isLow }));
  const first = log.append({ leafFields: decision('first') });
  await new Promise((resolve) => setImmediate(resolve));
  isLow = true;
  // They come while the record before is being written, and ever after.
  for (let index = 0; index < 50; index += 1) {
    await t.throwsAsync(log.append({ leafFields: decision(`r${index}`) }), { code: 'JIMINI_STORE_UNAVAILABLE' });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await first;
  t.deepEqual(store.batchSizes, [1, 1]);
  isLow = false;
  t.is((await log.append({ leafFields: decision('last') })).seq, 3);
  t.like(leavesOf(store.disk)[2], { kind: 'gap', records: 50 });
  await log.close('shutdown');
});
