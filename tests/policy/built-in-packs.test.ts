import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadPack } from '../../sidecar/policy/load-pack.js';
import { policyOf } from './inline-pack.js';

const folder = join(import.meta.dirname, '../../../sidecar/policy/packs');
const files = statSync(folder, { throwIfNoEntry: false })
  ? readdirSync(folder).filter((file) => file.endsWith('.yaml'))
  : [];

test('every pack that ships loads, on both engines, and its examples hold', (t) => {
  const packs = files.flatMap((file) => {
    const source = { name: file.replace('.yaml', ''), file, text: readFileSync(join(folder, file), 'utf8') };
    return [true, false].flatMap((builtin) => {
      const { pack, problems } = loadPack(source, { builtin });
      t.deepEqual(
        problems.filter(({ severity }) => severity === 'error'),
        [],
      );
      return pack && builtin ? [pack] : [];
    });
  });
  const settings = { classifiers: new Map([['default', 'flag' as const]]) };
  t.deepEqual(policyOf(packs, settings).warnings, []);
});
