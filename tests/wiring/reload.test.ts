import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import type { Environment } from '../../sidecar/config/environment.js';
import { loadConfig, usable } from '../../sidecar/config/load.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { loadPolicy } from '../../sidecar/wiring/load-policy.js';
import { type ReloadRefusal, watchPolicy } from '../../sidecar/wiring/reload.js';
import { tempDirectory } from '../config/temp-directory.js';

const PACK = `name: words\nversion: "1"\nrules:
  - {id: WORD, title: a word, severity: low, action: block, pattern: apple, examples: {match: [apple], no_match: [other]}}\n`;

/** A policy that is watched, and what its watcher said so far: `shadow` for each reload in force, or the refusal. */
async function watched(
  t: ExecutionContext,
  before: string,
  beforeTheWatcher: (file: string) => void = () => {},
  /** Called before and after the configuration is read. */
  around: (file: string, when: 'before' | 'after') => void = () => {},
) {
  const timer = setInterval(() => {}, 1000); // a watcher does not keep the test alive
  const directory = tempDirectory(t);
  const file = join(directory, 'jimini.yaml');
  writeFileSync(join(directory, 'words.yaml'), PACK);
  writeFileSync(file, before);
  const env: Environment = before.includes('packs') ? {} : { JIMINI_PACKS: join(directory, 'words.yaml') };
  const readConfig = async () => {
    around(file, 'before');
    try {
      return usable(await loadConfig({ file, env, directory }));
    } finally {
      around(file, 'after');
    }
  };
  const loadedConfig = await readConfig();
  const loaded = await loadPolicy(loadedConfig);
  beforeTheWatcher(file);
  const said: (boolean | ReloadRefusal)[] = [];
  const logged = new PassThrough();
  let lines = '';
  logged.on('data', (piece) => {
    lines += piece;
  });
  const watcher = await watchPolicy({
    loadedConfig,
    readConfig,
    loaded,
    showSwitches: () => {},
    apply: (config) => {
      said.push(config.shadow);
    },
    refuse: (refusal) => said.push(refusal),
    auditLog: { append: async () => ({ seq: 0, decisionId: '' }) } as unknown as AuditLog,
    logger: createLogger('warn', logged),
  });
  t.teardown(() => {
    watcher.close();
    clearInterval(timer);
  });
  const write = (text: string, name = file) => {
    writeFileSync(`${name}.new`, text);
    renameSync(`${name}.new`, name);
  };
  /** What is said next, after `text` was written. */
  const next = async (text: string, name?: string) => {
    const count = said.length;
    write(text, name);
    while (said.length === count) await new Promise((resolve) => setTimeout(resolve, 20));
    return said.at(-1);
  };
  return { directory, file, said, next, warnings: () => lines };
}

const EMPTIED = /jimini\.yaml:1:1: the file is empty, and the one in force is not; .*\{\}/;

for (const { name, text } of [
  { name: 'empty', text: '' },
  { name: 'of blanks', text: ' \n\n' },
  { name: 'of comments', text: '# shadow: true\n' },
  { name: 'of a document mark', text: '---\n' },
  { name: 'null', text: 'null\n' },
]) {
  test(`a configuration file that is ${name} is refused where the last good one was not empty`, async (t) => {
    const { next } = await watched(t, 'shadow: true\n');
    const refusal = (await next(text)) as ReloadRefusal;
    t.is(refusal.part, 'config');
    t.regex(refusal.problems[0] ?? '', EMPTIED);
    t.is(await next('shadow: false\n'), false, 'the next good file is taken');
  });
}

for (const { name, half } of [
  { name: 'says less', half: '{}\n' },
  { name: 'is refused', half: 'shadow: tr' },
]) {
  test(`a file that is written again while it is read, and ${name} then, is read once it has come to rest`, async (t) => {
    let isWritten = false;
    const { said, next } = await watched(t, 'shadow: true\n', undefined, (file, when) => {
      if (!isWritten) return;
      writeFileSync(file, when === 'before' ? half : 'shadow: true\nlogLevel: error\n');
      if (when === 'after') isWritten = false;
    });
    isWritten = true;
    t.is(await next('shadow: true\nlogLevel: warn\n'), true);
    t.deepEqual(said, [true]);
  });
}

