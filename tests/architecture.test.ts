import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

/** Root of the repository: this file runs from build/tests. */
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Floor of each room, as in ARCHITECTURE.md. Imports go down only; rooms of one floor do not import one another. */
const FLOORS: readonly (readonly [room: string, floor: number])[] = [
  ['proto/gen', 0],
  ['sidecar/kernel', 0],
  ['sidecar/content', 1],
  ['sidecar/policy', 1],
  ['sidecar/privacy', 1],
  ['sidecar/audit', 2],
  ['sidecar/delivery', 2],
  ['sidecar/storage', 2],
  ['sidecar/switches', 2],
  ['sidecar/telemetry', 2],
  ['sidecar/config', 2],
  ['sidecar/inspection', 2],
  ['sidecar/decision-point.ts', 3],
  ['mesh', 4],
  ['sidecar/server', 4],
  ['sidecar/witness', 4],
  ['adapters', 4],
  ['sidecar/cli', 5],
  ['sidecar/wiring', 5],
  ['sidecar/main.ts', 5],
];

/** What a room must not import from outside the repository, because it must not know it. */
const FORBIDDEN_PACKAGES: readonly (readonly [room: string, pattern: RegExp])[] = [
  ['sidecar/kernel', /^(?!node:crypto$)/],
  ['sidecar/content', /^(node:(fs|net|http|http2|child_process|worker_threads)|@grpc|@bufbuild|@opentelemetry)/],
  ['sidecar/policy', /^(node:(fs|net|http|http2|child_process|worker_threads)|@grpc|@bufbuild|@opentelemetry)/],
  ['sidecar/decision-point.ts', /^(@grpc|@bufbuild)/],
];

const SOURCE_FOLDERS = ['sidecar', 'mesh', 'adapters', 'tests', 'bench'];
const SOURCE_LINES_MAX = 300;
const TEST_LINES_MAX = 500;
const MEDIAN_LINES_MAX = 100;
const BANNED_FILE_NAMES = /^(utils?|helpers?|common|misc)\./;
/** Spelt in pieces, so that this file does not hold them. */
const BANNED_WORDS = [
  ['TO', 'DO'],
  ['FIX', 'ME'],
  ['XX', 'X'],
  ['c8 ig', 'nore'],
  ['v8 ig', 'nore'],
  ['@ts-ig', 'nore'],
  ['@ts-no', 'check'],
  ['as a', 'ny'],
  ['test.sk', 'ip'],
  ['test.on', 'ly'],
  ['test.fail', 'ing'],
  ['test.to', 'do'],
].map((pieces) => new RegExp(`(?<![\\w@])${pieces.join('')}(?!\\w)`));
/** The one place that may skip a test, for a program that is not installed. */
const SKIP_HELPER = 'tests/tools/needs.ts';

const files = SOURCE_FOLDERS.flatMap((folder) => filesBelow(folder));
const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));

test('imports go down only, and never to a room of the same floor', (t) => {
  const wrong = sources.filter(isProduct).flatMap((file) =>
    importsOf(file)
      .filter((target) => !target.package)
      .filter(({ name }) => !mayImport(file, name))
      .map(({ name }) => `${file} imports ${name}`),
  );
  t.deepEqual(wrong, []);
});

test('every source file belongs to a room', (t) => {
  t.deepEqual(
    sources.filter(isProduct).filter((file) => roomOf(file) === undefined),
    [],
  );
});

test('pure rooms import nothing that touches disk, network or protocol', (t) => {
  const wrong = sources.flatMap((file) =>
    FORBIDDEN_PACKAGES.filter(([room]) => isBelow(file, room)).flatMap(([, pattern]) =>
      importsOf(file)
        .filter((target) => target.package && pattern.test(target.name))
        .map(({ name }) => `${file} imports ${name}`),
    ),
  );
  t.deepEqual(wrong, []);
});

test('a witness shares code with the verifier of the log, and none with its writer', (t) => {
  const wrong = sources
    .filter((file) => isBelow(file, 'sidecar/witness'))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ name }) => isBelow(name, 'sidecar/audit') && !isBelow(name, 'sidecar/audit/verify'))
        .map(({ name }) => `${file} imports ${name}`),
    );
  t.deepEqual(wrong, []);
});

