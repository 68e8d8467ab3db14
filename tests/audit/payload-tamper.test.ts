import { randomBytes } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { type Database, inDatabase } from '../storage/database.js';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';
import { runLogCommand as jimini } from './run-log.js';

const keyOf = (letter: string, seq: number) => Buffer.from(`${letter}${String.fromCharCode(...Array(7).fill(0), seq)}`);

/** A log of open, six decisions of which the fourth commits to nothing, and close. */
async function someLog(): Promise<string> {
  const dataDir = await temporaryDataDirectory();
  const log = await openAuditLog(levelLogOptions(dataDir));
  for (const at of [1, 2, 3, 4, 5, 6]) {
    const seals = at !== 4;
    const leafFields = decision(`r${at}`, seals ? { c_req: 'a'.repeat(64) } : {});
    await log.append({ leafFields, ...(seals && { seal: () => randomBytes(100 + at) }) });
  }
  await log.close('shutdown');
  return dataDir;
}

const envelopeOf = async (db: Database, seq: number) => (await db.get(keyOf('e', seq))) as Buffer;

const ATTACKS: readonly { readonly what: string; readonly seq: number; change(db: Database): Promise<void> }[] = [
  { what: 'an envelope was removed', seq: 2, change: (db) => db.del(keyOf('e', 2)) },
  {
    what: 'an envelope was cut',
    seq: 3,
    change: async (db) => db.put(keyOf('e', 3), (await envelopeOf(db, 3)).subarray(0, -1)),
  },
  {
    what: 'two envelopes were swapped',
    seq: 5,
    async change(db) {
      const [a, b] = [await envelopeOf(db, 5), await envelopeOf(db, 6)];
      await db.put(keyOf('e', 5), b);
      await db.put(keyOf('e', 6), a);
    },
  },
  {
    what: 'an envelope was put beside a leaf without one',
    seq: 4,
    change: (db) => db.put(keyOf('e', 4), Buffer.of(1)),
  },
  { what: 'an envelope was put behind the end', seq: 8, change: (db) => db.put(keyOf('e', 9), Buffer.of(1)) },
  {
    what: 'an envelope was replaced by a tombstone that no leaf knows',
    seq: 1,
    async change(db) {
      await db.del(keyOf('e', 1));
      await db.put(keyOf('x', 1), Buffer.concat([Buffer.of(1, 0, 0, 0, 0, 0, 0, 0, 7), Buffer.alloc(36)]));
    },
  },
];

test('payloads that were removed, changed, exchanged or added are named with their leaf and their rule', async (t) => {
  const whole = await someLog();
  const ok = jimini('verify', '--data-dir', whole, '--format', 'json');
  t.is(ok.exit, 0, ok.stdout + ok.stderr);
  t.like(JSON.parse(ok.stdout), { status: 'ok', entries: 8, payloads: { envelopes: 5, erased: 0 } });
  t.regex(jimini('verify', '--data-dir', whole).stdout, /\nSealed payloads: 5 are there as they were written, 0 were/);
  for (const { what, seq, change } of ATTACKS) {
    const dataDir = join(temporaryDirectory(), 'data');
    await cp(whole, dataDir, { recursive: true });
    await inDatabase(dataDir, change);
    const { exit, stdout } = jimini('verify', '--data-dir', dataDir, '--format', 'json');
    t.is(exit, 1, `${what}: ${stdout}`);
    t.like(JSON.parse(stdout), { status: 'tampered', entries: 8, fault: { seq, rule: 'envelope' } }, what);
  }
});

test('an export has no payloads, and the result of its verification says that they were not checked', async (t) => {
  const dataDir = await someLog();
  const out = join(temporaryDirectory(), 'export');
  t.is(jimini('export', '--data-dir', dataDir, '--out', out).exit, 0);
  const json = JSON.parse(jimini('verify', '--export', out, '--format', 'json').stdout);
  t.like(json, { status: 'ok', payloads: 'not checked' });
  t.regex(jimini('verify', '--export', out).stdout, /\nPayloads not checked/);
});
