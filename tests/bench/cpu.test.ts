import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { cpuSeconds, settled } from '../../bench/cpu.js';

const WORK =
  "for (const end = Date.now() + 1000; Date.now() < end; ); console.log('done'); setInterval(() => {}, 1000);";

test('a process has settled when its work is done', async (t) => {
  const child = spawn(process.execPath, ['-e', WORK], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  let isDone = false;
  child.stdout.once('data', () => {
    isDone = true;
  });
  await once(child, 'spawn');
  await settled(child.pid as number);
  t.true(isDone);
  t.true(cpuSeconds(child.pid as number) > 0);
});
