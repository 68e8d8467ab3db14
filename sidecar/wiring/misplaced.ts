import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { misplacedDirectories, type NamedDirectories } from '../config/misplaced.js';
import { JiminiError } from '../kernel/errors.js';

/**
 * Rejects with `JIMINI_CONFIG_INVALID` when a directory that a setting names lies where it must not once links are followed; by its
 * text alone the configuration would have been refused. To be called when the data directory is there, and before anything is made.
 */
export async function refuseMisplaced({ dataDir, keyringDir, log }: NamedDirectories): Promise<void> {
  const named = { keyringDir: keyringDir || join(dataDir, 'keyring'), 'log.segments.dir': log.segments.dir };
  const real = {
    keyringDir: await followed(named.keyringDir),
    'log.segments.dir': await followed(named['log.segments.dir']),
  };
  const [misplaced] = misplacedDirectories({
    dataDir: await followed(dataDir),
    keyringDir: real.keyringDir,
    log: { segments: { dir: real['log.segments.dir'] } },
  });
  if (!misplaced) return;
  const { key, message } = misplaced;
  throw new JiminiError('JIMINI_CONFIG_INVALID', `${key}: ${named[key]} is ${real[key]}, which ${message}`);
}

/** Where a path leads to. One that is not there yet is made in its parent; one that cannot be followed is refused when it is used. */
async function followed(path: string): Promise<string> {
  if (path === '') return path;
  const parent = async () => join(await realpath(dirname(path)), basename(path));
  return realpath(path).catch(() => parent().catch(() => path));
}
