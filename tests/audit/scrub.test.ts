import test from 'ava';
import fc from 'fast-check';
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import type { LeafRow } from '../../sidecar/audit/log-store.js';
import { provenInclusion, signedTree } from '../../sidecar/audit/tree/proven.js';
import type { TileReader } from '../../sidecar/audit/tree/tiles.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createFaultyStore } from '../storage/faulty-store.js';
import { attempt, openDoubleLog } from './double-log.js';
import { PASSED_MS, steppedScrub } from './stepped-scrub.js';

const LEAVES = 40;
const AWAY = new JiminiError('JIMINI_STORE_UNAVAILABLE', 'away');

/** What can be done to one row; undefined = it is gone. */
type Damage = (row: LeafRow) => LeafRow | readonly LeafRow[] | undefined;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'one bit of it': (row) => ({ ...row, bytes: Buffer.from(row.bytes).fill(0x7d, 20, 21) }),
  'its hash': (row) => ({ ...row, hash: '0'.repeat(64) }),
  'the whole row': () => undefined,
  'that it is the only one': (row) => [row, { ...row, hash: 'f'.repeat(64) }],
};

/** A log that shows what `damages` say instead of what was written, and its scrub, taking one step at a call. */
function scrubbed(log: AuditLog, damages: ReadonlyMap<number, Damage>, from = 0) {
  const seen = (row: LeafRow) => {
    const damage = damages.get(row.seq);
    return damage ? (damage(row) ?? []) : row;
  };
  const page: AuditLog['page'] = async (seq, count) => (await log.page(seq, count)).flatMap(seen);
  const stepped = steppedScrub(log, { page }, { from });
  return { ...stepped, pass: () => stepped.steps(LEAVES) };
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
  t.is(scrub.passedMs, PASSED_MS);
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
        const { scrub, numbers, pass } = scrubbed(log, damages, from);
        for (let i = 0; i < 3; i++) await pass();
        t.deepEqual([...scrub.damaged].sort(byNumber), [...places].sort(byNumber));
        t.deepEqual(numbers('leaf').sort(byNumber), [...places].sort(byNumber));
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
  t.deepEqual(told, ['leaf 7']);
});

test('a row that the store cannot read is told, and none of those that are asked for together with it', async (t) => {
  const log = await logOfLeaves(LEAVES);
  const fail: Damage = () => {
    throw new JiminiError('JIMINI_STORE_CORRUPT', 'a block of a table');
  };
  const { told, pass } = scrubbed(log, new Map([[17, fail]]));
  await pass();
  t.deepEqual(told, ['leaf 17']);
});

test('what was removed from the front is not missed, and is no damage any more', async (t) => {
  const log = await logOfLeaves(8);
  const boundary = { minSeq: 0 };
  const page: AuditLog['page'] = async (seq, count) => (await log.page(seq, count)).filter((row) => row.seq > 3);
  const { scrub, told, steps } = steppedScrub(log, { removal: { boundary }, page });
  await steps(1);
  t.deepEqual(told, ['leaf 0']);
  boundary.minSeq = 4;
  await steps(8);
  t.deepEqual(told, ['leaf 0']);
  t.is(scrub.damaged.size, 0);
  t.is(scrub.passedMs, PASSED_MS);
  await log.close('shutdown');
});

test('what is removed while it is read is not missed', async (t) => {
  const log = await logOfLeaves(8);
  const boundary = { minSeq: 0 };
  const page: AuditLog['page'] = async () => {
    boundary.minSeq = 4;
    return [];
  };
  const { scrub, told, steps } = steppedScrub(log, { removal: { boundary }, page });
  await steps(1);
  t.deepEqual([told, scrub.damaged.size], [[], 0]);
  await log.close('shutdown');
});

test('what cannot be read because the log is being healed is read later', async (t) => {
  const log = await logOfLeaves(3);
  let isAway = true;
  const page: AuditLog['page'] = (seq, count) => (isAway ? Promise.reject(AWAY) : log.page(seq, count));
  const { scrub, told, steps } = steppedScrub(log, { page });
  await steps(5);
  t.is(scrub.checked, 0);
  isAway = false;
  await steps(3);
  t.is(scrub.checked, 3);
  t.deepEqual(told, []);
});

