import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { pruneOf } from '../../sidecar/audit/prune/prune-leaf.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { type Database, deleted, inDatabase, keysOf } from '../storage/database.js';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import {
  appendMany,
  openByClock,
  pruneAll,
  RETENTION_MS,
  type StoppedClock,
  signed,
  steppedPruner,
  stoppedClock,
} from './prune-rig.js';
import { python, verifier } from './python-verifier.js';
import { decision } from './records.js';
import { runLogCommand as jimini } from './run-log.js';

const test = needs(pythonAndOpenssl);

/** Both verifiers over data directory and export. */
function verifiedAs(t: ExecutionContext, exit: number, dataDir: string, ...args: string[]) {
  const out = join(temporaryDirectory(), 'export');
  const ours = jimini('verify', '--data-dir', dataDir, '--format', 'json', ...args);
  t.is(ours.exit, exit, ours.stdout + ours.stderr);
  const exported = jimini('export', '--data-dir', dataDir, '--out', out);
  t.is(exported.exit, 0, exported.stderr);
  const ofExport = jimini('verify', '--export', out, ...args);
  t.is(ofExport.exit, exit, ofExport.stdout + ofExport.stderr);
  const theirs = python([verifier, '--export', out, ...args]);
  t.is(theirs.exit, exit, theirs.stdout + theirs.stderr);
  return { out, text: ofExport.stdout, report: ours.stdout === '' ? {} : JSON.parse(ours.stdout) };
}

test('leaves are removed, and what is left holds, is proven, and goes on', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const clock = stoppedClock();
  const first = await openByClock(dataDir, clock);
  await appendMany(first, 298);
  await first.close('shutdown');
  const folder = temporaryDirectory();
  const [early, key] = [join(folder, 'early'), join(folder, 'key.pub')];
  const told = JSON.parse(jimini('head', '--data-dir', dataDir, '--format', 'json').stdout);
  writeFileSync(early, told.checkpoint);
  writeFileSync(key, `${told.verifier_keys[0]}\n`);

  // The key changes below the boundary, and what is pinned is the one from before.
  t.is(jimini('rotate-key', '--data-dir', dataDir).exit, 0);
  const second = await openByClock(dataDir, clock);
  await second.append({ leafFields: decision('sealed', { c_req: 'a'.repeat(64) }), seal: () => Buffer.from('sealed') });
  await appendMany(second, 500);
  t.deepEqual(await pruneAll(second, clock), [768]);
  await second.append({ leafFields: decision('later', { c_req: 'a'.repeat(64) }), seal: () => Buffer.from('sealed') });
  await second.close('shutdown');

  const { out, text, report } = verifiedAs(t, 0, dataDir, '--key', key);
  t.like(report, { status: 'ok', pruned_entries: 768, epoch: 2 });
  t.regex(text, /\nThe first 768 leaves were removed \(retention\), the last of them on 20\d\d-/);
  verifiedAs(t, 4, dataDir, '--anchor', early);
  await inDatabase(dataDir, async (db) => {
    t.is((await keysOf(db, 'l')).length, report.entries);
    t.is((await keysOf(db, 'e')).length, 1);
    t.is((await keysOf(db, 'k')).length, 1);
    t.is((await keysOf(db, 'p')).length, 1);
  });

  for (const place of [
    ['--data-dir', dataDir],
    ['--export', out],
  ]) {
    const proven = jimini('prove', '790', ...place, '--out', join(folder, `${place[0]}.tlog-proof`));
    t.is(proven.exit, 0, proven.stderr);
    const refused = jimini('prove', '5', ...place);
    t.is(refused.exit, 2);
    t.is(refused.stderr, 'jimini: leaf 5 was removed: the log begins with leaf 768\n');
    t.regex(jimini('head', ...place).stdout, /\nfirst_seq +768\n/);
  }
  writeFileSync(join(out, 'leaf.tlog-proof'), jimini('prove', '790', '--data-dir', dataDir).stdout);
  t.is(jimini('verify', '--export', out).exit, 0);
  t.is(jimini('show', '5', '--data-dir', dataDir).exit, 2);
  t.regex(jimini('show', '768-9999', '--data-dir', dataDir).stdout, /prune +leaves below 768 are removed: retention\n/);

  // Another run, another key, and another removal.
  t.is(jimini('rotate-key', '--data-dir', dataDir).exit, 0);
  const third = await openByClock(dataDir, clock);
  t.is(third.signed.discontinuity, undefined);
  await appendMany(third, 300);
  t.deepEqual(await pruneAll(third, clock), [1024]);
  await third.close('shutdown');
  t.like(verifiedAs(t, 0, dataDir, '--key', key).report, { pruned_entries: 1024, epoch: 3 });
});