test('a file that says {} means the defaults, and so does one that was empty before', async (t) => {
  const { next } = await watched(t, 'shadow: true\n');
  t.is(await next('{}\n'), false);
  const empty = await watched(t, '');
  t.is(await empty.next('# still nothing\n'), false);
  t.is(await empty.next('shadow: true\n'), true);
  t.regex(((await empty.next('')) as ReloadRefusal).problems[0] ?? '', EMPTIED);
});

test('what counts is the last good file, not the last one', async (t) => {
  const { next } = await watched(t, '');
  const refusal = (await next('policy:\n  requiredPacks: [words, absent]\n')) as ReloadRefusal;
  t.is(refusal.part, 'config');
  t.regex(
    refusal.problems[0] ?? '',
    /jimini\.yaml:2:26: policy\.requiredPacks: no pack is named absent; loaded are words$/,
  );
  t.is(await next(''), false, 'the file in force was empty');
  t.is(await next('shadow: true\n'), true);
  t.like(await next('shadows: true\n'), { part: 'config' });
  t.regex(((await next('')) as ReloadRefusal).problems[0] ?? '', EMPTIED);
});

test('a refusal says which part was at fault, where, and how many problems are left out', async (t) => {
  const { next, directory } = await watched(t, 'packs: [./words.yaml]\n');
  const keys = Array.from({ length: 30 }, (_, i) => `"\\e[2J${i}${'x'.repeat(900)}": 1\n`).join('');
  const config = (await next(keys)) as ReloadRefusal;
  t.is(config.part, 'config');
  t.is(config.problems.length, LIMITS.toldProblemsMax + 1);
  t.is(config.problems.at(-1), 'and 20 more');
  t.regex(config.problems[0] ?? '', /jimini\.yaml:1:1: \\u\{1b\}\[2J0x+/);
  t.true(config.problems.every((problem) => problem.length <= LIMITS.toldProblemCharsMax + 3));
  t.notRegex(config.problems.join(''), /[\p{Cc}\p{Cf}]/u);

  t.is(await next('packs: [./words.yaml]\n'), false);
  const packs = (await next(PACK.replace('block', 'blok'), join(directory, 'words.yaml'))) as ReloadRefusal;
  t.is(packs.part, 'packs');
  t.regex(packs.problems[0] ?? '', /words\.yaml:4:\d+: error: /);
});

test('settings that need a restart are named for as long as the file differs from the start', async (t) => {
  const { next, warnings } = await watched(t, 'shadow: false\n');
  await next('shadow: true\nlog: {capture: none}\n');
  t.regex(warnings(), /"keys":\["log\.capture"\],"msg":"these settings take effect at the next start"/);
  const before = warnings();
  await next('shadow: false\n');
  t.is(warnings(), before, 'it is as at the start again');
});

test('a change between the first reading and the first look of the watcher is not lost', async (t) => {
  const { said } = await watched(t, 'shadow: false\n', (file) => writeFileSync(file, 'shadow: true\n'));
  t.deepEqual(said, [true]);
  const same = await watched(t, 'shadow: false\n', (file) => writeFileSync(file, 'shadow: false # as before\n'));
  t.deepEqual(same.said, []);
  const broken = await watched(t, 'shadow: false\n', (file) => writeFileSync(file, 'shadow: maybe\n'));
  t.like(broken.said[0], { part: 'config' });
});

test('digests of masked text stay the same over a reload, and differ between two processes', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'words.yaml'), PACK);
  const env: Environment = { JIMINI_PACKS: join(directory, 'words.yaml') };
  const config = usable(await loadConfig({ env, directory }));
  const first = await loadPolicy(config);
  const keyOf = ({ snapshot }: typeof first) => snapshot.settings.maskKey;
  t.regex(keyOf(first) ?? '', /^[0-9a-f]{64}$/);
  t.is(keyOf(await loadPolicy(config, first)), keyOf(first));
  t.not(keyOf(await loadPolicy(config)), keyOf(first));
});
