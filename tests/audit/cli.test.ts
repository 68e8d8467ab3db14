import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { leafHash } from '../../sidecar/audit/leaf-hash.js';
import { logDirectory } from '../../sidecar/storage/data-directory.js';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { type Database, deleted, inDatabase, keysOf } from '../storage/database.js';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';
import { runLogCommand as jimini } from './run-log.js';

const program = fileURLToPath(new URL('log-program.js', import.meta.url));

/** A data directory whose log holds: open, `count` decisions, close. */
async function someLog(count: number): Promise<string> {
  const dataDir = await temporaryDataDirectory();
  const log = await openAuditLog(levelLogOptions(dataDir));
  const routes = Array.from({ length: count }, (_, index) => decision(`r${index}`));
  await Promise.all(routes.map((leafFields) => log.append({ leafFields })));
  await log.close('shutdown');
  return dataDir;
}

/** Names, sizes, times and contents of everything in a directory. */
function fingerprint(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mtimeMs, size, mode } = statSync(join(directory, name));
      const isFile = statSync(join(directory, name)).isFile();
      const digest = isFile
        ? createHash('sha256')
            .update(readFileSync(join(directory, name)))
            .digest('hex')
        : '';
      return `${name} ${mtimeMs} ${size} ${mode} ${digest}`;
    });
}

test('verify, show, head, prove and export work on a log and leave its directory as it was', async (t) => {
  const dataDir = await someLog(4);
  const out = join(temporaryDirectory(), 'export');
  const before = fingerprint(dataDir);

  const verified = jimini('verify', '--data-dir', dataDir, '--format', 'json');
  t.is(verified.exit, 0);
  const report = JSON.parse(verified.stdout);
  t.like(report, {
    status: 'ok',
    entries: 6,
    closed: true,
    fault: null,
    format: 'v1',
    signed_entries: 6,
    signer: 'not pinned',
  });
  t.regex(
    jimini('verify', '--data-dir', dataDir).stdout,
    /^ok: 6 leaves of log [a-z2-7]{26} hold.*\nconsistent, signer not pinned/,
  );

  const head = JSON.parse(jimini('head', '--data-dir', dataDir, '--format', 'json').stdout);
  t.like(head, { log_id: report.log_id, size: 6, seq: 5, hash: report.head.hash, kind: 'close', signed_size: 6 });
  t.true(jimini('head', '--data-dir', dataDir).stdout.endsWith(`\n\n${head.checkpoint}`));

  t.is(jimini('export', '--data-dir', dataDir, '--out', out).exit, 0);
  t.like(JSON.parse(jimini('verify', '--export', out, '--format', 'json').stdout), { status: 'ok', entries: 6 });
  const entries = readFileSync(join(out, 'entries.jsonl'), 'utf8');
  t.is(jimini('show', '0-5', '--data-dir', dataDir, '--format', 'json').stdout, entries);
  t.is(
    jimini('show', '--last', '2', '--data-dir', dataDir, '--format', 'json').stdout,
    `${entries.split('\n').slice(4).join('\n')}`,
  );
  t.regex(
    jimini('show', '3', '--data-dir', dataDir).stdout,
    /^ +3 {2}.* decision {2}BLOCK ext_authz inbound r2 rules=pci/,
  );

  t.is(readFileSync(join(out, 'checkpoint'), 'utf8'), head.checkpoint);
  t.is(readFileSync(join(out, 'key.pub'), 'utf8'), readFileSync(join(dataDir, 'key.pub'), 'utf8'));
  const ofExport = JSON.parse(jimini('head', '--export', out, '--format', 'json').stdout);
  t.deepEqual(ofExport, head);

  const proof = jimini('prove', '3', '--data-dir', dataDir);
  t.is(proof.exit, 0);
  t.regex(proof.stdout, /^c2sp\.org\/tlog-proof@v1\nindex 3\n/);
  const file = join(out, 'leaf-3.tlog-proof');
  t.is(jimini('prove', '3', '--export', out, '--out', file).exit, 0);
  t.is(readFileSync(file, 'utf8'), proof.stdout);
  t.is(jimini('verify', '--export', out).exit, 0);
  t.is(jimini('prove', '3', '--data-dir', dataDir, '--out', file).exit, 2, 'nothing is overwritten');
  t.regex(jimini('prove', '6', '--data-dir', dataDir).stderr, /^jimini: the newest checkpoint has 6 leaves: leaf 6 /);

  t.deepEqual(fingerprint(dataDir), before);
});

