import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findDataDirectory } from '../../sidecar/config/data-dir.js';
import { loadConfig } from '../../sidecar/config/load.js';
import { tempDirectory } from './temp-directory.js';

interface Said {
  readonly file?: string;
  readonly env?: Record<string, string>;
  readonly flag?: string;
}

const finds = test.macro(async (t, { file, env = {}, flag }: Said, expected: string) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'good.yaml'), 'dataDir: by-file\n');
  writeFileSync(join(directory, 'bad.yaml'), 'dataDirs: by-file\n');
  const sources = { ...(file && { file: join(directory, file) }), env, directory };
  t.is(await findDataDirectory(sources, flag), join(directory, expected));
  if (file === 'bad.yaml') return;
  const flags = new Map(flag ? [['dataDir', { name: '--data-dir', said: flag }]] : []);
  t.is((await loadConfig({ ...sources, flags })).config?.dataDir, join(directory, expected), 'as serve finds it');
});
test('nothing said gives the default', finds, {}, '.jimini');
test('the file wins over the default', finds, { file: 'good.yaml' }, 'by-file');
test('a variable wins over the file', finds, { file: 'good.yaml', env: { JIMINI_DATA_DIR: 'by-env' } }, 'by-env');
test('a flag wins over both', finds, { file: 'good.yaml', env: { JIMINI_DATA_DIR: 'x' }, flag: 'by-flag' }, 'by-flag');
test('with a flag a broken file does not matter', finds, { file: 'bad.yaml', flag: 'by-flag' }, 'by-flag');
test('nor does it with a variable', finds, { file: 'bad.yaml', env: { JIMINI_DATA_DIR: 'by-env' } }, 'by-env');

const refuses = test.macro(async (t, { env = {}, flag }: Said, message: RegExp) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'bad.yaml'), 'dataDirs: by-file\n');
  await t.throwsAsync(findDataDirectory({ env, directory }, flag), { code: 'JIMINI_CONFIG_INVALID', message });
});
test(
  'a broken file that is needed is refused',
  refuses,
  { env: { JIMINI_CONFIG: 'bad.yaml' } },
  /^bad\.yaml:1:1: dataDirs/,
);
test('an empty variable is refused', refuses, { env: { JIMINI_DATA_DIR: '' } }, /^JIMINI_DATA_DIR: dataDir: expected/);
test('an empty flag is refused', refuses, { flag: '' }, /^--data-dir: dataDir: expected/);
