import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Command, CommanderError } from 'commander';
import { processIo } from '../../sidecar/cli/cli-io.js';
import { logCommand } from '../../sidecar/cli/log.js';
import { serveCommand } from '../../sidecar/cli/serve.js';
import { packageRoot } from '../../sidecar/config/package-root.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { runCli } from './run-cli.js';

test('--version prints the version of package.json', async (t) => {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  t.deepEqual(await runCli(['--version']), { code: 0, out: `${version}\n`, err: '' });
});

const usage = test.macro(async (t, argv: readonly string[], expected: RegExp) => {
  const { code, out, err } = await runCli(argv);
  t.is(code, 2);
  t.is(out, '');
  t.regex(err, expected);
  t.is(err.trimEnd().split('\n').length, 1);
});
test('an unknown flag is bad usage', usage, ['--verbos'], /^jimini: unknown option '--verbos'/);
test('an unknown command is bad usage, with the nearest one', usage, ['lnt'], /^jimini: unknown command 'lnt' .*lint/);
test('a missing argument is bad usage', usage, ['lint'], /^jimini: missing required argument 'path'$/m);
test('an argument too many is bad usage', usage, ['config', 'check', 'x'], /^jimini: too many arguments/);
test('a wrong choice is bad usage', usage, ['lint', 'x', '--format', 'xml'], /^jimini: option '--format <format>'/);
test(
  'a hostile flag is shown, not acted on',
  usage,
  ['--a\u001b[2J\nb'],
  /^jimini: unknown option '--a\\u\{1b\}\[2J b'/,
);

for (const argv of [
  ['bogus', '--help'],
  ['-h', 'bogus'],
  ['help', 'bogus'],
  ['config', 'bogus', '--help'],
  ['config', 'help', 'bogus'],
]) {
  test(
    `help for a command that is not there is bad usage: ${argv.join(' ')}`,
    usage,
    argv,
    /^jimini: unknown command 'bogus'/,
  );
}
for (const argv of [['load'], ['admin', 'status', '--format', 'json'], ['privacy', '--help'], ['help', 'rollback']]) {
  test(
    `a command of a later version says that this one has none: ${argv.join(' ')}`,
    usage,
    argv,
    /^jimini: there is no command '(load|admin|privacy|rollback)' in this version; `jimini --help`/,
  );
}

test('no command at all is bad usage and shows help on standard error', async (t) => {
  const { code, out, err } = await runCli([]);
  t.is(code, 2);
  t.is(out, '');
  t.regex(err, /^Usage: jimini/);
});

test('a text to judge may be the word for help', async (t) => {
  t.regex((await runCli(['test', '--pack', 'pci', '--text', 'help'])).out, /ALLOW/);
});

test('every command has help with an example, and help is success', async (t) => {
  const io = processIo();
  const ofLog = ['verify', 'show', 'head', 'export', 'prove'].map((name) => ['log', name]);
  const ofConfig = ['check', 'show', 'schema'].map((name) => ['config', name]);
  for (const argv of [[], ['serve'], ['lint'], ['test'], ...ofConfig, ...ofLog]) {
    const { code, out, err } = await runCli([...argv, '--help'], { extra: [serveCommand('0', io), logCommand(io)] });
    t.is(code, 0);
    t.is(err, '');
    t.regex(out, /Examples?:\n {2}(curl|jimini) /, argv.join(' '));
    t.regex(out, /Exit codes: 0 /, argv.join(' '));
  }
});

test('help names the choices of a setting', async (t) => {
  const { out } = await runCli(['config', 'check', '--help']);
  t.regex(
    out.replace(/\s+/g, ' '),
    /--policy-on-error <value> .* One of deny, flag, allow\. \(JIMINI_POLICY_ON_ERROR\)/,
  );
});

test('commands made elsewhere print like ours and keep their exit codes', async (t) => {
  const extra = [logCommand({ env: {}, directory: '/' })];
  const verify = await runCli(['log', 'verify', '--bogus'], { extra });
  t.deepEqual(verify, { code: 4, out: '', err: "jimini: unknown option '--bogus'\n" });
  const group = await runCli(['log', 'bogus'], { extra: [logCommand({ env: {}, directory: '/' })] });
  t.deepEqual(group, { code: 2, out: '', err: "jimini: unknown command 'bogus'\n" });
});

test('whatever a command throws is one line per problem and exit code 2', async (t) => {
  const thrower = (name: string, error: unknown) =>
    new Command(name).action(() => {
      throw error;
    });
  const extra = () => [
    thrower('known', new JiminiError('JIMINI_LISTEN_REFUSED', 'listen.data: taken\nlisten.ops: taken')),
    thrower('bug', new TypeError('x is not a function')),
    thrower('quiet', new CommanderError(0, 'done', '')),
  ];
  t.deepEqual(await runCli(['known'], { extra: extra() }), {
    code: 2,
    out: '',
    err: 'jimini: listen.data: taken\njimini: listen.ops: taken\n',
  });
  t.is((await runCli(['bug'], { extra: extra() })).err, 'jimini: internal error: x is not a function\n');
  t.is((await runCli(['quiet'], { extra: extra() })).code, 0);
});

const entry = fileURLToPath(new URL('jimini-program.js', import.meta.url));

test('the exit code is that of the process', async (t) => {
  const run = async (...argv: string[]) => {
    const child = spawn(process.execPath, ['--disable-proto=delete', entry, ...argv], { stdio: 'ignore' });
    return (await once(child, 'exit'))[0] as number;
  };
  t.is(await run('--version'), 0);
  t.is(await run('test', '--text', 'card 4111 1111 1111 1111'), 1);
  t.is(await run('test'), 2);
});

test('a reader that goes away ends the output quietly', async (t) => {
  const child = spawn(process.execPath, [entry, 'config', 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors = text(child.stderr);
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  t.is(await errors, '');
  t.is(code, 0);
});

test('output that cannot be written is an error that says so', async (t) => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [entry, 'config', 'schema'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  const errors = text(child.stderr as Readable);
  t.deepEqual(await once(child, 'close'), [2, null]);
  t.is(await errors, 'jimini: standard output cannot be written (ENOSPC)\n');
});
