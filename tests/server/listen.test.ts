import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { type ListenOptions, listen } from '../../sidecar/server/listen.js';
import { temporaryDirectory } from './rig.js';

async function tryListen(t: ExecutionContext, options: Partial<ListenOptions> & { address: string }) {
  const server = createServer();
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { server, bound: await listen(server, { name: 'data', allowPlaintext: [], socketMode: 0o660, ...options }) };
}

test('port 0 becomes the port that is bound', async (t) => {
  const { bound } = await tryListen(t, { address: '127.0.0.1:0' });
  t.regex(bound, /^127\.0\.0\.1:[1-9]\d+$/);
});

test('an address that is none is refused by the name of its key', async (t) => {
  await t.throwsAsync(tryListen(t, { address: '127.1:9000', name: 'ops' }), {
    code: 'JIMINI_LISTEN_REFUSED',
    message: /^listen\.ops: expected IP:PORT/,
  });
});

test('an address that other machines reach needs the word of the configuration', async (t) => {
  for (const address of ['0.0.0.0:0', '[::]:0', '[::ffff:0.0.0.0]:0']) {
    await t.throwsAsync(tryListen(t, { address }), {
      code: 'JIMINI_LISTEN_REFUSED',
      message: /without encryption.*allowPlaintext/,
    });
    await t.throwsAsync(tryListen(t, { address, allowPlaintext: ['ops'] }), { message: /without encryption/ });
  }
  const { bound } = await tryListen(t, { address: '0.0.0.0:0', allowPlaintext: ['data'] });
  t.regex(bound, /^0\.0\.0\.0:\d+$/);
});

test('the control listener stays on loopback whatever the configuration says', async (t) => {
  const options = { name: 'control', address: '0.0.0.0:0', allowPlaintext: ['control', 'data', 'ops'] } as const;
  const error = await t.throwsAsync(tryListen(t, options), { message: /^listen\.control: .*without encryption/ });
  t.notRegex(error?.message ?? '', /allowPlaintext/);
});

test('a port that is taken is named with the reason', async (t) => {
  const { bound } = await tryListen(t, { address: '127.0.0.1:0' });
  await t.throwsAsync(tryListen(t, { address: bound }), {
    message: /cannot listen on .*EADDRINUSE.*; another program listens there: stop it, or choose/,
  });
});

test('an address that the machine does not have is named with what to do', async (t) => {
  // TEST-NET-1 of RFC 5737: nobody has it.
  const options = { address: '192.0.2.1:0', allowPlaintext: ['data'] };
  await t.throwsAsync(tryListen(t, options), { message: /EADDRNOTAVAIL.*; this machine has no such address/ });
});

test('a socket and its directory are made with their modes and go away on close', async (t) => {
  const directory = join(temporaryDirectory(t), 'run');
  const path = join(directory, 'data.sock');
  const server = createServer();
  const options = { name: 'data', address: `unix:${path}`, allowPlaintext: [], socketMode: 0o660 } as const;
  t.is(await listen(server, options), `unix:${path}`);
  t.is(lstatSync(directory).mode & 0o7777, 0o750);
  t.is(lstatSync(path).mode & 0o7777, 0o660);
  t.is(lstatSync(path).gid, process.getegid?.() ?? -1);
  await new Promise((resolve) => server.close(resolve));
  t.false(existsSync(path));
});

test('the mode of a socket can be set, and the umask is left as it was', async (t) => {
  const before = process.umask();
  const path = join(temporaryDirectory(t), 'run', 's');
  await tryListen(t, { address: `unix:${path}`, socketMode: 0o600 });
  t.is(lstatSync(path).mode & 0o7777, 0o600);
  t.is(process.umask(), before);
});

test('a socket that a killed process left behind is replaced', async (t) => {
  const path = join(temporaryDirectory(t), 's');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  t.true(lstatSync(path).isSocket());
  const { bound } = await tryListen(t, { address: `unix:${path}` });
  t.is(bound, `unix:${path}`);
});

test('a socket that somebody answers on is not touched', async (t) => {
  const path = join(temporaryDirectory(t), 's');
  const { server } = await tryListen(t, { address: `unix:${path}` });
  await t.throwsAsync(tryListen(t, { address: `unix:${path}` }), { message: /is in use .*another instance/ });
  t.true((server as Server).listening);
  t.true(lstatSync(path).isSocket());
});