test('rows of kinds that nobody knows are counted, and change nothing else', async (t) => {
  const dataDir = await someLog(4);
  const verified = () => {
    const { exit, stdout } = jimini('verify', '--data-dir', dataDir, '--format', 'json');
    t.is(exit, 0, stdout);
    return JSON.parse(stdout).unknown_rows;
  };
  t.is(verified(), 0);
  t.notRegex(jimini('verify', '--data-dir', dataDir).stdout, /Rows of kinds/);
  await inDatabase(dataDir, async (db) => {
    // Before, between and behind those that are known; `w` is, and is not written yet.
    for (const key of ['\0', 'd', 'f', 'm', 'q', 'u', 'y', 'z', '\u00ff', 'L', 'w1'])
      await db.put(Buffer.from(key, 'latin1'), Buffer.of(1));
    await db.batch(
      Array.from({ length: 2_000 }, (_, at) => ({ type: 'put', key: Buffer.from(`n${at}`), value: Buffer.of() })),
    );
  });
  t.is(verified(), 2_010);
  t.regex(jimini('verify', '--data-dir', dataDir).stdout, /\nRows of kinds that this version does not know: 2010\. /);
  const out = join(temporaryDirectory(), 'export');
  t.is(jimini('export', '--data-dir', dataDir, '--out', out).exit, 0);
  t.is(JSON.parse(jimini('verify', '--export', out, '--format', 'json').stdout).unknown_rows, 'not checked');
});

