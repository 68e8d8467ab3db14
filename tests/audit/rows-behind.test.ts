import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ClassicLevel } from 'classic-level';
import { logDirectory } from '../../sidecar/storage/data-directory.js';
import { hasRowsBehind, removeRowsBehind } from '../../sidecar/storage/rows-behind.js';
import { temporaryDataDirectory } from '../storage/temporary.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';
import { runLogCommand as jimini } from './run-log.js';

type Leaf = Readonly<Record<string, unknown>>;

const HEADS = ['checkpoint.a', 'checkpoint.b'] as const;

/** A run with so many records, each with a payload. Afterwards what was signed is what was signed at its beginning, as when it is killed. */
async function killedRun(dataDir: string, count: number): Promise<void> {
  const log = await openAuditLog(levelLogOptions(dataDir));
  const heads = HEADS.map((name) => readIfThere(join(dataDir, name)));
  const records = Array.from({ length: count }, (_, at) => decision(`r${at}`, { c_req: 'a'.repeat(64) }));
  await Promise.all(records.map((leafFields) => log.append({ leafFields, seal: () => randomBytes(50) })));
  await log.close('shutdown');
  for (const [at, name] of HEADS.entries()) {
    const bytes = heads[at];
    if (bytes) writeFileSync(join(dataDir, name), bytes);
    else rmSync(join(dataDir, name), { force: true });
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

async function withDatabase<T>(dataDir: string, work: (db: ClassicLevel<Uint8Array, Uint8Array>) => Promise<T>) {
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
  const db = new ClassicLevel<Uint8Array, Uint8Array>(logDirectory(dataDir), encodings);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Removes leaves from a place on, and nothing of what was written with them. */
function removeLeavesFrom(dataDir: string, seq: number): Promise<void> {
  const gte = Buffer.alloc(9, 'l');
  gte.writeBigUInt64BE(BigInt(seq), 1);
  return withDatabase(dataDir, (db) => db.clear({ gte, lt: Buffer.from('m') }));
}

function leavesOf(dataDir: string, t: ExecutionContext): Leaf[] {
  const { stdout, exit } = jimini('show', '0-9999', '--data-dir', dataDir, '--format', 'json');
  t.is(exit, 0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Leaf);
}

test('what leaves that are gone have left is stated in the log and removed, and no place is written twice', async (t) => {
  const dataDir = await temporaryDataDirectory();
  await killedRun(dataDir, 600);
  await removeLeavesFrom(dataDir, 100);
  const before = JSON.parse(jimini('verify', '--data-dir', dataDir, '--format', 'json').stdout);
  t.like(before, { status: 'tampered', fault: { seq: 100, rule: 'tree' } });

  await killedRun(dataDir, 600);
  const leaves = leavesOf(dataDir, t);
  t.like(leaves[100], { kind: 'open', recovered_size: 100, epoch: 1 });
  t.is(leaves[101]?.['kind'], 'config');
  t.like(leaves[102], { kind: 'gap', reason: 'leaves_gone', recovered_size: 100, signed_size: 1 });
  t.like(leaves[103], { kind: 'key', what: 'gap', epoch: 2 });
  t.is(leaves[104]?.['epoch'], 2, 'a number that is given out again is known by its epoch');
  const after = jimini('verify', '--data-dir', dataDir, '--format', 'json');
  t.is(after.exit, 3, after.stdout);
  t.like(JSON.parse(after.stdout), { entries: 705, payloads: { envelopes: 699, erased: 0 } });

  const next = await openAuditLog(levelLogOptions(dataDir));
  t.is(next.signed.discontinuity, undefined);
  await next.close('shutdown');
  t.is(jimini('verify', '--data-dir', dataDir).exit, 0);
});

test('a start that is killed while it removes what is left leaves enough for the next one to find it', async (t) => {
  const dataDir = await temporaryDataDirectory();
  await killedRun(dataDir, 300);
  await removeLeavesFrom(dataDir, 0);
  rmSync(join(dataDir, 'checkpoint.a'));
  await withDatabase(dataDir, async (db) => {
    const before = (await db.keys().all()).length;
    const left = await removeRowsBehind(db, 0);
    t.deepEqual(
      left.map((key) => String.fromCharCode(key[0] ?? 0)),
      ['e', 't', 't'],
    );
    t.deepEqual([before, (await db.keys().all()).length], [302, 3]);
    t.true(await hasRowsBehind(db, 0));
  });
  const log = await openAuditLog(levelLogOptions(dataDir));
  t.like(log.signed.discontinuity, { reason: 'leaves_gone', recovered_size: 0, signed_size: 0 });
  await log.close('shutdown');
  t.is(jimini('verify', '--data-dir', dataDir).exit, 0);
});
