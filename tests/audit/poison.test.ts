import test from 'ava';
import fc from 'fast-check';
import type { LogHealth } from '../../sidecar/audit/healing.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { type BatchFate, createFaultyStore, type FaultyStoreOptions } from '../storage/faulty-store.js';
import {
  attempt,
  discrepancies,
  healed,
  leavesOf,
  lostRecords,
  type Outcome,
  openDoubleLog,
  verifyRows,
} from './double-log.js';
import { decision, logOptions, openAuditLog } from './records.js';

/** A script of appends in bursts and a close, against a store with faults. Gives what is wrong afterwards. */
async function runScript(bursts: readonly number[], faults: FaultyStoreOptions): Promise<string[]> {
  const store = createFaultyStore(faults);
  const log = await openDoubleLog(store);
  const outcomes: Outcome[] = [];
  for (const [burst, size] of bursts.entries()) {
    const appends = Array.from({ length: size }, (_, index) => attempt(log, `r${burst}-${index}`));
    outcomes.push(...(await Promise.all(appends)));
    await healed(log);
    const after = await attempt(log, `after${burst}`);
    outcomes.push(after);
    await healed(log);
  }
  const isClosed = await log.close('shutdown').then(
    () => true,
    () => false,
  );
  if (isClosed) return discrepancies(store, outcomes);
  // The end could not be written, so the last refusals are not stated; the next run must find the rest in order.
  store.repair();
  const next = await openDoubleLog(store);
  await next.close('shutdown');
  const isWhole = leavesOf(store.disk).every(({ kind }) => kind !== 'key');
  return [...(await lostRecords(store.disk, outcomes)), ...(isWhole ? [] : ['the log does not go on'])];
}

for (const fate of ['lost', 'phantom'] as const) {
  test(`whichever batch fails (${fate}), acknowledged records are there once and the rest is stated`, async (t) => {
    const bursts = [3, 1, 5, 2];
    // Until N lies beyond the script: batch 0 is the open leaf, whose failure refuses the start.
    for (let failing = 1; failing < 12; failing += 1) {
      for (const sticky of [1, 2, 4]) {
        const batchFate = (batch: number): BatchFate =>
          batch >= failing && batch < failing + sticky ? fate : 'written';
        t.deepEqual(await runScript(bursts, { batchFate }), [], `batch ${failing}, ${sticky} times`);
      }
    }
  });
}

test('whatever fails in whatever order, acknowledged records are there once and the rest is stated', async (t) => {
  const fates = fc.array(fc.constantFrom<BatchFate>('written', 'written', 'lost', 'phantom'), { maxLength: 20 });
  const openings = fc.array(fc.boolean(), { maxLength: 8 });
  const bursts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fates, openings, bursts, async (fate, failing, sizes) => {
      const wrong = await runScript(sizes, {
        batchFate: (batch) => (batch === 0 ? 'written' : (fate[batch - 1] ?? 'written')),
        openFails: (opening) => opening > 0 && (failing[opening - 1] ?? false),
      });
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('during an outage records are refused at once, and the log tells when it stops and starts', async (t) => {
  const { promise: mayHeal, resolve: letHeal } = Promise.withResolvers<void>();
  const store = createFaultyStore({
    batchFate: (batch) => (batch === 1 ? 'phantom' : 'written'),
    openFails: (opening) => opening === 1,
  });
  const health: LogHealth[] = [];
  const log = await openAuditLog(logOptions(store, { wait: () => mayHeal, onHealth: (event) => health.push(event) }));
  const failed = await Promise.all([attempt(log, 'a'), attempt(log, 'b')]);
  t.is(log.state, 'healing');
  const during = await attempt(log, 'c');
  t.deepEqual(
    [...failed, during].map(({ code }) => code),
    Array(3).fill('JIMINI_STORE_UNAVAILABLE'),
  );
  letHeal();
  await healed(log);
  const after = await attempt(log, 'd');
  t.is(after.seq, 4, 'two that were kept, the gap leaf, then this one');
  t.deepEqual(
    health.map((event) => (event.state === 'open' ? 'open' : event.failedAttempts)),
    [0, 1, 'open'],
  );
  await log.close('shutdown');
  const gap = leavesOf(store.disk)[3];
  t.like(gap, { kind: 'gap', reason: 'store_unavailable', records: 3, kept: [1, 2] });
  t.true((gap?.['first_ms'] as number) <= (gap?.['last_ms'] as number));
  t.deepEqual(await discrepancies(store, [...failed, during, after]), []);
});

test('a store that lost an acknowledged leaf is not written to again', async (t) => {
  let isShort = false;
  const store = createFaultyStore({ batchFate: (batch) => (batch === 2 ? 'lost' : 'written') });
  const shortened = {
    async open() {
      const handle = await store.open();
      const rowsFrom = (seq: number) => (isShort ? none() : handle.rowsFrom(seq));
      return { ...handle, rowsFrom };
    },
  };
  const { promise, resolve } = Promise.withResolvers<LogHealth>();
  const onHealth = (event: LogHealth) => event.state === 'healing' && event.failedAttempts > 0 && resolve(event);
  const log = await openAuditLog(logOptions(shortened, { wait: () => nextTurn(), onHealth }));
  await log.append({ leafFields: decision('kept') });
  isShort = true;
  await attempt(log, 'fails');
  const event = await promise;
  t.is(event.state === 'healing' && event.error.code, 'JIMINI_STORE_CORRUPT');
  await t.throwsAsync(log.close('shutdown'), { code: 'JIMINI_STORE_UNAVAILABLE' });
  t.is(store.batches, 3, 'nothing was written after the failure');
});

test('close during an outage tries once more, and says when the end could not be written', async (t) => {
  const store = createFaultyStore({ batchFate: (batch) => (batch === 0 ? 'written' : 'lost') });
  const log = await openAuditLog(logOptions(store));
  await attempt(log, 'r');
  await t.throwsAsync(log.close('shutdown'), { code: 'JIMINI_STORE_UNAVAILABLE' });
  t.is(log.state, 'closed');
  t.is(store.disk.length, 1);
});

async function* none() {}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

for (const fate of ['lost', 'phantom'] as const) {
  test(`a batch that states refusals and fails itself (${fate}) is accounted for`, async (t) => {
    const { promise, resolve: letWrite } = Promise.withResolvers<void>();
    const store = createFaultyStore({
      beforeDone: (batch) => (batch === 1 ? promise : Promise.resolve()),
      batchFate: (batch) => (batch === 2 ? fate : 'written'),
    });
    const log = await openDoubleLog(store);
    const outcomes = [attempt(log, 'first')];
    while (store.batches < 2) await nextTurn();
    // One more than there is room for: it is refused, and the next batch begins with a gap leaf.
    for (let index = 0; index <= LIMITS.appendQueueMax; index += 1) outcomes.push(attempt(log, `r${index}`));
    letWrite();
    await Promise.all(outcomes);
    await healed(log);
    await log.close('shutdown');
    const gaps = leavesOf(store.disk).filter((leaf) => leaf['kind'] === 'gap');
    const batch = LIMITS.appendBatchMax;
    t.deepEqual(
      gaps.map((leaf) => [leaf['records'], leaf['kept']]),
      fate === 'lost'
        ? [[LIMITS.appendQueueMax + 1, []]]
        : [
            [1, []],
            [LIMITS.appendQueueMax, [3, 3 + batch - 1]],
          ],
    );
    t.is((await verifyRows(store.disk)).status, 'ok');
  });
}