for (const what of ['leaves', 'payloads', 'tiles']) {
  test(`a log whose ${what} cannot be read for ten minutes is told of once, and again when it goes on`, async (t) => {
    const log = await logOfLeaves(300);
    let [nowMs, isAway] = [0, true];
    const unless =
      <A extends unknown[], T>(isRead: boolean, read: (...args: A) => Promise<T>) =>
      (...args: A) =>
        isRead && isAway ? Promise.reject(AWAY) : read(...args);
    const seen = {
      page: unless(what === 'leaves', log.page.bind(log)),
      payloadPage: unless(what === 'payloads', log.payloadPage.bind(log)),
    };
    const prove = unless(what === 'tiles', async () => {});
    const { scrub, told, steps } = steppedScrub(log, seen, { prove, monotonicMs: () => nowMs });
    const at = what === 'tiles' ? 256 : 0;
    await steps(at + 1);
    nowMs += LIMITS.scrubStalledMs - 1;
    await steps(1);
    t.deepEqual([told, scrub.isStalled], [[], false]);
    nowMs += 1;
    t.true(scrub.isStalled, 'also while an attempt does not come back');
    await steps(3);
    t.deepEqual([told, scrub.checked], [[`stalled at ${at} by JIMINI_STORE_UNAVAILABLE`], at]);
    isAway = false;
    await steps(1);
    t.deepEqual([told.slice(1), scrub.checked, scrub.isStalled], [['resumed'], at + 1, false]);
    isAway = true;
    await steps(299);
    nowMs += LIMITS.scrubStalledMs;
    await steps(1);
    t.is(told.length, 3, 'the next time it is told again');
    await log.close('shutdown');
  });
}

test('of a log that is being healed it is not told that it cannot be read, and the ten minutes begin after that', async (t) => {
  const log = await logOfLeaves(3);
  let nowMs = 0;
  const { size, removal } = log;
  const away = () => Promise.reject(AWAY);
  const seen = { size, removal, state: 'healing' as AuditLog['state'], page: away, payloadPage: away };
  const { scrub, told, steps } = steppedScrub(log, {}, { log: seen, monotonicMs: () => nowMs });
  nowMs = 5 * LIMITS.scrubStalledMs;
  await steps(1);
  t.deepEqual([told, scrub.isStalled], [[], false]);
  seen.state = 'open';
  await steps(1);
  t.deepEqual([told, scrub.isStalled], [[], false]);
  nowMs += LIMITS.scrubStalledMs;
  await steps(1);
  t.deepEqual([told.length, scrub.isStalled], [1, true]);
});

test('a tile that cannot be proven is told once, and forgotten when it can be again or is removed', async (t) => {
  const log = await logOfLeaves(600);
  while (log.signed.checkpoint?.size !== 600) await new Promise((resolve) => setImmediate(resolve));
  const { note } = log.signed.checkpoint;
  const boundary = { minSeq: 0 };
  const proven: number[] = [];
  let damage: 'one bit' | 'away' | 'none' = 'one bit';
  const readTile: TileReader['readTile'] = async (level, index, width) => {
    const tile = Buffer.from(await log.readTile(level, index, width));
    if (damage === 'away') throw AWAY;
    if (damage === 'one bit' && level === 0 && index === 1) tile.writeUInt8(tile.readUInt8(8_000) ^ 1, 8_000);
    return tile;
  };
  const prove = (seq: number) => {
    proven.push(seq);
    return provenInclusion(signedTree({ readTile }, note), seq);
  };
  const { scrub, told, steps } = steppedScrub(log, { removal: { boundary } }, { prove });
  await steps(1_200);
  t.deepEqual([proven, told, [...scrub.unproven]], [[0, 256, 0, 256], ['tile 1'], [1]]);
  damage = 'away';
  await steps(600);
  t.deepEqual([told, [...scrub.unproven]], [['tile 1'], [1]], 'what cannot be read now says nothing');
  t.is(scrub.checked, 1_200 + 256, 'and waits for it');
  damage = 'none';
  await steps(600);
  t.deepEqual([...scrub.unproven], []);
  damage = 'one bit';
  await steps(600);
  t.deepEqual([told, [...scrub.unproven]], [['tile 1', 'tile 1'], [1]]);
  boundary.minSeq = 512;
  await steps(88);
  t.deepEqual([[...scrub.unproven], scrub.damaged.size], [[], 0]);
  await log.close('shutdown');
});

function byNumber(a: number, b: number): number {
  return a - b;
}
