import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { logDirectory } from '../../sidecar/storage/data-directory.js';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';

const program = fileURLToPath(new URL('log-program.js', import.meta.url));

function jimini(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { exit: status, stdout, stderr };
}

/** A data directory whose log LevelDB has made tables of, as it does when it opens one again, and the table of its first leaves. */
async function logWithTables(): Promise<{ dataDir: string; log: string; firstTable: string }> {
  const dataDir = await temporaryDataDirectory();
  const route = 'r'.repeat(6_000);
  for (let run = 0; run < 3; run += 1) {
    const auditLog = await openAuditLog(levelLogOptions(dataDir));
    await Promise.all(Array.from({ length: 300 }, () => auditLog.append({ leafFields: decision(route) })));
    await auditLog.close('shutdown');
  }
  const log = logDirectory(dataDir);
  const [table = ''] = readdirSync(log)
    .filter((name) => name.endsWith('.ldb'))
    .sort();
  return { dataDir, log, firstTable: join(log, table) };
}

test('a table that was cut makes verify end with 1, and nothing passes it over in silence', async (t) => {
  const { dataDir, log, firstTable } = await logWithTables();
  truncateSync(firstTable, 50_000);
  const verified = jimini('verify', '--data-dir', dataDir);
  t.is(verified.exit, 1);
  t.regex(verified.stdout, /^TAMPERED at 0: the leaf 0 is missing/);

  const shown = jimini('show', '5', '--data-dir', dataDir);
  t.is(shown.exit, 2);
  t.is(shown.stdout, '');
  t.regex(shown.stderr, /^jimini: the leaf at 4 is damaged or missing: run `jimini log verify`\n$/);

  const out = temporaryDirectory();
  const exported = jimini('export', '--data-dir', dataDir, '--out', out);
  t.is(exported.exit, 2);
  t.true(exported.stderr.includes(log), 'the original is named');
  t.false(exported.stderr.includes('jimini-log-'), 'not the copy');
  t.deepEqual(readdirSync(out), [], 'nothing half-written is left');
});

test('a table that is gone makes verify end with 1 and say so in both formats', async (t) => {
  const { dataDir, log, firstTable } = await logWithTables();
  rmSync(firstTable);
  const verified = jimini('verify', '--data-dir', dataDir);
  t.is(verified.exit, 1);
  t.regex(verified.stdout, /^TAMPERED at 0: the database is damaged and cannot be opened \(rule store\)/);
  t.true(verified.stderr.startsWith(`jimini: ${log} is damaged: `), verified.stderr);
  const json = jimini('verify', '--data-dir', dataDir, '--format', 'json');
  t.is(json.exit, 1);
  t.like(JSON.parse(json.stdout), { status: 'tampered', fault: { rule: 'store' } });
  t.is(jimini('head', '--data-dir', dataDir).exit, 2);
});

test('a pipe in the place of a file is refused, not waited for', async (t) => {
  for (const name of ['CURRENT', 'MANIFEST', '.log', '.ldb']) {
    const { dataDir, log } = await logWithTables();
    const [victim = ''] = readdirSync(log).filter((file) => file.includes(name));
    rmSync(join(log, victim));
    spawnSync('mkfifo', [join(log, victim)]);
    const { exit, stderr } = jimini('verify', '--data-dir', dataDir);
    t.is(exit, 1, name);
    t.true(stderr.includes(`${join(log, victim)} is not a regular file`), stderr);
  }
});

test('what cannot be copied is named with its reason', async (t) => {
  const { dataDir, log } = await logWithTables();
  const [manifest = ''] = readdirSync(log).filter((name) => name.startsWith('MANIFEST'));
  rmSync(join(log, manifest));
  const { exit, stderr } = jimini('verify', '--data-dir', dataDir);
  t.is(exit, 4);
  t.regex(stderr, /no consistent copy of .* in 5 tries \(the last: ENOENT/);
});

test('an export follows no link and waits for no pipe, neither when it is made nor when it is verified', async (t) => {
  const { dataDir } = await logWithTables();
  const out = temporaryDirectory();
  const victim = join(temporaryDirectory(), 'victim');
  symlinkSync(victim, join(out, 'entries.jsonl.partial'));
  t.is(jimini('export', '--data-dir', dataDir, '--out', out).exit, 0);
  t.false(existsSync(victim));
  t.is(jimini('verify', '--export', out).exit, 0);

  const linked = temporaryDirectory();
  symlinkSync(victim, join(linked, 'checkpoint'));
  t.is(jimini('export', '--data-dir', dataDir, '--out', linked).exit, 2);
  t.false(existsSync(victim));

  for (const name of ['entries.jsonl', 'checkpoint', 'key.pub']) {
    const path = join(out, name);
    renameSync(path, `${path}.kept`);
    spawnSync('mkfifo', [path]);
    const { exit, stderr } = jimini('verify', '--export', out);
    t.is(exit, 4);
    t.true(stderr.includes(`${path} cannot be read (not a regular file)`), stderr);
    rmSync(path);
    renameSync(`${path}.kept`, path);
  }
  t.is(jimini('verify', '--export', out).exit, 0);
  writeFileSync(join(out, 'checkpoint'), ' '.repeat(1_000_000));
  t.is(jimini('verify', '--export', out).exit, 1);
  writeFileSync(join(out, 'key.pub'), ' '.repeat(1_000_000));
  t.is(jimini('verify', '--export', out).exit, 4);
});

test('a place that cannot be written to is named with what to do', async (t) => {
  const { dataDir } = await logWithTables();
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  for (const [out, reason] of [
    [file, 'is not a directory'],
    [join(file, 'below'), 'cannot be created (ENOTDIR)'],
    ['/proc/here', 'cannot be created (ENOENT)'],
    ['', 'cannot be created (ENOENT)'],
  ] as const) {
    const { exit, stderr } = jimini('export', '--data-dir', dataDir, '--out', out);
    t.is(exit, 2);
    t.is(stderr, `jimini: --out: ${out} ${reason}: name a directory whose parent is there\n`);
  }
  const below = join(file, 'below');
  const unwritten = jimini('prove', '0', '--data-dir', dataDir, '--out', below);
  t.is(unwritten.exit, 2);
  t.is(unwritten.stderr, `jimini: ${below} cannot be written (ENOTDIR): make room, or name another place\n`);
  const env = { ...process.env, TMPDIR: '/nowhere' };
  const noTemporary = spawnSync(process.execPath, [program, 'head', '--data-dir', dataDir], { encoding: 'utf8', env });
  t.is(
    noTemporary.stderr,
    'jimini: no copy can be made in /nowhere (ENOENT): set TMPDIR to a folder that can be written to\n',
  );
});