test('a log is held against an anchor and against keys', async (t) => {
  const dataDir = await someLog(4);
  const folder = temporaryDirectory();
  const [anchor, key, stranger] = ['anchor', 'key.pub', 'stranger.pub'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(anchor, JSON.parse(jimini('head', '--data-dir', dataDir, '--format', 'json').stdout).checkpoint);
  copyFileSync(join(dataDir, 'key.pub'), key);
  writeFileSync(stranger, readFileSync(join(await someLog(1), 'key.pub')));
  const pinned = jimini('verify', '--data-dir', dataDir, '--anchor', anchor, '--key', key);
  t.is(pinned.exit, 0);
  t.regex(pinned.stdout, /\nThe signer is the one given by --key\./);
  const other = jimini('verify', '--data-dir', dataDir, '--key', stranger);
  t.is(other.exit, 1);
  t.regex(other.stdout, /^TAMPERED at 6: the checkpoint: no known key signed the note \(rule signer\)\nIt means: /);
  const shorter = await someLog(1);
  t.is(jimini('verify', '--data-dir', shorter, '--anchor', anchor).exit, 1, 'it is of another log');
  t.is(jimini('verify', '--data-dir', dataDir, '--anchor', key).exit, 4);
  t.is(jimini('verify', '--data-dir', dataDir, '--key', anchor).exit, 4);
});

test('the files beside the database are verified, too', async (t) => {
  const dataDir = await someLog(4);
  const [a, b] = ['checkpoint.a', 'checkpoint.b'].map((name) => join(dataDir, name)) as [string, string];
  const [first, second] = [readFileSync(a), readFileSync(b)];
  writeFileSync(b, 'torn');
  const torn = jimini('verify', '--data-dir', dataDir);
  t.true([0, 3].includes(torn.exit ?? -1), 'the other one counts');
  t.regex(torn.stderr, /^jimini: one of checkpoint\.a and checkpoint\.b is not whole\n/);
  writeFileSync(a, 'torn');
  t.like(JSON.parse(jimini('verify', '--data-dir', dataDir, '--format', 'json').stdout), {
    status: 'tampered',
    fault: { rule: 'checkpoint' },
  });
  rmSync(a);
  rmSync(b);
  const unsigned = jimini('verify', '--data-dir', dataDir);
  t.is(unsigned.exit, 3);
  t.regex(unsigned.stdout, /^UNSIGNED TAIL at 0: 6 leaves come after the last checkpoint/);
  writeFileSync(a, first);
  writeFileSync(b, second);
  t.is(jimini('verify', '--data-dir', dataDir).exit, 0);
  rmSync(join(dataDir, 'key.pub'));
  t.regex(jimini('verify', '--data-dir', dataDir).stderr, /^jimini: there is no key to check signatures with/);
});

test('the stored tree is verified, too', async (t) => {
  const dataDir = await someLog(600);
  t.is(jimini('verify', '--data-dir', dataDir).exit, 0);
  const verifiedAfter = async (letters: string, change: (db: Database, key: Buffer) => Promise<void>) => {
    await inDatabase(dataDir, async (db) => change(db, (await keysOf(db, letters))[0] as Buffer));
    const { exit, stdout } = jimini('verify', '--data-dir', dataDir, '--format', 'json');
    t.is(exit, JSON.parse(stdout).fault ? 1 : 0);
    return JSON.parse(stdout).fault;
  };
  t.like(await verifiedAfter('t\0', (db, key) => db.put(key, Buffer.alloc(8192))), { rule: 'tree', seq: 256 });
  t.is(await verifiedAfter('t\0', (db, key) => db.del(key)), null);
  t.like(await verifiedAfter('t\u0001', (db, key) => db.del(key)), { rule: 'tree', seq: 256 });
});

test('leaves cut off at the end of a data directory are missed', async (t) => {
  const dataDir = await someLog(8);
  await inDatabase(dataDir, async (db) => db.batch((await keysOf(db, 'l')).slice(-2).map(deleted)));
  const { exit, stdout } = jimini('verify', '--data-dir', dataDir);
  t.is(exit, 2);
  t.regex(
    stdout,
    /^TRUNCATED at 8: the checkpoint says 10 leaves, and 8 are there \(rule checkpoint\)\nIt means: leaves were cut off/,
  );
});

test('a log is found by flag, variable and configuration file, as serve finds its data directory', async (t) => {
  const dataDir = await someLog(1);
  const other = temporaryDirectory();
  const file = join(temporaryDirectory(), 'jimini.yaml');
  const run = (env: Record<string, string>, ...args: string[]) => {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('JIMINI_'));
    const options = { encoding: 'utf8', env: { ...Object.fromEntries(inherited), ...env }, cwd: other } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
    return { exit: status, size: /^size +(\d+)$/m.exec(stdout)?.[1], stdout, stderr };
  };
  writeFileSync(file, `dataDir: ${dataDir}\n`);
  t.is(run({}, 'head', '--config', file).size, '3');
  t.is(run({ JIMINI_CONFIG: file }, 'head').size, '3');
  t.is(run({ JIMINI_DATA_DIR: dataDir, JIMINI_CONFIG: '/nowhere.yaml' }, 'head').size, '3');
  t.is(run({ JIMINI_DATA_DIR: other, JIMINI_CONFIG: file }, 'head', '--data-dir', dataDir).size, '3');
  t.is(run({ JIMINI_CONFIG: file }, 'verify').exit, 0);
  t.is(run({ JIMINI_CONFIG: file }, 'show', '--last', '1', '--format', 'json').stdout.split('\n').length, 2);
  t.is(run({ JIMINI_CONFIG: file }, 'export', '--out', 'exported').exit, 0);
  writeFileSync(file, 'dataDirs: x\n');
  const broken = run({}, 'verify', '--config', file);
  t.is(broken.exit, 4);
  t.regex(broken.stderr, /^jimini: .*jimini\.yaml:1:1: dataDirs: unknown key; the nearest known one is dataDir\n$/);
  t.is(run({}, 'head', '--config', file).exit, 2);
});

