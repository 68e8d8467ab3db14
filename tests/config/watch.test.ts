import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type FileWatcher, type WatchOptions, watchFiles } from '../../sidecar/config/watch.js';
import { tempDirectory } from './temp-directory.js';

/** Never comes in a test: what is told then was told by a notice, not by the poll. */
const NEVER_MS = 3_600_000;
const SETTLE_MS = 20;

/** A watcher does not keep a program alive; a test that waits for one must do that itself. */
function stayAlive(t: ExecutionContext): void {
  const timer = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(timer));
}

/** A watcher whose changes can be waited for, one after the other. */
async function watching(
  t: ExecutionContext,
  files: readonly string[],
  options: Pick<WatchOptions, 'pollMs' | 'nowMs'> = {},
) {
  stayAlive(t);
  const changes: (readonly string[])[] = [];
  let arrived = () => {};
  const watcher: FileWatcher = await watchFiles(files, {
    onChange: (changed) => {
      changes.push(changed);
      arrived();
    },
    onError: (error) => t.fail(String(error)),
    pollMs: NEVER_MS,
    settleMs: SETTLE_MS,
    ...options,
  });
  t.teardown(() => watcher.close());
  const next = async () => {
    while (changes.length === 0) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
    return changes.shift();
  };
  return { watcher, next, changes };
}

/** A mounted ConfigMap as the kubelet writes it: files are links into `..data`, which is a link to a dated directory. */
function configMap(mount: string) {
  let generation = 0;
  const publish = (files: Record<string, string>) => {
    generation += 1;
    const dated = join(mount, `..2026_11_24_${generation}`);
    mkdirSync(dated);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dated, name), text);
    symlinkSync(`..2026_11_24_${generation}`, join(mount, '..data_tmp'));
    renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    if (generation > 1) rmSync(join(mount, `..2026_11_24_${generation - 1}`), { recursive: true });
  };
  return publish;
}

test('a swap of ..data as Kubernetes does it is a change of the files whose content differs', async (t) => {
  const mount = tempDirectory(t);
  const publish = configMap(mount);
  publish({ 'jimini.yaml': 'a', 'own.yaml': 'same' });
  for (const name of ['jimini.yaml', 'own.yaml']) symlinkSync(join('..data', name), join(mount, name));
  const { next } = await watching(t, [join(mount, 'jimini.yaml'), join(mount, 'own.yaml')]);
  publish({ 'jimini.yaml': 'b', 'own.yaml': 'same' });
  t.deepEqual(await next(), [join(mount, 'jimini.yaml')]);
  publish({ 'jimini.yaml': 'b', 'own.yaml': 'other' });
  t.deepEqual(await next(), [join(mount, 'own.yaml')]);
});

test('a save by renaming is a change', async (t) => {
  const directory = tempDirectory(t);
  const file = join(directory, 'jimini.yaml');
  writeFileSync(file, 'a');
  const { next } = await watching(t, [file]);
  for (const text of ['b', 'c']) {
    writeFileSync(`${file}.swp`, text);
    renameSync(`${file}.swp`, file);
    t.deepEqual(await next(), [file]);
  }
});

test('a write in place is a change, one that says the same is not', async (t) => {
  const directory = tempDirectory(t);
  const [file, other] = [join(directory, 'a.yaml'), join(directory, 'b.yaml')];
  writeFileSync(file, 'a');
  writeFileSync(other, 'a');
  const { next } = await watching(t, [file, other]);
  writeFileSync(file, 'a');
  writeFileSync(other, 'b');
  t.deepEqual(await next(), [other]);
});

test('a file that goes and one that comes are changes', async (t) => {
  const directory = tempDirectory(t);
  const file = join(directory, 'jimini.yaml');
  writeFileSync(file, 'a');
  const { next } = await watching(t, [file]);
  rmSync(file);
  t.deepEqual(await next(), [file]);
  writeFileSync(file, 'a');
  t.deepEqual(await next(), [file]);
});

