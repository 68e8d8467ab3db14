import test from 'ava';
import fc from 'fast-check';
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import type { LeafRow } from '../../sidecar/audit/log-store.js';
import { createScrub } from '../../sidecar/audit/scrub.js';
import { provenInclusion, signedTree } from '../../sidecar/audit/tree/proven.js';
import type { TileReader } from '../../sidecar/audit/tree/tiles.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createFaultyStore } from '../storage/faulty-store.js';
import { attempt, openDoubleLog } from './double-log.js';

const LEAVES = 40;

/** What can be done to one row; undefined = it is gone. */
type Damage = (row: LeafRow) => LeafRow | readonly LeafRow[] | undefined;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'one bit of it': (row) => ({ ...row, bytes: Buffer.from(row.bytes).fill(0x7d, 20, 21) }),
  'its hash': (row) => ({ ...row, hash: '0'.repeat(64) }),
  'the whole row': () => undefined,
  'that it is the only one': (row) => [row, { ...row, hash: 'f'.repeat(64) }],
};

const NOTHING_PROVEN = { prove: async () => {}, onUnproven: () => {} };

/** A log that shows what `damages` say instead of what was written, and its scrub, taking one step at a call. */
function scrubbed(log: AuditLog, damages: ReadonlyMap<number, Damage>, from = 0) {
  const told: number[] = [];
  let run = () => Promise.resolve();
  let isCalledOff = false;
  const seen = (row: LeafRow) => {
    const damage = damages.get(row.seq);
    return damage ? (damage(row) ?? []) : row;
  };
  const scrub = createScrub({
    log: {
      size: log.size,
      removal: log.removal,
      page: async (seq, count) => (await log.page(seq, count)).flatMap(seen),
    },
    from,
    nowMs: () => 1_700_000_000_000,
    ...NOTHING_PROVEN,
    onDamaged: (seq) => told.push(seq),
    every: (ms, step) => {
      if (ms !== LIMITS.scrubTickMs) throw new Error(`asked to run every ${ms} ms`);
      run = step;
      return () => {
        isCalledOff = true;
      };
    },
  });
  /** Steps to the end of the log. */
  const pass = async () => {
    for (let i = 0; i < LEAVES; i++) await run();
  };
  return { scrub, told, pass, step: () => run(), isCalledOff: () => isCalledOff };
}

async function logOfLeaves(count: number): Promise<AuditLog> {
  const log = await openDoubleLog(createFaultyStore());
  while (log.size < count) await attempt(log, 'r');
  return log;
}

test('a whole log is read once in a pass, and then again from its beginning', async (t) => {
  const log = await logOfLeaves(LEAVES);
  const { scrub, told, pass, step } = scrubbed(log, new Map());
  t.is(scrub.passedMs, undefined);
  await pass();
  t.is(scrub.checked, LEAVES);
  t.is(scrub.passedMs, 1_700_000_000_000);
  await step();
  t.is(scrub.checked, LEAVES + 1);
  t.deepEqual(told, []);
});

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`where ${name} is damaged, that leaf is told once, and the others are read all the same`, async (t) => {
    const log = await logOfLeaves(LEAVES);
    const place = fc.uniqueArray(fc.nat(LEAVES - 1), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(place, fc.nat(LEAVES - 1), async (places, from) => {
        const damages = new Map(places.map((seq) => [seq, damage]));
        const { scrub, told, pass } = scrubbed(log, damages, from);
        for (let i = 0; i < 3; i++) await pass();
        t.deepEqual([...scrub.damaged].sort(byNumber), [...places].sort(byNumber));
        t.deepEqual(told.sort(byNumber), [...places].sort(byNumber));
        t.true(scrub.checked >= 2 * (LEAVES - places.length));
        damages.clear();
        for (let i = 0; i < 2; i++) await pass();
        t.is(scrub.damaged.size, 0, 'what can be read again is not damaged');
      }),
      { numRuns: 50 },
    );
  });
}

test('a leaf that was replaced together with its hash does not fit to the one behind it', async (t) => {
  const log = await logOfLeaves(LEAVES);
  const other = (await (await logOfLeaves(LEAVES)).page(7, 1))[0] as LeafRow;
  const { told, pass } = scrubbed(log, new Map([[7, () => other]]));
  await pass();
  t.deepEqual(told, [7]);
});

