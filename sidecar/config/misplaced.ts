import { relative, sep } from 'node:path';
import type { Config } from './config.js';

/** Directories that settings name, and the data directory; all absolute. */
export type NamedDirectories = Pick<Config, 'dataDir' | 'keyringDir'> & {
  readonly log: { readonly segments: Pick<Config['log']['segments'], 'dir'> };
};

/** A setting that names a directory in which the program would be in its own way. */
export interface Misplaced {
  readonly key: 'keyringDir' | 'log.segments.dir';
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** `log`, which an opening of the log moves and refuses with folders in it, and what it makes beside it and removes. */
const MOVED = /^log($|\.)/;

/** What is misplaced by the text of the paths: links are for whoever can read them to follow. */
export function misplacedDirectories({ dataDir, keyringDir, log }: NamedDirectories): Misplaced[] {
  const found: Misplaced[] = [];
  const segments = placeIn(dataDir, log.segments.dir);
  if (segments !== undefined) {
    const message =
      'lies in dataDir, which is for what the program itself keeps there; name a directory beside it, best on another volume';
    found.push({ key: 'log.segments.dir', message });
  }
  if (MOVED.test(placeIn(dataDir, keyringDir) ?? '')) {
    const message =
      'lies where the log is in dataDir: the next start would fail, or remove the keys; name a directory outside of dataDir, best on another volume';
    found.push({ key: 'keyringDir', message });
  }
  return found;
}

/** What a path begins with below the data directory, empty for itself; undefined when it does not lie in it, or is not said. */
function placeIn(dataDir: string, path: string): string | undefined {
  if (path === '') return undefined;
  const [first = ''] = relative(dataDir, path).split(sep);
  return first === '..' ? undefined : first;
}