test('an export is never overwritten', async (t) => {
  const dataDir = await someLog(1);
  const out = temporaryDirectory();
  t.is(jimini('export', '--data-dir', dataDir, '--out', out).exit, 0);
  const second = jimini('export', '--data-dir', dataDir, '--out', out);
  t.is(second.exit, 2);
  t.regex(second.stderr, /is there already/);
});

test('a changed leaf in the database makes verify end with 1 and say what it means', async (t) => {
  const dataDir = await someLog(3);
  await inDatabase(dataDir, async (db) => {
    const key = (await db.keys().all())[2] as Buffer;
    const value = (await db.get(key)) as Buffer;
    await db.put(key, Buffer.from(value.toString().replace('"effective":"BLOCK"', '"effective":"ALLOW"')));
  });
  const { exit, stdout } = jimini('verify', '--data-dir', dataDir);
  t.is(exit, 1);
  t.regex(stdout, /^TAMPERED at 2: .*rule hash/);
  t.regex(stdout, /2 leaves before it hold/);
  t.is(jimini('show', '2', '--data-dir', dataDir).exit, 2, 'what is read is checked');
});

test('a leaf that is missing, and a leaf that is foreign, make verify end with 1', async (t) => {
  const dataDir = await someLog(3);
  await inDatabase(dataDir, (db) => db.put(Buffer.from('lies'), Buffer.from('x')));
  t.like(JSON.parse(jimini('verify', '--data-dir', dataDir, '--format', 'json').stdout).fault, { rule: 'key' });
  await inDatabase(dataDir, async (db) => {
    await db.del(Buffer.from('lies'));
    await db.del((await db.keys().all())[1] as Buffer);
  });
  const { exit, stdout } = jimini('verify', '--data-dir', dataDir, '--format', 'json');
  t.is(exit, 1);
  t.like(JSON.parse(stdout).fault, { seq: 1, rule: 'seq' });
});