test('a log whose prune leaf was cut off goes on under another key, and so does the next run', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const clock = stoppedClock();
  const first = await openByClock(dataDir, clock);
  await appendMany(first, 100);
  await first.close('shutdown');
  t.is(jimini('rotate-key', '--data-dir', dataDir).exit, 0);
  const second = await openByClock(dataDir, clock);
  await appendMany(second, 200);
  t.deepEqual(await pruneAll(second, clock), [256]);
  await second.close('shutdown');
  await inDatabase(dataDir, async (db) => {
    const pruneSeq = (await keysOf(db, 'p'))[0]?.readUInt32BE(13) as number;
    await db.batch((await keysOf(db, 'l')).filter((key) => key.readUInt32BE(5) >= pruneSeq).map(deleted));
  });

  // Where the key leaves from below are gone as well, nothing tells which keys have signed.
  const copy = join(temporaryDirectory(), 'copy');
  cpSync(dataDir, copy, { recursive: true });
  await inDatabase(copy, async (db) => db.batch((await keysOf(db, 'k')).map(deleted)));
  const refusal = {
    code: 'JIMINI_STORE_CORRUPT',
    message: /^which keys have signed .* or with another data directory$/,
  };
  await t.throwsAsync(openByClock(copy, clock), refusal);

  for (const [reason, epoch] of [
    ['log_shorter', 3],
    [undefined, 3],
  ] as const) {
    const log = await openByClock(dataDir, clock);
    t.is(log.signed.discontinuity?.reason, reason);
    t.is(log.signed.keys.length, epoch);
    // Nothing shows any more that what is missing was rightly removed: it is evidence, and so is what stands behind it.
    clock.goOn(RETENTION_MS);
    const held = steppedPruner(log, clock);
    for (let rounds = 0; rounds < 2; rounds += 1) {
      await held.step();
      clock.goOn(LIMITS.pruneRoundMs);
    }
    const problem = 'the leaf 0 is damaged or missing, and keeps what stands behind it: run `jimini log verify`';
    t.deepEqual([held.problems, held.pruner.problem, held.boundaries], [[problem], problem, []]);
    const forEver = steppedPruner(log, clock, Number.POSITIVE_INFINITY);
    await forEver.step();
    t.is(forEver.pruner.problem, undefined);
    await log.close('shutdown');
  }
  t.is(jimini('verify', '--data-dir', dataDir).exit, 1);
});

/** A log whose leaves below 512 are being removed: some rows are gone, and most are still there. */
async function halfPruned(): Promise<{ dataDir: string; clock: StoppedClock }> {
  const dataDir = await temporaryDataDirectory();
  const clock = stoppedClock();
  const log = await openByClock(dataDir, clock);
  await appendMany(log, 700);
  await signed(log);
  const { leafFields, keyLeaves } = await pruneOf(log, 512);
  const { seq } = await log.append({ leafFields });
  await signed(log);
  await log.removal.beginAt({ minSeq: 512, pruneSeq: seq }, keyLeaves);
  await log.removal.removeBelow(100);
  await log.close('shutdown');
  return { dataDir, clock };
}

