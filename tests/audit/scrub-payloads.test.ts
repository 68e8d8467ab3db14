import { randomBytes } from 'node:crypto';
import test from 'ava';
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { type Database, inDatabase } from '../storage/database.js';
import { createFaultyStore } from '../storage/faulty-store.js';
import { temporaryDataDirectory } from '../storage/temporary.js';
import { openDoubleLog } from './double-log.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';
import { steppedScrub } from './stepped-scrub.js';

const keyOf = (letter: string, seq: number) => Buffer.from(`${letter}${String.fromCharCode(...Array(7).fill(0), seq)}`);
/** As of a log that has so many leaves that 600 are read in each step. */
const ASKED_TOGETHER = { minSeq: (-600 * LIMITS.scrubPassMs) / LIMITS.scrubTickMs };

/** Appends six decisions, of which the fourth commits to nothing. */
async function fill(log: AuditLog, bytes = 100): Promise<AuditLog> {
  for (const at of [1, 2, 3, 4, 5, 6]) {
    const seals = at !== 4;
    const leafFields = decision(`r${at}`, seals ? { c_req: 'a'.repeat(64) } : {});
    await log.append({ leafFields, ...(seals && { seal: () => randomBytes(bytes + at) }) });
  }
  return log;
}

/** A log with `open`, these and `close` on a disk, what `change` did to it, and what was told in three passes over it after that. */
async function toldAfter(change: (db: Database) => Promise<unknown>) {
  const dataDir = await temporaryDataDirectory();
  await (await fill(await openAuditLog(levelLogOptions(dataDir)))).close('shutdown');
  await inDatabase(dataDir, change);
  const log = await openAuditLog(levelLogOptions(dataDir));
  const stepped = steppedScrub(log);
  const { size } = log;
  await stepped.steps(3 * size);
  await log.close('shutdown');
  return { ...stepped, size };
}

const flip = async (db: Database, key: Buffer, at: number) => {
  const bytes = Buffer.from((await db.get(key)) ?? '');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await db.put(key, bytes);
};

const DAMAGES: readonly { readonly what: string; readonly seq: number; change(db: Database): Promise<unknown> }[] = [
  { what: 'of which one bit is another', seq: 3, change: (db) => flip(db, keyOf('e', 3), 50) },
  { what: 'that is gone', seq: 2, change: (db) => db.del(keyOf('e', 2)) },
  { what: 'where none belongs', seq: 4, change: (db) => db.put(keyOf('e', 4), Buffer.of(1)) },
  { what: 'beside a leaf that is no decision', seq: 7, change: (db) => db.put(keyOf('e', 7), Buffer.of(1)) },
  { what: 'whose place in the key is followed by something', seq: 5, change: longerKey },
  { what: 'that was erased where there was none', seq: 4, change: (db) => db.put(keyOf('x', 4), Buffer.of(1)) },
];

async function longerKey(db: Database): Promise<void> {
  await db.put(Buffer.concat([keyOf('e', 5), Buffer.of(0)]), (await db.get(keyOf('e', 5))) ?? Buffer.of());
  await db.del(keyOf('e', 5));
}

for (const { what, seq, change } of DAMAGES) {
  test(`an envelope ${what} is told once, with its leaf, and all leaves are whole`, async (t) => {
    const { scrub, told, size } = await toldAfter(change);
    t.deepEqual([told, [...scrub.damagedPayloads]], [[`payload ${seq}`], [seq]]);
    t.is(scrub.damaged.size, 0);
    t.is(scrub.checked, 3 * size);
  });
}

test('envelopes that are as they were written are not told, and neither is one with a tombstone in its place', async (t) => {
  t.deepEqual((await toldAfter(async () => {})).told, []);
  const erased = await toldAfter(async (db) => {
    await db.del(keyOf('e', 2));
    await db.put(keyOf('x', 2), Buffer.alloc(45, 1));
  });
  t.deepEqual([erased.told, erased.scrub.damagedPayloads.size], [[], 0]);
});