test('a damaged write-ahead log makes verify end with 1: LevelDB itself says nothing', async (t) => {
  const dataDir = await someLog(400);
  const [name = ''] = readdirSync(logDirectory(dataDir)).filter((file) => file.endsWith('.log'));
  const path = join(logDirectory(dataDir), name);
  const bytes = readFileSync(path);
  t.true(bytes.length > 100_000, 'the leaves are in the write-ahead log');
  bytes[100_000] = (bytes[100_000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  t.is(jimini('verify', '--data-dir', dataDir).exit, 1);
});

test('what cannot be verified ends with 4, bad usage too', async (t) => {
  const dataDir = await someLog(1);
  const empty = temporaryDirectory();
  t.is(jimini('verify', '--data-dir', empty).exit, 4);
  t.is(jimini('verify', '--export', empty).exit, 4);
  t.is(jimini('verify', '--nonsense').exit, 4);
  t.is(jimini('verify', '--data-dir', dataDir, '--export', empty).exit, 4);
  t.is(jimini('verify', '--help').exit, 0);
  writeFileSync(join(empty, 'entries.jsonl'), '');
  t.is(jimini('verify', '--export', empty).exit, 4);
  for (const file of readdirSync(logDirectory(dataDir)).filter((name) => name.startsWith('MANIFEST'))) {
    rmSync(join(logDirectory(dataDir), file));
  }
  const damaged = jimini('verify', '--data-dir', dataDir);
  t.is(damaged.exit, 4);
  t.regex(damaged.stderr, /^jimini: /);
});

test('bad usage of the other commands ends with 2', async (t) => {
  const dataDir = await someLog(1);
  t.is(jimini('show', 'x', '--data-dir', dataDir).exit, 2);
  t.is(jimini('show', '5-3', '--data-dir', dataDir).exit, 2);
  t.is(jimini('show', '99', '--data-dir', dataDir).exit, 2);
  t.is(jimini('show', '1', '--last', '1', '--data-dir', dataDir).exit, 2);
  t.is(jimini('export', '--data-dir', dataDir).exit, 2);
  t.is(jimini('head', '--data-dir', temporaryDirectory()).exit, 2);
});

test('a log in use can be verified at any moment', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const log = await openAuditLog(levelLogOptions(dataDir));
  let isDone = false;
  const caller = async () => {
    while (!isDone) await log.append({ leafFields: decision('live'.repeat(200)) });
  };
  const callers = Array.from({ length: 32 }, caller);
  for (let round = 0; round < 4; round += 1) {
    const sizeBefore = log.size;
    const child = spawn(process.execPath, [program, 'verify', '--data-dir', dataDir, '--format', 'json']);
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const exit = await new Promise((resolve) => child.on('close', resolve));
    t.true(exit === 0 || exit === 3, `a busy log may have leaves that are not signed yet: ${exit}`);
    const report = JSON.parse(Buffer.concat(output).toString());
    t.true(report.entries >= sizeBefore, 'nothing acknowledged before is missing');
    t.false(report.closed);
  }
  isDone = true;
  await Promise.all(callers);
  await log.close('shutdown');
  t.false(
    readdirSync(dataDir).some((name) => name.startsWith('copy-')),
    'no copy is left behind',
  );
});

test('a reader that goes away is no failure', async (t) => {
  const dataDir = await someLog(3_000);
  const shown = spawnSync(
    'sh',
    ['-c', `"$0" "$1" show 0-3001 --data-dir "$2" | head -n 1`, process.execPath, program, dataDir],
    {
      encoding: 'utf8',
    },
  );
  t.is(shown.stderr, '');
  t.is(shown.stdout.split('\n').length, 2);
});

test('what others wrote cannot steer the terminal', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const log = await openAuditLog(levelLogOptions(dataDir));
  await log.append({ leafFields: decision('\u001b[2J\u202eroute\u009b\n') });
  await log.close('shutdown');
  const { stdout } = jimini('show', '1', '--data-dir', dataDir);
  t.true(stdout.includes('\\u{1b}[2J\\u{202e}route\\u{9b}\\u{a}'), stdout);
});

test('a forged leaf whose hash is right is shown, exported and called tampered; it steers no terminal', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const store = await createLevelLogStore(dataDir).open();
  const forged = { kind: 7, log_id: '\u009b2J\u202e', prev: '0'.repeat(64), time_ms: 1e300 };
  const bytes = Buffer.from(JSON.stringify(forged));
  await store.write([{ seq: 0, hash: leafHash(bytes), bytes }]);
  await store.close();
  const shown = jimini('show', '0', '--data-dir', dataDir);
  t.is(shown.exit, 0);
  t.regex(shown.stdout, /^no leaf of this version: \{"kind":7,/);
  for (const format of ['text', 'json']) {
    const head = jimini('head', '--data-dir', dataDir, '--format', format);
    t.is(head.exit, 0);
    t.notRegex(head.stdout.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  }
  t.notRegex(shown.stdout.trimEnd(), /[\p{Cc}\p{Cf}]/u);
  t.is(jimini('verify', '--data-dir', dataDir).exit, 1);

  const again = await createLevelLogStore(dataDir).open();
  const nonsense = Buffer.from('no JSON');
  await again.write([{ seq: 1, hash: leafHash(nonsense), bytes: nonsense }]);
  await again.close();
  const out = join(temporaryDirectory(), 'export');
  t.is(jimini('export', '--data-dir', dataDir, '--out', out).exit, 0);
  t.is(jimini('verify', '--export', out).exit, 1);
});