test('HTTP/2 knows nothing of what is above it, and uses nothing but sockets', (t) => {
  const mayUse = ({ name }: { name: string }) =>
    ['sidecar/server/http2', 'sidecar/kernel'].some((room) => isBelow(name, room)) || /^node:(net|stream)$/.test(name);
  const wrong = sources
    .filter((file) => isBelow(file, 'sidecar/server/http2'))
    .flatMap((file) =>
      importsOf(file)
        .filter((target) => !mayUse(target))
        .map(({ name }) => `${file} imports ${name}`),
    );
  t.deepEqual(wrong, []);
});

test('pure rooms do not read the clock', (t) => {
  const wrong = sources
    .filter((file) => isBelow(file, 'sidecar/content') || isBelow(file, 'sidecar/policy'))
    .filter((file) => /Date\.now\(|new Date\(\)|performance\.now|hrtime|Math\.random/.test(read(file)));
  t.deepEqual(wrong, []);
});

test('the verifier of the log shares no code with its writer, nor with anything else', (t) => {
  const folder = 'sidecar/audit/verify';
  const wrong = sources
    .filter((file) => isBelow(file, folder))
    .flatMap((file) =>
      importsOf(file)
        .filter((target) => (target.package ? target.name !== 'node:crypto' : !isBelow(target.name, folder)))
        .map(({ name }) => `${file} imports ${name}`),
    );
  t.deepEqual(wrong, []);
});

// V8 makes such functions in the old generation, where what they refer to outlives the call: ARCHITECTURE.md tells.
test('no function is written as one that is assigned to a property', (t) => {
  const assigned = /[\w\])]\.#?\w+ (?:\?\?|\|\|)?= (?:async )?(?:function\b|\([^()]*\)(?:: [^=]+)? =>|\w+ =>)/;
  const wrong = sources
    .filter(isProduct)
    .filter((file) => roomOf(file)?.[0] !== 'sidecar/cli' && assigned.test(read(file)));
  t.deepEqual(wrong, []);
});

test('no file is so long that it must have two reasons to be opened', (t) => {
  const lines = (file: string) => read(file).split('\n').length;
  const tooLong = sources
    .filter((file) => lines(file) > (isProduct(file) ? SOURCE_LINES_MAX : TEST_LINES_MAX))
    .map((file) => `${file}: ${lines(file)} lines`);
  t.deepEqual(tooLong, []);
  const sizes = sources
    .filter(isProduct)
    .map(lines)
    .sort((a, b) => a - b);
  const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
  t.true(median <= MEDIAN_LINES_MAX, `the median file has ${median} lines`);
});

test('no file holds a word that stands for unfinished or silenced work', (t) => {
  const wrong = files
    .filter((file) => /\.(ts|mts|mjs|js|sh|ya?ml)$/.test(file) && file !== SKIP_HELPER)
    .flatMap((file) => BANNED_WORDS.filter((word) => word.test(read(file))).map((word) => `${file}: ${word}`));
  t.deepEqual(wrong, []);
});

test('no file is named after nothing in particular', (t) => {
  t.deepEqual(
    files.filter((file) => BANNED_FILE_NAMES.test(posix.basename(file))),
    [],
  );
});

function isProduct(file: string): boolean {
  return /^(sidecar|mesh|adapters)\//.test(file);
}

function isBelow(file: string, room: string): boolean {
  return file === room || file.startsWith(`${room}/`);
}

function roomOf(file: string): readonly [string, number] | undefined {
  return FLOORS.find(([room]) => isBelow(file, room));
}

function mayImport(file: string, target: string): boolean {
  const from = roomOf(file);
  const to = roomOf(target);
  if (!from || !to) return false;
  // The rooms of the top floor are one: commands use the wiring, and the wiring knows no command.
  const samePart = from[0] === to[0] || (from[1] === 5 && to[1] === 5 && to[0] !== 'sidecar/cli');
  return samePart || to[1] < from[1];
}

/** Static and dynamic imports and re-exports of a file; relative ones as paths from the root with .ts endings. */
function importsOf(file: string): { package: boolean; name: string }[] {
  const text = read(file);
  const specifiers = [...text.matchAll(/(?:from\s+|import\(\s*|import\s+)['"]([^'"]+)['"]/g)].map(
    (match) => match[1] ?? '',
  );
  return specifiers.map((name) =>
    name.startsWith('.')
      ? { package: false, name: posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts') }
      : { package: true, name },
  );
}

function filesBelow(folder: string): string[] {
  const path = join(root, folder);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => relative(root, join(path, name)))
    .filter((name) => statSync(join(root, name)).isFile() && !name.startsWith('bench/results/'))
    .sort();
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
