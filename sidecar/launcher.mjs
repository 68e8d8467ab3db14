#!/usr/bin/env node
// The one way in, for `npx jimini` and for every npm script. Plain JavaScript, because in a fresh clone nothing is
// installed or compiled yet, and the machine's Node may be older than the one that Jimini needs.
//
//   launcher.mjs COMMAND...   the jimini command line
//   launcher.mjs :TASK ...    a task of the repository: build, check, test, faults, fuzz, bench, demo
//
// In a clone it installs and builds what is missing and goes on under the Node of node_modules. In a published
// package (no tsconfig.json) it does neither: there the host's Node must be new enough.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const bin = join(root, 'node_modules', '.bin');
const lockFile = join(root, 'node_modules', '.jimini-lock');
const isClone = existsSync(join(root, 'tsconfig.json'));
const buildInputs = [
  'sidecar',
  'mesh',
  'adapters',
  'tests',
  'bench',
  'proto',
  'tsconfig.json',
  'buf.yaml',
  'buf.gen.yaml',
  'package-lock.json',
];

// One helper thread for V8 instead of four: where cores are few, four that mark garbage at one time leave the thread that
// answers without a core for a tenth of a second. The collector may be called, which long work in slices does. And young
// objects may be collected while old ones are being marked: otherwise V8 (13.6) ends the marking at once instead
// (Heap::SelectGarbageCollector), which stops the thread for as long as the whole heap takes. Young objects have 16 MiB: with
// 8 a Check costs a tenth more CPU, and 32 or 64 make no difference that can be measured. And one thread copies them: two have to wait for each other, which costs more than it saves where cores are few.
// And nothing is made old from the start: V8 does that with what is made at a place where much has survived (AllocationSite), such as
// parts of a call in a busy moment, and from then on each call's part keeps the whole call, 7 KB, until the next full collection.
const programFlags = [
  '--enable-source-maps',
  '--disable-proto=delete',
  '--v8-pool-size=1',
  '--expose-gc',
  '--no-separate-gc-phases',
  '--max-semi-space-size=16',
  '--no-parallel-scavenge',
  '--no-allocation-site-pretenuring',
];
const program = join(root, 'build', 'sidecar', 'cli', 'jimini.js');
const tasks = {
  build: () => [],
  check: () => [
    ['buf', 'lint', '--path', 'proto/jimini'],
    // Compared as images: with a directory as input, buf finds no change at all.
    ['buf', 'build', 'proto', '--path', 'proto/jimini', '-o', 'build/proto.binpb'],
    ['buf', 'breaking', 'build/proto.binpb', '--against', 'proto/baseline.binpb'],
    ['biome', 'ci', '--error-on-warnings', '.'],
    ['knip', '--no-config-hints'],
    ['ava', 'tests/architecture.test.ts'],
  ],
  // A program that cannot be installed skips its tests, loudly; so its failure here is not the end.
  test: (args) =>
    args.length > 0
      ? [['ava', ...args]]
      : [
          ['-', process.execPath, 'tests/tools/install.mjs'],
          ['c8', 'ava'],
        ],
  faults: (args) => [
    [process.execPath, '--enable-source-maps', join(root, 'build', 'tests', 'faults', 'main.js'), ...args],
  ],
  fuzz: (args) => [
    [process.execPath, '--enable-source-maps', join(root, 'build', 'tests', 'fuzz', 'main.js'), ...args],
  ],
  bench: (args) => [[process.execPath, ...programFlags, join(root, 'build', 'bench', 'main.js'), ...args]],
  demo: (args) => [
    [process.execPath, '--enable-source-maps', join(root, 'build', 'tests', 'demo', 'demo.js'), ...args],
  ],
};

await main(process.argv.slice(2));

