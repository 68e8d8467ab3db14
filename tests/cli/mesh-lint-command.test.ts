import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CHECKS } from '../../mesh/lint/checks.js';
import { tempDirectory } from '../config/temp-directory.js';
import { repositoryRoot } from '../processes/sidecar.js';
import { runCli } from './run-cli.js';

const CASES = join(repositoryRoot, 'tests', 'mesh', 'lint', 'cases');

test('a clean configuration prints nothing but a summary', async (t) => {
  t.deepEqual(await runCli(['mesh', 'lint', 'good.yaml'], { directory: join(CASES, 'failure-open') }), {
    code: 0,
    out: '',
    err: 'jimini: 0 errors, 0 warnings; 1 file\n',
  });
});

test('an error has file, line and column, and exits 2', async (t) => {
  const { code, out, err } = await runCli(['mesh', 'lint', 'good.yaml', 'bad.yaml'], {
    directory: join(CASES, 'failure-open'),
  });
  t.is(code, 2);
  const { why, mend } = CHECKS['failure-open'];
  t.is(out, `bad.yaml:10:1: error: failure_mode_allow is true: ${why}. To mend: ${mend}. [failure-open]\n`);
  t.is(err, 'jimini: 1 error, 0 warnings; 2 files\n');
});

test('warnings alone are success', async (t) => {
  const { code, out } = await runCli(['mesh', 'lint', 'bad.yaml'], { directory: join(CASES, 'timeout-long') });
  t.is(code, 0);
  t.regex(out, /^bad\.yaml:5:3: warning: timeout is 600000 ms: .+ \[timeout-long\]\n$/);
});

test('a file that is absent, not text or not YAML is an error', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
  writeFileSync(join(directory, 'broken.json'), '{"a": ');
  const { code, out } = await runCli(['mesh', 'lint', 'absent.yaml', 'binary.yaml', 'broken.json', '.'], { directory });
  t.is(code, 2);
  t.deepEqual(
    out.split('\n').map((line) => line.replace(/: what cannot be read .*/, '')),
    [
      'absent.yaml:1:1: error: no such file',
      'binary.yaml:1:1: error: not valid UTF-8',
      out.split('\n')[2]?.replace(/: what cannot be read .*/, ''),
      '.:1:1: error: is a directory; name a file',
      '',
    ],
  );
  t.regex(out, /^broken\.json:1:\d+: error: not YAML: /m);
});

test('hostile names and texts are shown, not acted on', async (t) => {
  const directory = tempDirectory(t);
  const text = readFileSync(join(CASES, 'context-key', 'bad.yaml'), 'utf8').replace('jimini.pack:', '"jimini\\e[31m":');
  writeFileSync(join(directory, 'x\u001b[31m.yaml'), text);
  const { out } = await runCli(['mesh', 'lint', 'x\u001b[31m.yaml'], { directory });
  t.true(out.startsWith('x\\u{1b}[31m.yaml:14:'));
  t.true(out.includes('unknown key jimini\\u{1b}[31m'));
  t.false(out.includes('\u001b'));
});

test('--format json gives the findings, whole', async (t) => {
  const { code, out } = await runCli(['mesh', 'lint', 'bad.yaml', '--format', 'json'], {
    directory: join(CASES, 'failure-open'),
  });
  t.is(code, 2);
  const message = 'failure_mode_allow is true';
  const finding = { file: 'bad.yaml', line: 10, column: 1, check: 'failure-open', message, ...CHECKS['failure-open'] };
  t.deepEqual(JSON.parse(out), { findings: [finding] });
});

test('no file is bad usage', async (t) => {
  const { code, err } = await runCli(['mesh', 'lint']);
  t.is(code, 2);
  t.is(err, "jimini: missing required argument 'file'\n");
});

test('the checks can be listed', async (t) => {
  const { code, out } = await runCli(['mesh', 'checks', '--format', 'json']);
  t.is(code, 0);
  t.deepEqual(JSON.parse(out), { checks: CHECKS });
  t.regex((await runCli(['mesh', 'checks'])).out, /^- `failure-open` \(error\): .+\. To mend: .+\.$/m);
});