test('a row that the store cannot read is told, and none of those that are asked for together with it', async (t) => {
  const log = await logOfLeaves(LEAVES);
  const fail: Damage = () => {
    throw new JiminiError('JIMINI_STORE_CORRUPT', 'a block of a table');
  };
  const { told, pass } = scrubbed(log, new Map([[17, fail]]));
  await pass();
  t.deepEqual(told, [17]);
});

test('what was removed from the front is not missed, and is no damage any more', async (t) => {
  const log = await logOfLeaves(8);
  const boundary = { minSeq: 0 };
  const told: number[] = [];
  let step = () => Promise.resolve();
  const scrub = createScrub({
    log: {
      size: 8,
      removal: { boundary },
      page: async (seq, count) => (await log.page(seq, count)).filter((row) => row.seq > 3),
    },
    from: 0,
    nowMs: () => 1,
    prove: async () => {},
    onDamaged: (seq) => told.push(seq),
    onUnproven: () => {},
    every: (_, run) => {
      step = run;
      return () => {};
    },
  });
  await step();
  t.deepEqual(told, [0]);
  boundary.minSeq = 4;
  for (let steps = 0; steps < 8; steps += 1) await step();
  t.deepEqual(told, [0]);
  t.is(scrub.damaged.size, 0);
  t.is(scrub.passedMs, 1);
  await log.close('shutdown');
});

test('what cannot be read because the log is being healed is read later', async (t) => {
  const log = await logOfLeaves(3);
  let isAway = true;
  let step = () => Promise.resolve();
  const scrub = createScrub({
    log: {
      size: 3,
      removal: log.removal,
      page: (seq, count) =>
        isAway ? Promise.reject(new JiminiError('JIMINI_STORE_UNAVAILABLE', 'away')) : log.page(seq, count),
    },
    from: 0,
    nowMs: () => 0,
    ...NOTHING_PROVEN,
    onDamaged: () => t.fail(),
    every: (_, run) => {
      step = run;
      return () => {};
    },
  });
  for (let i = 0; i < 5; i++) await step();
  t.is(scrub.checked, 0);
  isAway = false;
  for (let i = 0; i < 3; i++) await step();
  t.is(scrub.checked, 3);
});

test('a tile that cannot be proven is told once, and forgotten when it can be again or is removed', async (t) => {
  const log = await logOfLeaves(600);
  while (log.signed.checkpoint?.size !== 600) await new Promise((resolve) => setImmediate(resolve));
  const { note } = log.signed.checkpoint;
  const boundary = { minSeq: 0 };
  const told: number[] = [];
  const proven: number[] = [];
  let damage: 'one bit' | 'away' | 'none' = 'one bit';
  const readTile: TileReader['readTile'] = async (level, index, width) => {
    const tile = Buffer.from(await log.readTile(level, index, width));
    if (damage === 'away') throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'away');
    if (damage === 'one bit' && level === 0 && index === 1) tile.writeUInt8(tile.readUInt8(8_000) ^ 1, 8_000);
    return tile;
  };
  let step = () => Promise.resolve();
  const scrub = createScrub({
    log: { size: 600, removal: { boundary }, page: log.page.bind(log) },
    from: 0,
    nowMs: () => 1,
    prove(seq) {
      proven.push(seq);
      return provenInclusion(signedTree({ readTile }, note), seq);
    },
    onDamaged: () => t.fail(),
    onUnproven: (tile) => told.push(tile),
    every: (_, run) => {
      step = run;
      return () => {};
    },
  });
  const pass = async (leaves = 600) => {
    for (let steps = 0; steps < leaves; steps += 1) await step();
  };
  await pass();
  await pass();
  t.deepEqual([proven, told, [...scrub.unproven]], [[0, 256, 0, 256], [1], [1]]);
  damage = 'away';
  await pass();
  t.deepEqual([told, [...scrub.unproven]], [[1], [1]], 'what cannot be read now says nothing');
  damage = 'none';
  await pass();
  t.deepEqual([...scrub.unproven], []);
  damage = 'one bit';
  await pass();
  t.deepEqual([told, [...scrub.unproven]], [[1, 1], [1]]);
  boundary.minSeq = 512;
  await pass(88);
  t.deepEqual([[...scrub.unproven], scrub.damaged.size], [[], 0]);
  await log.close('shutdown');
});

function byNumber(a: number, b: number): number {
  return a - b;
}
