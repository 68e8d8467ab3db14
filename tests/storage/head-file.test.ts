import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { openHeadFile } from '../../sidecar/storage/head-file.js';
import { needs } from '../tools/needs.js';
import { strace } from '../tools/requirements.js';
import { temporaryDirectory } from './temporary.js';

const [A, B] = ['checkpoint.a', 'checkpoint.b'] as const;
const child = fileURLToPath(new URL('head-file-child.js', import.meta.url));

/** A directory into which these heads were written, each by a process of its own. */
async function written(...contents: string[]): Promise<string> {
  const directory = temporaryDirectory();
  for (const content of contents) await (await openHeadFile(directory)).write(Buffer.from(content));
  return directory;
}

/** What is found in a directory: the newest head, and the names of damaged files. */
async function found(directory: string): Promise<[string | undefined, string[]]> {
  const { newest, damaged } = await openHeadFile(directory);
  return [newest?.toString(), damaged.map((path) => path.slice(directory.length + 1))];
}

test('what was written last is found, and the one before stays beside it', async (t) => {
  t.deepEqual(await found(temporaryDirectory()), [undefined, []]);
  const directory = await written('one');
  t.deepEqual(await found(directory), ['one', []]);
  const head = await openHeadFile(directory);
  for (const content of ['two', 'three', '', 'five']) {
    await head.write(Buffer.from(content));
    t.deepEqual(await found(directory), [content, []]);
  }
  t.regex(readFileSync(join(directory, A), 'utf8'), /^jimini-head\/v1 5\nfive[0-9a-f]{64}\n$/);
  t.regex(readFileSync(join(directory, B), 'utf8'), /^jimini-head\/v1 4\n[0-9a-f]{64}\n$/);
  t.is(statSync(join(directory, A)).mode & 0o777, 0o600);
});

test('a write that is cut at any byte leaves the head before it', async (t) => {
  const directory = await written('one', 'two');
  const before = readFileSync(join(directory, A));
  const after = readFileSync(join(await written('one', 'two', 'three'), A));
  for (let cut = 0; cut <= after.length; cut += 1) {
    const expected = cut === after.length ? 'three' : 'two';
    writeFileSync(join(directory, A), after.subarray(0, cut));
    if ((await found(directory))[0] !== expected) t.fail(`cut at ${cut}`);
    writeFileSync(join(directory, A), Buffer.concat([after.subarray(0, cut), before.subarray(cut)]));
    if ((await found(directory))[0] !== expected) t.fail(`cut at ${cut}, with the old bytes behind it`);
    writeFileSync(join(directory, A), Buffer.concat([after.subarray(0, cut), Buffer.alloc(after.length - cut)]));
    if ((await found(directory))[0] !== expected) t.fail(`cut at ${cut}, with zeros behind it`);
  }
  t.pass();
});

test('every changed bit of the newest head brings back the one before it', async (t) => {
  const directory = await written('one', 'two');
  const path = join(directory, B);
  const bytes = readFileSync(path);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    writeFileSync(path, changed);
    t.deepEqual(await found(directory), ['one', [B]], `bit ${bit}`);
  }
});

test('the next head takes the place of what is damaged, whichever file it is', async (t) => {
  for (const name of [A, B]) {
    const directory = await written('one', 'two');
    writeFileSync(join(directory, name), 'garbage');
    const left = name === A ? 'two' : 'one';
    t.deepEqual(await found(directory), [left, [name]]);
    await (await openHeadFile(directory)).write(Buffer.from('three'));
    t.deepEqual(await found(directory), ['three', []]);
    rmSync(join(directory, name));
    t.deepEqual(await found(directory), [left, []]);
  }
});

test('when both files are damaged there is no head, and both are named', async (t) => {
  const directory = await written('one', 'two');
  writeFileSync(join(directory, A), '');
  writeFileSync(join(directory, B), Buffer.alloc(1024 * 1024, 'x'));
  t.deepEqual(await found(directory), [undefined, [A, B]]);
  await (await openHeadFile(directory)).write(Buffer.from('again'));
  t.is((await found(directory))[0], 'again');
});

test('a write that fails leaves the head before it, and can be tried again', async (t) => {
  const directory = await written('one', 'two');
  const head = await openHeadFile(directory);
  rmSync(join(directory, A));
  mkdirSync(join(directory, A));
  await t.throwsAsync(head.write(Buffer.from('three')), { code: 'JIMINI_STORE_UNAVAILABLE' });
  t.deepEqual(await found(directory), ['two', [A]]);
  rmSync(join(directory, A), { recursive: true });
  await head.write(Buffer.from('three'));
  t.deepEqual(await found(directory), ['three', []]);
  await t.throwsAsync(head.write(Buffer.alloc(1024 * 1024)), { code: 'JIMINI_INVALID_ARGUMENT' });
});

test('a pipe in the place of a file is not waited for', async (t) => {
  const directory = await written('one', 'two');
  rmSync(join(directory, B));
  t.is(spawnSync('mkfifo', [join(directory, B)]).status, 0);
  t.deepEqual(await found(directory), ['one', [B]]);
  await t.throwsAsync((await openHeadFile(directory)).write(Buffer.from('x')), { code: 'JIMINI_STORE_UNAVAILABLE' });
});

test('a file that is there and cannot be opened is refused by its name, and a link is not followed', async (t) => {
  const directory = await written('one', 'two');
  const elsewhere = join(temporaryDirectory(), 'elsewhere');
  writeFileSync(elsewhere, readFileSync(join(directory, B)));
  for (const [name, target] of [
    [B, elsewhere],
    [A, A],
  ] as const) {
    rmSync(join(directory, name));
    symlinkSync(target, join(directory, name));
    const refused = { code: 'JIMINI_STORE_UNAVAILABLE', message: new RegExp(`${name} cannot be read \\(ELOOP\\)`) };
    await t.throwsAsync(openHeadFile(directory), refused);
    rmSync(join(directory, name));
  }
});

// Every write syncs its file and then the directory, so that call 5 belongs to the third write and call 10 to the fifth.
for (const [when, refused] of [
  [5, '3'],
  [10, '5'],
] as const) {
  needs(strace)(`a head whose fsync number ${when} fails is not acknowledged, and later ones are`, (t) => {
    const inject = ['-e', 'trace=fsync', '-e', `inject=fsync:error=EIO:when=${when}`, '-o', '/dev/null'];
    const args = ['-f', '-qq', ...inject, process.execPath, child, temporaryDirectory()];
    // strace counts per thread.
    const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
    const { stdout } = spawnSync('strace', args, { encoding: 'utf8', timeout: 60_000, env });
    const expected = { refused: [`${refused} JIMINI_STORE_UNAVAILABLE`], newest: '6', damaged: [] };
    t.deepEqual(JSON.parse(stdout), expected);
  });
}