test('a file or link in the place of a socket is refused and kept', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'file');
  writeFileSync(file, 'mine');
  const link = join(directory, 'link');
  symlinkSync(join(directory, 'nowhere'), link);
  for (const path of [file, link]) {
    await t.throwsAsync(tryListen(t, { address: `unix:${path}` }), { message: /exists and is no socket/ });
    t.truthy(lstatSync(path));
  }
});

test('a directory that others can write to, or that cannot be made, is refused', async (t) => {
  const directory = join(temporaryDirectory(t), 'open');
  mkdirSync(directory);
  chmodSync(directory, 0o770);
  await t.throwsAsync(tryListen(t, { address: `unix:${directory}/s` }), { message: /writable by others/ });
  await t.throwsAsync(tryListen(t, { address: `unix:${directory}/none/none/s` }), {
    message: /cannot create .*ENOENT/,
  });
  const link = join(temporaryDirectory(t), 'link');
  symlinkSync(temporaryDirectory(t), link);
  await t.throwsAsync(tryListen(t, { address: `unix:${link}/s` }), { message: /not a directory/ });
});

test('a path of 107 bytes can be bound and connected to', async (t) => {
  const directory = join(temporaryDirectory(t), 'run');
  const path = join(directory, 's'.repeat(107 - directory.length - 1));
  t.is(path.length, 107);
  const { bound } = await tryListen(t, { address: `unix:${path}` });
  t.is(bound, `unix:${path}`);
  t.true(lstatSync(path).isSocket());
});

if (process.getuid?.() === 0) {
  test('a socket or directory of another user is refused and kept', async (t) => {
    const directory = join(temporaryDirectory(t), 'run');
    const path = join(directory, 's');
    await tryListen(t, { address: `unix:${path}` });
    chownSync(path, 12_345, 12_345);
    await t.throwsAsync(tryListen(t, { address: `unix:${path}` }), { message: /belongs to another user/ });
    t.true(lstatSync(path).isSocket());
    chownSync(directory, 12_345, 12_345);
    await t.throwsAsync(tryListen(t, { address: `unix:${directory}/other` }), {
      message: /the directory .* belongs to another user; put the socket into a directory of its own below it/,
    });
  });
}

/** The pod's user, whose groups are 12345 and, as fsGroup adds it, 23456. */
const POD_USER = ['--reuid', '12345', '--regid', '12345', '--groups', '23456'];
const moduleFile = fileURLToPath(new URL('../../sidecar/server/listen.js', import.meta.url));
// Only root can become another user, who must be able to read the clone.
if (spawnSync('setpriv', [...POD_USER, 'test', '-r', moduleFile]).status === 0) {
  test("in a volume of fsGroup, a user of the process's group may connect, and another one not", async (t) => {
    const mount = temporaryDirectory(t);
    chownSync(mount, 0, 23_456);
    chmodSync(mount, 0o2770);
    const path = join(mount, 'run', 'data.sock');
    const options = { name: 'data', address: `unix:${path}`, allowPlaintext: [], socketMode: 0o660 };
    const listening = `
      const { listen } = await import(${JSON.stringify(moduleFile)});
      const server = (await import('node:net')).createServer((socket) => socket.end());
      console.log(await listen(server, ${JSON.stringify(options)}));`;
    const server = asUser(POD_USER, listening);
    t.teardown(() => server.kill());
    const [line] = await once(server.stdout, 'data');
    t.is(String(line), `unix:${path}\n`);
    t.like(lstatSync(join(mount, 'run')), { uid: 12_345, gid: 12_345 });
    t.is(lstatSync(join(mount, 'run')).mode & 0o7777, 0o750);
    t.like(lstatSync(path), { uid: 12_345, gid: 12_345 });
    t.is(lstatSync(path).mode & 0o7777, 0o660);
    const connecting = `(await import('node:net')).connect(${JSON.stringify(path)}).on('error', () => process.exit(1))`;
    const connect = async (groups: string) => {
      const user = ['--reuid', '20000', '--regid', '20000', '--groups', groups];
      const [code] = await once(asUser(user, connecting), 'exit');
      return code;
    };
    t.is(await connect('12345,23456'), 0);
    t.is(await connect('23456'), 1);
  });
}

/** Runs a script in a process of that user. */
function asUser(user: readonly string[], script: string) {
  const argv = [...user, process.execPath, '--input-type=module', '-e', script];
  // Coverage goes into a folder that this user cannot write to; Node hands the variable on where it is not set.
  const env = { ...process.env, NODE_V8_COVERAGE: '' };
  return spawn('setpriv', argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
}