test('the poll finds what no notice tells', async (t) => {
  const directory = tempDirectory(t);
  const hidden = join(directory, 'below');
  mkdirSync(join(directory, 'real'));
  writeFileSync(join(directory, 'real', 'x'), 'a');
  symlinkSync('real', hidden);
  const file = join(directory, 'link.yaml');
  symlinkSync('below/x', file);
  const { next } = await watching(t, [file], { pollMs: 20 });
  writeFileSync(join(directory, 'real', 'x'), 'b');
  t.deepEqual(await next(), [file]);
});

/** A file of which no notice tells: its directory is behind two links. */
function unnoticed(t: ExecutionContext): { real: string; file: string } {
  const directory = tempDirectory(t);
  mkdirSync(join(directory, 'real'));
  const real = join(directory, 'real', 'x');
  writeFileSync(real, '0');
  symlinkSync('real', join(directory, 'below'));
  const file = join(directory, 'link.yaml');
  symlinkSync('below/x', file);
  return { real, file };
}

test('a file that is still being written is not told before it has come to rest', async (t) => {
  const { real, file } = unnoticed(t);
  let [nowMs, writes] = [0, 0];
  // It is another one at each look, however much time is between them.
  const { next, changes } = await watching(t, [file], {
    pollMs: 1,
    nowMs() {
      if (writes > 0 && writes < 20) {
        t.deepEqual(changes, []);
        writeFileSync(real, `half ${writes++}`);
      }
      nowMs += 1000;
      return nowMs;
    },
  });
  writes = 1;
  t.deepEqual(await next(), [file]);
  t.is(writes, 20);
});

test('looks that come directly one after the other do not make a change', async (t) => {
  const { real, file } = unnoticed(t);
  let [nowMs, looks] = [0, 0];
  const { next, changes } = await watching(t, [file], {
    pollMs: 1,
    nowMs() {
      looks += 1;
      // Time stands still for a while, as it does between looks that were held up together.
      if (looks === 20) {
        t.deepEqual(changes, []);
        writeFileSync(real, 'whole');
      }
      if (looks === 40) {
        t.deepEqual(changes, []);
        nowMs += SETTLE_MS;
      }
      return nowMs;
    },
  });
  writeFileSync(real, 'half');
  t.deepEqual(await next(), [file]);
  t.true(looks >= 40);
});

test('a directory that was replaced is watched again', async (t) => {
  const directory = tempDirectory(t);
  const folder = join(directory, 'conf');
  const file = join(folder, 'jimini.yaml');
  mkdirSync(folder);
  writeFileSync(file, 'a');
  const { next } = await watching(t, [file], { pollMs: 20 });
  rmSync(folder, { recursive: true });
  t.deepEqual(await next(), [file]);
  mkdirSync(folder);
  writeFileSync(file, 'b');
  t.deepEqual(await next(), [file]);
});

test('other files can be watched instead, and a file that stays keeps what was told of it', async (t) => {
  const directory = tempDirectory(t);
  const [a, b] = [join(directory, 'a.yaml'), join(directory, 'b.yaml')];
  writeFileSync(a, '1');
  writeFileSync(b, '1');
  const { watcher, next } = await watching(t, [a]);
  await watcher.replace([b]);
  writeFileSync(a, '2');
  writeFileSync(b, '2');
  t.deepEqual(await next(), [b]);
});

test('what a call back throws is told, and the watcher goes on', async (t) => {
  const directory = tempDirectory(t);
  const file = join(directory, 'jimini.yaml');
  writeFileSync(file, '0');
  stayAlive(t);
  const errors: unknown[] = [];
  let told = () => {};
  const watcher = await watchFiles([file], {
    onChange: () => Promise.reject(new Error('bad reload')),
    onError: (error) => {
      errors.push(error);
      told();
    },
    settleMs: 20,
    pollMs: NEVER_MS,
  });
  t.teardown(() => watcher.close());
  for (const text of ['1', '2']) {
    const failed = new Promise<void>((resolve) => {
      told = resolve;
    });
    writeFileSync(file, text);
    await failed;
  }
  t.is(errors.length, 2);
});

test('a watcher of a directory that does not exist starts, and closing twice is harmless', async (t) => {
  const { watcher, next } = await watching(t, [join(tempDirectory(t), 'nowhere', 'x.yaml')], { pollMs: 20 });
  t.is(typeof next, 'function');
  watcher.close();
  t.notThrows(() => watcher.close());
});
