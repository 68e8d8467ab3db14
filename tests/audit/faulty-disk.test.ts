import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { strace } from '../tools/requirements.js';

const child = fileURLToPath(new URL('faulty-disk-child.js', import.meta.url));

interface Fault {
  readonly call: 'write' | 'fdatasync';
  readonly error: 'EIO' | 'ENOSPC';
  /** Which call fails, from 1. */
  readonly when: number;
}

/** What became of the records when one system call of the real LevelDB failed. */
function runWith({ call, error, when }: Fault): Record<string, unknown> {
  const dataDir = join(temporaryDirectory(), 'data');
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${when}`, '-o', '/dev/null'];
  // Only writes to the write-ahead log; those to pipes are none of our business.
  const only = call === 'write' ? ['-P', join(dataDir, 'log', '000007.log')] : [];
  const { stdout } = spawnSync('strace', ['-f', '-qq', ...inject, ...only, process.execPath, child, dataDir], {
    encoding: 'utf8',
    timeout: 60_000,
    // strace counts per thread.
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const survives = test.macro({
  exec: (t, fault: Fault, kept: number) => t.deepEqual(runWith(fault), { refused: 5, kept, wrong: [] }),
  title: (_, { call, error, when }) =>
    `LevelDB loses nothing acknowledged when its ${call} number ${when} fails (${error})`,
});

// A failed fsync leaves the records in the page cache, so they are there after the next opening; a failed write does not.
for (const error of ['EIO', 'ENOSPC'] as const) {
  // Seven syncs come from making the database, recovering it beside its place, and opening it.
  for (const when of [10, 15]) needs(strace)(survives, { call: 'fdatasync', error, when }, 1);
  for (const when of [6, 11]) needs(strace)(survives, { call: 'write', error, when }, 0);
}
