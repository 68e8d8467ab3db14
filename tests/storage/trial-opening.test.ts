import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { logDirectory } from '../../sidecar/storage/data-directory.js';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { needs } from '../tools/needs.js';
import { strace } from '../tools/requirements.js';
import { temporaryDataDirectory } from './temporary.js';

const LEAVES = 3;
/** What an opening makes of them: in the trial, LOG and CURRENT; the log, the trial; LOG and CURRENT again. */
const RENAMES = 6;
const storeModule = fileURLToPath(new URL('../../sidecar/storage/level-log-store.js', import.meta.url));

/** A data directory with leaves that are in the write-ahead log only, and its files. */
async function withLeaves() {
  const dataDir = await temporaryDataDirectory();
  const handle = await createLevelLogStore(dataDir).open();
  for (let seq = 0; seq < LEAVES; seq += 1) {
    const bytes = Buffer.from(`leaf ${seq}`);
    await handle.write([{ seq, hash: createHash('sha256').update(bytes).digest('hex'), bytes }]);
  }
  await handle.close();
  const [writeAheadLog = ''] = readdirSync(logDirectory(dataDir)).filter((name) => /^\d+\.log$/.test(name));
  return { dataDir, log: logDirectory(dataDir), writeAheadLog: join(logDirectory(dataDir), writeAheadLog) };
}

/** Opens it, says how many leaves are there, and closes it. */
async function leavesIn(dataDir: string): Promise<number> {
  const handle = await createLevelLogStore(dataDir).open();
  const { length } = await handle.page(0, 100);
  await handle.close();
  return length;
}

/** Names and content, as far as files can be read. */
function filesOf(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).map((file) =>
    file.isFile() ? `${file.name} ${readFileSync(join(directory, file.name), 'latin1')}` : `${file.name} ...`,
  );
}

test('a write-ahead log that cannot be opened refuses the start, and every record is there once it can', async (t) => {
  const { dataDir, log, writeAheadLog } = await withLeaves();
  renameSync(writeAheadLog, join(dataDir, 'aside'));
  symlinkSync(writeAheadLog, writeAheadLog);
  const before = filesOf(log);
  for (let tries = 0; tries < 2; tries += 1) {
    const error = await t.throwsAsync(createLevelLogStore(dataDir).open(), { code: 'JIMINI_STORE_UNAVAILABLE' });
    t.true(error?.message.includes(`${log} could not be read to its end (IO error: ${writeAheadLog}`), error?.message);
    t.regex(error?.message ?? '', /nothing was changed or lost;.*try again/);
  }
  t.deepEqual(filesOf(log), before);
  t.deepEqual(readdirSync(dataDir).sort(), ['aside', 'log']);
  renameSync(join(dataDir, 'aside'), writeAheadLog);
  t.is(await leavesIn(dataDir), LEAVES);
  t.deepEqual(readdirSync(dataDir), ['log']);
  t.is(await leavesIn(dataDir), LEAVES);
});

