import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, inDatabase } from '../storage/database.js';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { openByClock, pruneAll, type StoppedClock, steppedPruner, stoppedClock } from './prune-rig.js';
import { python, verifier } from './python-verifier.js';
import { decision } from './records.js';
import { runLogCommand as jimini } from './run-log.js';

const test = needs(pythonAndOpenssl);

const HEADS = ['checkpoint.a', 'checkpoint.b'] as const;
const LEAVES = 1000;

function keyOf(letter: string, seq: number): Buffer {
  const key = Buffer.alloc(9, letter);
  key.writeBigUInt64BE(BigInt(seq), 1);
  return key;
}

/** A log of records with payloads, with a second key from its beginning, of which all was removed that may be. */
async function prunedLog(clock: StoppedClock): Promise<string> {
  const dataDir = await temporaryDataDirectory();
  await (await openByClock(dataDir, clock)).close('shutdown');
  for (const name of HEADS) rmSync(join(dataDir, name), { force: true });
  const log = await openByClock(dataDir, clock);
  const records = Array.from({ length: LEAVES - log.size }, (_, at) => decision(`r${at}`, { c_req: 'a'.repeat(64) }));
  await Promise.all(records.map((leafFields) => log.append({ leafFields, seal: () => randomBytes(50) })));
  await pruneAll(log, clock);
  await log.close('shutdown');
  return dataDir;
}

/** How many rows of each kind there are, by the first byte of their keys. */
async function countsOf(dataDir: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const key of await inDatabase(dataDir, (db) => db.keys().all())) {
    const letter = key.toString('latin1', 0, 1);
    counts[letter] = (counts[letter] ?? 0) + 1;
  }
  return counts;
}

async function copyOf(dataDir: string): Promise<string> {
  const copy = join(temporaryDirectory(), 'data');
  await cp(dataDir, copy, { recursive: true });
  return copy;
}

function verified(dataDir: string) {
  const { exit, stdout } = jimini('verify', '--data-dir', dataDir, '--format', 'json');
  return { exit, ...(JSON.parse(stdout) as Record<string, unknown>) };
}

test('payloads go with the leaves that are removed; those behind are held against their leaves', async (t) => {
  const clock = stoppedClock();
  const whole = await prunedLog(clock);
  t.like(await countsOf(whole), { l: LEAVES - 768 + 2, e: LEAVES - 768, k: 1, p: 1 });
  const payloads = { envelopes: LEAVES - 768, erased: 0 };
  t.like(verified(whole), { exit: 0, pruned_entries: 768, payloads });
  const out = join(temporaryDirectory(), 'export');
  t.is(jimini('export', '--data-dir', whole, '--out', out).exit, 0);
  t.is(python([verifier, '--export', out]).exit, 0);

  for (const [what, seq, change] of [
    ['the first one', 768, (db: Database) => db.del(keyOf('e', 768))],
    ['the last one', LEAVES - 1, (db: Database) => db.del(keyOf('e', LEAVES - 1))],
    ['one in between is another one', 900, (db: Database) => db.put(keyOf('e', 900), randomBytes(50))],
  ] as const) {
    const dataDir = await copyOf(whole);
    await inDatabase(dataDir, change);
    t.like(verified(dataDir), { exit: 1, fault: { seq, rule: 'envelope' } }, what);
  }

  await inDatabase(whole, async (db) => {
    for (const letter of ['e', 'x']) await db.put(keyOf(letter, 767), randomBytes(50));
  });
  t.like(verified(whole), { exit: 0, payloads }, 'what is left of removed leaves counts for nothing');
  const log = await openByClock(whole, clock);
  await steppedPruner(log, clock).step();
  await log.close('shutdown');
  const { x = 0, e } = await countsOf(whole);
  t.deepEqual([x, e], [0, LEAVES - 768], 'and the next run removes it');
});

test('when the leaves behind a boundary are gone it goes with what they have left', async (t) => {
  const clock = stoppedClock();
  const dataDir = await prunedLog(clock);
  await inDatabase(dataDir, (db) => db.clear({ gte: Buffer.from('l'), lt: Buffer.from('m') }));
  const log = await openByClock(dataDir, clock);
  t.like(log.signed.discontinuity, { reason: 'log_shorter', recovered_size: 0 });
  await log.close('shutdown');
  t.deepEqual(Object.keys(await countsOf(dataDir)), ['l']);
  t.like(verified(dataDir), { exit: 0, pruned_entries: 0, gap_leaves: 1 });
});
