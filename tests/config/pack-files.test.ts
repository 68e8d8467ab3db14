import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  builtinPackDirectory,
  checkPackNames,
  missingPacks,
  packPathOf,
  readPackFiles,
  requiredPackNames,
} from '../../sidecar/config/pack-files.js';
import { SHIPPED_PACKS } from '../../sidecar/config/pack-names.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { tempDirectory } from './temp-directory.js';

test('files are read in the order of the entries', async (t) => {
  const directory = tempDirectory(t);
  const [first, second] = [join(directory, 'b.yaml'), join(directory, 'a.rules.YML')];
  writeFileSync(first, '\uFEFFrules: []');
  writeFileSync(second, '[]');
  t.deepEqual(await readPackFiles([first, second]), {
    files: [
      { name: 'b', file: first, text: 'rules: []', builtin: false },
      { name: 'a.rules', file: second, text: '[]', builtin: false },
    ],
    problems: [],
  });
});

test('what cannot be read is named with the reason, and the others are read', async (t) => {
  const directory = tempDirectory(t);
  const path = (name: string) => join(directory, name);
  writeFileSync(path('good.yaml'), '[]');
  writeFileSync(path('binary.yaml'), Uint8Array.of(0xff));
  writeFileSync(path('big.yaml'), '#'.repeat(LIMITS.configFileBytesMax + 1));
  mkdirSync(path('folder.yaml'));
  symlinkSync('round.yaml', path('round.yaml'));
  const names = ['binary.yaml', 'big.yaml', 'folder.yaml', 'round.yaml', 'absent.yaml', 'folder'];
  const { files, problems } = await readPackFiles([...names.map(path), path('good.yaml'), 'nonsense']);
  t.deepEqual(
    files.map(({ name }) => name),
    ['good'],
  );
  t.deepEqual(
    problems.map(({ file, message }) => [file.replace(`${directory}/`, ''), message.replace(`${directory}/`, '')]),
    [
      ['binary.yaml', 'not valid UTF-8'],
      ['big.yaml', 'larger than 4194304 bytes'],
      ['folder.yaml', 'is a directory; name a file'],
      ['round.yaml', 'its symbolic links lead nowhere'],
      ['absent.yaml', 'no such file'],
      ['folder', 'folder: expected a .yaml or .yml file'],
      ['nonsense', `unknown pack "nonsense"; shipped are ${SHIPPED_PACKS.join(', ')}; the nearest is secrets`],
    ],
  );
});

test('the packs that are said to be shipped are those in the package', (t) => {
  const inPackage = readdirSync(builtinPackDirectory())
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.replace('.yaml', ''));
  t.deepEqual(inPackage.sort(), [...SHIPPED_PACKS].sort());
});

test('every shipped pack is read by its name, and is built in by its path too', async (t) => {
  const byName = await readPackFiles(SHIPPED_PACKS);
  const byPath = await readPackFiles(SHIPPED_PACKS.map(packPathOf));
  t.deepEqual(byName.problems, []);
  t.deepEqual(
    byName.files.map(({ name }) => name),
    SHIPPED_PACKS,
  );
  t.deepEqual(
    byPath.files.map(({ name, text, builtin }) => ({ name, text, builtin })),
    byName.files.map(({ name, text }) => ({ name, text, builtin: true })),
  );
});

test('a name that is taken is refused', (t) => {
  const own = (name: string, file: string) => ({ name, file, builtin: false });
  const taken = (name: string, owner: string) =>
    `the pack's name "${name}" is already that of ${owner}; give the pack another name`;
  t.deepEqual(checkPackNames([{ name: 'pii', file: 'pii.yaml', builtin: true }, own('ours', 'a.yaml')]), []);
  t.deepEqual(
    checkPackNames([
      { name: 'pii', file: 'pii.yaml', builtin: true },
      own('pii', '/x/pii.yaml'),
      own('ours', '/x/ours.yaml'),
      own('ours', '/y/ours.yaml'),
      own('hipaa', '/x/h.yaml'),
      own('all', '/x/all.yaml'),
    ]),
    [
      { file: '/x/pii.yaml', message: taken('pii', 'pii.yaml') },
      { file: '/y/ours.yaml', message: taken('ours', '/x/ours.yaml') },
      {
        file: '/x/h.yaml',
        message: 'the pack\'s name "hipaa" is kept for a built-in pack; give the pack another name',
      },
      { file: '/x/all.yaml', message: 'the pack\'s name "all" stands for several packs; give the pack another name' },
    ],
  );
});

test('required packs are all loaded ones unless some are named', (t) => {
  t.deepEqual(requiredPackNames(['all'], ['a', 'b']), ['a', 'b']);
  t.deepEqual(requiredPackNames(['b'], ['a', 'b']), ['b']);
  t.deepEqual(requiredPackNames([], ['a', 'b']), []);
  t.deepEqual(missingPacks(['all'], ['a']), []);
  t.deepEqual(missingPacks(['a', 'c'], ['a', 'b']), ['c']);
});
