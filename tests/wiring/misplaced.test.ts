import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { refuseMisplaced } from '../../sidecar/wiring/misplaced.js';
import { temporaryDirectory } from '../storage/temporary.js';

/** A data directory with a log and a keyring in it, and a directory beside it. */
function directories(): { readonly folder: string; readonly dataDir: string } {
  const folder = temporaryDirectory();
  for (const name of ['data', 'data/log', 'data/keyring', 'beside']) mkdirSync(join(folder, name));
  return { folder, dataDir: join(folder, 'data') };
}

function refuse(dataDir: string, { keyringDir = '', segmentsDir = '' }): Promise<void> {
  return refuseMisplaced({ dataDir, keyringDir, log: { segments: { dir: segmentsDir } } });
}

async function isRefused(t: ExecutionContext, refused: Promise<void>, message: RegExp): Promise<void> {
  await t.throwsAsync(refused, { code: 'JIMINI_CONFIG_INVALID', message });
}

test('a link into the data directory is followed, whether its end is there or not', async (t) => {
  const { folder, dataDir } = directories();
  const links = { days: 'data', deep: 'data/log', ring: 'data/log' };
  for (const [name, target] of Object.entries(links)) symlinkSync(join(folder, target), join(folder, name));
  const days = join(folder, 'days');
  await isRefused(
    t,
    refuse(dataDir, { segmentsDir: days }),
    /^log\.segments\.dir: .*\/days is .*\/data, which lies in dataDir/,
  );
  for (const segmentsDir of [join(days, 'segments'), join(folder, 'deep', 'segments')]) {
    await isRefused(
      t,
      refuse(dataDir, { segmentsDir }),
      /^log\.segments\.dir: .* which lies in dataDir, .*; name a directory/,
    );
  }
  const keyringDir = join(folder, 'ring', 'keys');
  await isRefused(
    t,
    refuse(dataDir, { keyringDir }),
    /^keyringDir: .*\/ring\/keys is .*\/data\/log\/keys, which .*; name a directory/,
  );
});

test('a data directory that is a link is known by where it leads to', async (t) => {
  const { folder, dataDir } = directories();
  const named = join(folder, 'named');
  symlinkSync(dataDir, named);
  await isRefused(t, refuse(named, { keyringDir: join(dataDir, 'log.before') }), /^keyringDir: /);
  await isRefused(t, refuse(named, { segmentsDir: join(dataDir, 'days') }), /^log\.segments\.dir: /);
  await t.notThrowsAsync(refuse(named, { keyringDir: join(dataDir, 'keyring') }));
});

test('what lies beside it is accepted, and so is what cannot be followed: whoever uses it says why not', async (t) => {
  const { folder, dataDir } = directories();
  symlinkSync(join(folder, 'beside'), join(dataDir, 'out'));
  symlinkSync(join(folder, 'nowhere', 'at-all'), join(folder, 'dangling'));
  symlinkSync(join(folder, 'round'), join(folder, 'round'));
  for (const name of ['beside', 'beside/days', 'dangling', 'round', 'nowhere/days/deep']) {
    await t.notThrowsAsync(refuse(dataDir, { segmentsDir: join(folder, name), keyringDir: join(folder, name) }));
  }
  await t.notThrowsAsync(refuse(dataDir, { keyringDir: join(dataDir, 'out') }));
  await t.notThrowsAsync(refuse(dataDir, {}));
});
