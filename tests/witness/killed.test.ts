import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { temporaryDirectory } from '../storage/temporary.js';
import { post } from './post.js';
import { createTestLog } from './test-log.js';
import { startWitnessProcess } from './witness-process.js';

const log = createTestLog('log.example/killed');
const child = fileURLToPath(new URL('killed-child.js', import.meta.url));

interface Started {
  readonly process: ChildProcess;
  /** Lines of its standard output. */
  readonly lines: AsyncIterator<string>;
}

function run(args: readonly string[]): Started {
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return { process: started, lines: createInterface({ input: started.stdout })[Symbol.asyncIterator]() };
}

const serve = (state: string) => startWitnessProcess(state, log.keyFile);

test('a witness that is killed between its disk and its answer goes on where its disk is', async (t) => {
  const state = join(temporaryDirectory(), 'witness');
  mkdirSync(state, { mode: 0o700 });
  const { process, lines } = run([child, state, log.keyFile, '200']);
  const { value: url } = await lines.next();
  t.is((await post(url, await log.requestFor(0, 100))).status, 200);
  const ended = once(process, 'close');
  await t.throwsAsync(post(url, await log.requestFor(100, 200)), undefined, 'no answer has left');
  t.deepEqual(await ended, [null, 'SIGKILL']);

  const again = await serve(state);
  t.teardown(() => again.process.kill('SIGKILL'));
  t.deepEqual((await post(again.url, await log.requestFor(100, 200))).body, '200\n');
  t.is((await post(again.url, await log.requestFor(200, 200))).status, 200, 'the same checkpoint is cosigned now');
  t.is((await post(again.url, await log.fork(150).requestFor(200, 300))).status, 422);
  t.is((await post(again.url, await log.requestFor(200, 300))).status, 200);
});

test('whenever a witness is killed, it knows at least what it has cosigned', async (t) => {
  const state = join(temporaryDirectory(), 'witness');
  let acknowledged = 0;
  let offered = 0;
  for (const kills of [3, 11, 2, 7]) {
    const { url, process } = await serve(state);
    let answers = 0;
    for (;;) {
      const size = Math.max(acknowledged, offered) + 1;
      const said = await post(url, await log.requestFor(acknowledged, size)).catch(() => undefined);
      offered = size;
      if (!said) break;
      if (said.status === 409) {
        const told = Number(said.body);
        t.true(told >= acknowledged && told <= offered, `told ${told} after ${acknowledged} of ${offered}`);
        acknowledged = told;
        continue;
      }
      t.is(said.status, 200, said.body);
      acknowledged = size;
      answers += 1;
      if (answers === kills) setImmediate(() => process.kill('SIGKILL'));
    }
  }
  t.true(acknowledged > 20);
});

test('SIGTERM ends a witness in order', async (t) => {
  const { url, process, verifierKey } = await serve(join(temporaryDirectory(), 'witness'));
  t.regex(verifierKey, /^jimini\.witness\/[0-9a-f]{16}\+[0-9a-f]{8}\+/);
  t.is((await post(url, await log.requestFor(0, 1))).status, 200);
  const ended = once(process, 'close');
  process.kill('SIGTERM');
  t.deepEqual(await ended, [0, null]);
});
