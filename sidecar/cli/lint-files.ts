import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type PackFile, type PackFileProblem, packPathOf, readPackFile } from '../config/pack-files.js';
import { ALL_PACKS, expandAll, SHIPPED_PACKS } from '../config/pack-names.js';

/** Depth to which directories are searched; also what ends a circle of symbolic links. */
const DEPTH_MAX = 8;

/** Reads what the arguments of `lint` name: pack files, directories of them, built-in packs, `all`. Never rejects. */
export async function readLintFiles(
  paths: readonly string[],
  directory: string,
): Promise<readonly (PackFile | PackFileProblem)[]> {
  const named = await Promise.all(paths.map((path) => filesOf(path, directory)));
  return Promise.all(named.flat().map((file) => ('path' in file ? readPackFile(file.path, file.shown) : file)));
}

interface Named {
  readonly path: string;
  readonly shown: string;
}

async function filesOf(argument: string, directory: string): Promise<readonly (Named | PackFileProblem)[]> {
  if (argument === 'all' || SHIPPED_PACKS.includes(argument)) {
    return expandAll([argument]).map((name) => ({ path: packPathOf(name), shown: `${name}.yaml` }));
  }
  const path = resolve(directory, argument);
  if (await isDirectory(path)) {
    const found = await packFilesBelow(path, argument, DEPTH_MAX);
    return found.length > 0 ? found : [{ file: argument, message: 'holds no .yaml or .yml file' }];
  }
  if (/\.ya?ml$/i.test(argument)) return [{ path, shown: argument }];
  return [
    { file: argument, message: `expected a .yaml or .yml file, a directory, or one of ${SHIPPED_PACKS.join(', ')}` },
  ];
}

/** Files of a directory and those below it, by name. Hidden ones (`..data` of Kubernetes, `.git`) are left out. */
async function packFilesBelow(directory: string, shown: string, depth: number): Promise<Named[]> {
  if (depth === 0) return [];
  const names = await readdir(directory).catch(() => []);
  const visible = names.filter((name) => !name.startsWith('.')).sort();
  const found = await Promise.all(
    visible.map(async (name) => {
      const [path, shownPath] = [join(directory, name), join(shown, name)];
      if (await isDirectory(path)) return packFilesBelow(path, shownPath, depth - 1);
      return /\.ya?ml$/i.test(name) ? [{ path, shown: shownPath }] : [];
    }),
  );
  return found.flat();
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** What help says about names. */
export const BUILT_IN_NAMES = `${SHIPPED_PACKS.join(', ')}, or all (${ALL_PACKS.join(', ')})`;