test('a write-ahead log that cannot be read refuses the start, too', async (t) => {
  const { dataDir, writeAheadLog } = await withLeaves();
  renameSync(writeAheadLog, join(dataDir, 'aside'));
  // Reading it at 0 fails with EIO.
  symlinkSync('/proc/self/mem', writeAheadLog);
  const message = /could not be read to its end \(IO error/;
  await t.throwsAsync(createLevelLogStore(dataDir).open(), { code: 'JIMINI_STORE_UNAVAILABLE', message });
  renameSync(join(dataDir, 'aside'), writeAheadLog);
  t.is(await leavesIn(dataDir), LEAVES);
});

test('a link in the place of the log is refused, and what it leads to stays as it is', async (t) => {
  const { dataDir, log } = await withLeaves();
  renameSync(log, join(dataDir, 'elsewhere'));
  symlinkSync('elsewhere', log);
  const before = filesOf(log);
  const message = /\(ELOOP\): it must be a directory/;
  await t.throwsAsync(createLevelLogStore(dataDir).open(), { code: 'JIMINI_STORE_UNAVAILABLE', message });
  t.deepEqual(filesOf(log), before);
  t.deepEqual(readdirSync(dataDir).sort(), ['elsewhere', 'log']);
});

test('a second process changes nothing, and what the first one acknowledged is there after it was killed', async (t) => {
  const { dataDir } = await withLeaves();
  const script = `import { createLevelLogStore } from ${JSON.stringify(storeModule)};
    const handle = await createLevelLogStore(${JSON.stringify(dataDir)}).open();
    const bytes = Buffer.from('one more');
    await handle.write([{ seq: ${LEAVES}, hash: 'ab'.repeat(32), bytes }]);
    process.stdout.write('written');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    const before = filesOf(logDirectory(dataDir));
    await t.throwsAsync(createLevelLogStore(dataDir).open(), { code: 'JIMINI_STORE_LOCKED' });
    t.deepEqual(filesOf(logDirectory(dataDir)), before);
    t.deepEqual(readdirSync(dataDir), ['log']);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  t.is(await leavesIn(dataDir), LEAVES + 1);
});

const endedAt = test.macro({
  exec: async (t, arrange: (dataDir: string) => void) => {
    const { dataDir } = await withLeaves();
    arrange(dataDir);
    t.is(await leavesIn(dataDir), LEAVES);
    t.deepEqual(readdirSync(dataDir), ['log']);
  },
  title: (when = '') => `a start that was ended ${when} is made up for by the next one`,
});

/** A directory that holds nothing that may count. */
function leave(dataDir: string, name: string): void {
  mkdirSync(join(dataDir, name));
  for (const file of ['CURRENT', 'LOCK', 'MANIFEST-000001', '000009.log'])
    writeFileSync(join(dataDir, name, file), 'x');
}

test('before it had recovered the log', endedAt, (dataDir) => {
  leave(dataDir, 'log.opening-1');
  leave(dataDir, 'log.opening-2');
});
test('when the log was not in its place', endedAt, (dataDir) => {
  leave(dataDir, 'log.opening-1');
  renameSync(join(dataDir, 'log'), join(dataDir, 'log.before'));
});
test('when the log was not in its place, and a directory was made there since', endedAt, (dataDir) => {
  renameSync(join(dataDir, 'log'), join(dataDir, 'log.before'));
  mkdirSync(join(dataDir, 'log'));
  writeFileSync(join(dataDir, 'log', 'LOCK'), '');
});
test('before what was replaced was removed', endedAt, (dataDir) => leave(dataDir, 'log.before'));
test('and had lost its LOCK', endedAt, (dataDir) => rmSync(join(dataDir, 'log', 'LOCK')));

needs(strace)('a start that is killed at any rename leaves every leaf for the next one', async (t) => {
  const left: string[] = [];
  for (let when = 1; when <= RENAMES; when += 1) {
    const { dataDir } = await withLeaves();
    const script = `import { createLevelLogStore } from ${JSON.stringify(storeModule)};
      await createLevelLogStore(${JSON.stringify(dataDir)}).open();`;
    const inject = ['-e', 'trace=rename', '-e', `inject=rename:signal=KILL:when=${when}`, '-o', '/dev/null'];
    const args = ['-f', '-qq', ...inject, process.execPath, '--input-type=module', '-e', script];
    // strace counts per thread.
    const { signal } = spawnSync('strace', args, { env: { ...process.env, UV_THREADPOOL_SIZE: '1' } });
    t.is(signal, 'SIGKILL', `rename ${when}`);
    left.push(
      readdirSync(dataDir)
        .join(' ')
        .replaceAll(/[0-9a-f]{16}/g, '*'),
    );
    t.is(await leavesIn(dataDir), LEAVES, `rename ${when}`);
    t.deepEqual(readdirSync(dataDir), ['log']);
  }
  t.true(left.includes('log log.before'), left.join(', '));
  t.true(
    left.includes('log log.opening-*') && left.some((names) => names === 'log.before log.opening-*'),
    left.join(', '),
  );
});