async function main(args) {
  if (isClone) {
    installDependencies();
    const pinned = join(bin, 'node');
    if (
      !process.env.JIMINI_HOST_NODE &&
      existsSync(pinned) &&
      realpathSync(pinned) !== realpathSync(process.execPath)
    ) {
      process.exit(await run([pinned, fileURLToPath(import.meta.url), ...args]));
    }
  }
  requireNode();
  if (isClone) build();
  if (!args[0]?.startsWith(':')) {
    process.exit(await run([process.execPath, ...programFlags, program, ...args]));
  }
  const task = tasks[args[0].slice(1)];
  if (!task) fail(`unknown task ${args[0]}; expected one of :${Object.keys(tasks).join(' :')}`);
  for (const command of task(args.slice(1))) {
    const mayFail = command[0] === '-';
    const code = await run(mayFail ? command.slice(1) : command, root);
    if (code !== 0 && !mayFail) process.exit(code);
  }
}

/** `engines` of package.json, checked here because npm only warns. */
function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 20)) return;
  fail(`Node ${process.versions.node} is too old: Jimini needs Node >= 22.20`);
}

/** `npm ci`, unless this lockfile is what is installed. */
function installDependencies() {
  const stamp = join(root, 'node_modules', '.jimini-installed');
  const digest = digestOf([join(root, 'package-lock.json')]);
  if (readIfThere(stamp) === digest) return;
  note('installing dependencies (npm ci)');
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  runQuietly([...npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, digest);
}

/** Generates code from the protos and compiles, unless the build is of these sources. One process at a time. */
function build() {
  const stamp = join(root, 'build', '.stamp');
  const digest = digestOf(buildInputs.flatMap((name) => filesBelow(join(root, name))));
  if (readIfThere(stamp) === digest) return;
  holdingLock(() => {
    if (readIfThere(stamp) === digest) return;
    note('building');
    const protoStamp = join(root, 'proto', 'gen', '.stamp');
    const protoDigest = digestOf([
      ...filesBelow(join(root, 'proto')),
      join(root, 'buf.yaml'),
      join(root, 'buf.gen.yaml'),
      join(root, 'package-lock.json'),
    ]);
    if (readIfThere(protoStamp) !== protoDigest) generate(protoStamp, protoDigest);
    rmSync(stamp, { force: true });
    runQuietly(['tsc', '-p', '.']);
    writeFileSync(stamp, digest);
  });
}

function generate(stamp, digest) {
  runQuietly(['buf', 'generate']);
  const paths = [
    'proto/jimini',
    'node_modules/@grpc/grpc-js-xds/deps/envoy-api/envoy/service/auth/v3/external_auth.proto',
    'node_modules/grpc-health-check/proto/health',
    'node_modules/@grpc/reflection/build/proto/grpc',
  ];
  runQuietly([
    'buf',
    'build',
    '--as-file-descriptor-set',
    ...paths.flatMap((path) => ['--path', path]),
    '-o',
    'proto/gen/jimini.binpb',
  ]);
  writeFileSync(stamp, digest);
}

/** Files below a folder in a fixed order, generated code and this build's own output excepted. */
function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  if (path === join(root, 'proto', 'gen') || path === join(root, 'bench', 'results')) return [];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** One builder at a time. The lock file names its holder, so that a holder that died does not block anybody. */
function holdingLock(work) {
  for (;;) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = readIfThere(lockFile);
      if (holder && !isAlive(Number(holder))) rmSync(lockFile, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  const release = () => rmSync(lockFile, { force: true });
  process.once('exit', release);
  work();
  process.off('exit', release);
  release();
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function environment() {
  return { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}`, npm_config_loglevel: 'error' };
}

/** Runs to the end, shows output only when it fails, and ends the launcher then. */
function runQuietly([command, ...args]) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: environment(),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  fail(`${[command, ...args].join(' ')} failed${result.error ? `: ${result.error.message}` : ''}`);
}

/** Runs with our standard streams, forwards signals, and returns the exit code (128 + signal number when killed). */
function run([command, ...args], cwd = process.cwd()) {
  const child = spawn(command, args, { cwd, env: environment(), stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`cannot run ${command}: ${error.message}`));
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

function note(text) {
  process.stderr.write(`jimini: ${text}\n`);
}

function fail(text) {
  note(text);
  process.exit(1);
}