test('what lies beside a leaf that does not hold is not compared', async (t) => {
  const log = await fill(await openDoubleLog(createFaultyStore()));
  const page: AuditLog['page'] = async (seq, count) =>
    (await log.page(seq, count)).map((row) => (row.seq === 3 ? { ...row, hash: '0'.repeat(64) } : row));
  const payloadPage: AuditLog['payloadPage'] = async (...range) => without(await log.payloadPage(...range), 3);
  const { told, steps } = steppedScrub(log, { page, payloadPage });
  await steps(2 * log.size);
  t.deepEqual(told, ['leaf 3']);
});

test('an envelope that can be read again is no damage any more, and neither is one whose leaf was removed', async (t) => {
  const log = await fill(await openDoubleLog(createFaultyStore()));
  const boundary = { minSeq: 0 };
  let gone = [2, 5];
  const payloadPage: AuditLog['payloadPage'] = async (...range) => without(await log.payloadPage(...range), ...gone);
  const { scrub, told, steps } = steppedScrub(log, { removal: { boundary }, payloadPage });
  await steps(log.size);
  t.deepEqual([...scrub.damagedPayloads], [2, 5]);
  gone = [2];
  await steps(log.size);
  t.deepEqual([...scrub.damagedPayloads], [2]);
  boundary.minSeq = 4;
  await steps(log.size);
  t.deepEqual([...scrub.damagedPayloads], []);
  t.deepEqual(told, ['payload 2', 'payload 5']);
});

test('envelopes that are removed with their leaves while they are read are not missed', async (t) => {
  const log = await fill(await openDoubleLog(createFaultyStore()));
  const boundary = { minSeq: 0 };
  const payloadPage: AuditLog['payloadPage'] = async (...range) => {
    const page = await log.payloadPage(...range);
    if (range[0] !== 2) return page;
    boundary.minSeq = 4;
    return without(page, 2);
  };
  const { scrub, told, steps } = steppedScrub(log, { removal: { boundary }, payloadPage });
  await steps(2 * log.size);
  t.deepEqual([told, scrub.damagedPayloads.size], [[], 0]);
});

test('an envelope that the store cannot read is told, and none of those that are asked for together with it', async (t) => {
  const log = await fill(await openDoubleLog(createFaultyStore()));
  const payloadPage: AuditLog['payloadPage'] = async (seq, end, bytesMax) => {
    if (seq <= 3 && end > 3) throw new JiminiError('JIMINI_STORE_CORRUPT', 'a block of a table');
    return log.payloadPage(seq, end, bytesMax);
  };
  const { scrub, told, steps } = steppedScrub(log, { removal: { boundary: ASKED_TOGETHER }, payloadPage });
  while (scrub.passedMs === undefined) await steps(1);
  t.deepEqual([told, scrub.damaged.size], [['payload 3'], 0]);
});

test('however many leaves are read at one time, no more envelopes are than have the bytes that one step may read', async (t) => {
  const log = await openDoubleLog(createFaultyStore());
  const bytes = 1024 * 1024;
  for (let at = 0; at < 12; at += 1) await fill(log, bytes);
  const read: number[] = [];
  const payloadPage: AuditLog['payloadPage'] = async (...range) => {
    const page = await log.payloadPage(...range);
    read.push([...page.envelopes.values()].reduce((sum, { length }) => sum + length, 0));
    return page;
  };
  const { scrub, told, steps } = steppedScrub(log, { removal: { boundary: ASKED_TOGETHER }, payloadPage });
  for (let step = 0; scrub.passedMs === undefined && step < 100; step += 1) await steps(1);
  t.deepEqual(told, []);
  t.is(scrub.checked, log.size);
  t.true(Math.max(...read) < LIMITS.scrubPayloadBytesMax + bytes + 10, `${Math.max(...read)}`);
  t.true(read.length <= 60 / 4 + 1, 'and not fewer than may be');
});

function without(page: Awaited<ReturnType<AuditLog['payloadPage']>>, ...gone: readonly number[]) {
  return { ...page, envelopes: new Map([...page.envelopes].filter(([seq]) => !gone.includes(seq))) };
}