test('a removal that fails says why until it succeeds, and leaves that are not old yet are no problem', async (t) => {
  const clock = stoppedClock();
  const log = await openByClock(await temporaryDataDirectory(), clock);
  await appendMany(log, 300);
  await signed(log);
  let broken: 'gone' | 'wrong' | undefined = 'gone';
  const breakable = new Proxy(log, {
    get(target, name) {
      if (broken === 'gone' && name === 'readTile') throw new JiminiError('JIMINI_STORE_CORRUPT', 'tile 0 is gone');
      if (broken === 'wrong' && name === 'readTile') {
        return async (level: number, index: number, width: number) => {
          const tile = await target.readTile(level, index, width);
          return level === 1 ? tile.map((byte) => byte ^ 1) : tile;
        };
      }
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  const { step, problems, pruner } = steppedPruner(breakable, clock);
  await step();
  t.is(pruner.problem, undefined);
  clock.goOn(RETENTION_MS + LIMITS.pruneRoundMs);
  await step();
  await step();
  t.deepEqual([problems, pruner.problem], [['tile 0 is gone'], 'tile 0 is gone']);
  // What a `prune` leaf says of removed leaves nobody could put right afterwards.
  broken = 'wrong';
  const { size } = log;
  await step();
  t.regex(pruner.problem ?? '', /^the proof that 301 leaves begin with 256 does not lead/);
  t.is(log.size, size);
  broken = undefined;
  await step();
  t.is(pruner.problem, undefined);
  t.is(log.size, size + 1);
  await log.close('shutdown');
});

test('a removal that was interrupted holds, and the next run brings it to its end', async (t) => {
  const { dataDir, clock } = await halfPruned();
  t.like(verifiedAs(t, 0, dataDir).report, { pruned_entries: 512 });
  const log = await openByClock(dataDir, clock);
  t.is(log.removal.boundary.minSeq, 512);
  await steppedPruner(log, clock).step();
  await log.close('shutdown');
  verifiedAs(t, 0, dataDir);
  t.is(await inDatabase(dataDir, async (db) => (await keysOf(db, 'l'))[0]?.readUInt32BE(5)), 512);
});

const damages: readonly (readonly [what: string, rule: string, damage: (db: Database) => Promise<unknown>])[] = [
  ['the boundary taken away', 'seq', async (db) => db.batch((await keysOf(db, 'p')).map(deleted))],
  ['a boundary moved', 'seq', async (db) => moved(db, 600)],
  ['a boundary that names another leaf', 'boundary', async (db) => moved(db, 512, 650)],
  ['a leaf behind the boundary taken away', 'seq', async (db) => db.batch([deleted(await leafKeyAt(db, 512))])],
  ['the prune leaf taken away', 'boundary', async (db) => db.batch([deleted(await leafKeyAt(db, 701))])],
  [
    'a hash of the tree below the boundary taken away',
    'tree',
    async (db) => db.batch((await keysOf(db, 't\u0001')).slice(0, 1).map(deleted)),
  ],
  ['a hash of the tree below the boundary put in', 'tree', async (db) => db.put(hashKey(1, 1), Buffer.of())],
  ['a tile of leaf hashes behind the boundary put in', 'tree', async (db) => db.put(hashKey(0, 2), Buffer.alloc(8192))],
  ['a hash of the tree behind the boundary put in', 'tree', async (db) => db.put(hashKey(1, 2), Buffer.of())],
];

async function leafKeyAt(db: Database, seq: number): Promise<Buffer> {
  return (await keysOf(db, 'l')).find((key) => key.readUInt32BE(5) === seq) as Buffer;
}

async function moved(db: Database, minSeq: number, pruneSeq?: number): Promise<void> {
  const [key] = await keysOf(db, 'p');
  const other = Buffer.from(key as Buffer);
  other.writeUInt32BE(minSeq, 5);
  if (pruneSeq) other.writeUInt32BE(pruneSeq, 13);
  await db.batch([deleted(key as Buffer), { type: 'put', key: other, value: Buffer.of() }]);
}

function hashKey(level: number, index: number): Buffer {
  const key = Buffer.alloc(42, 1);
  key.write('t');
  key.writeUInt8(level, 1);
  key.writeBigUInt64BE(BigInt(index), 2);
  return key;
}

test('what somebody does to the rows of such a log is found', async (t) => {
  const { dataDir } = await halfPruned();
  const folder = temporaryDirectory();
  for (const [at, [what, rule, damage]] of damages.entries()) {
    const copy = join(folder, `${at}`);
    cpSync(dataDir, copy, { recursive: true });
    await inDatabase(copy, damage);
    const { exit, stdout, stderr } = jimini('verify', '--data-dir', copy, '--format', 'json');
    t.is(exit, 1, what + stdout + stderr);
    t.is(JSON.parse(stdout).fault.rule, rule, what + stdout);
  }
});
