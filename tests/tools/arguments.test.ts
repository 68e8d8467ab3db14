import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { repositoryRoot } from '../processes/sidecar.js';

/** Runs a script of the repository as its task in the launcher does. */
function run(script: string, argv: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const file = join(repositoryRoot, 'build', script);
  return new Promise((resolve) => {
    execFile(process.execPath, ['--enable-source-maps', file, ...argv], { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

const isRefused = test.macro(async (t, script: string, argv: readonly string[], problem: string, usage: string) => {
  const { code, stdout, stderr } = await run(script, argv);
  t.deepEqual([code, stdout], [2, '']);
  const [first, second] = stderr.split('\n');
  t.is(first, problem);
  t.true(second?.startsWith(`usage: npm run ${usage}`), stderr);
  t.notRegex(stderr, /\n\s+at |node:internal/);
});

const DEMO = 'tests/demo/demo.js';
test('an unknown option of the demo', isRefused, DEMO, ['--bogus'], "Unknown option '--bogus'", 'demo [-- --keep]');
test('an argument that the demo does not take', isRefused, DEMO, ['x'], "Unexpected argument 'x'", 'demo [-- --keep]');
const BENCH = 'bench/main.js';
test('an unknown option of the bench', isRefused, BENCH, ['--bogus'], "Unknown option '--bogus'", 'bench [-- check|');
test('an unknown measurement', isRefused, BENCH, ['nonsense'], 'unknown measurement nonsense', 'bench [-- check|');
test('no folder', isRefused, BENCH, ['--dir', '/absent'], '--dir: no such folder, /absent', 'bench [-- check|');
for (const [name, least, said] of [
  ['rounds', 1, 'x'],
  ['rps', 1, '0'],
  ['seconds', 1, '1e9'],
  ['misses', 0, '1.5'],
] as const) {
  const problem = `--${name}: expected a whole number from ${least}, found "${said}"`;
  test(`--${name} ${said}`, isRefused, BENCH, ['check', `--${name}`, said], problem, 'bench [-- check|');
}
const FUZZ = 'tests/fuzz/main.js';
const FUZZERS = 'expected policy, content, http2 or bombs';
test(
  'an unknown fuzzer',
  isRefused,
  FUZZ,
  ['nonsense'],
  `${FUZZERS}, found "nonsense"`,
  'fuzz -- policy|content|http2|bombs',
);
test('no fuzzer at all', isRefused, FUZZ, [], `${FUZZERS}, found ""`, 'fuzz -- policy|content|http2|bombs');
test(
  'runs that are no number',
  isRefused,
  'tests/faults/main.js',
  ['--runs', 'x'],
  '--runs: expected a whole number from 1, found "x"',
  'test:faults [-- [seeds|',
);
test(
  'an unknown kind of faults',
  isRefused,
  'tests/faults/main.js',
  ['nonsense'],
  'unknown part "nonsense"',
  'test:faults',
);
