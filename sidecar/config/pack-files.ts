import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { printable } from '../kernel/printable.js';
import { expandAll, isPackPath, packEntryRefusal, packNameOfFile, SHIPPED_PACKS } from './pack-names.js';
import { packageRoot } from './package-root.js';
import { readTextFile } from './read-file.js';

/** The text of one pack, before anybody has understood it. */
export interface PackFile {
  /** Built-in name, or the file's name without directory and extension: the pack's name if the text gives none. */
  readonly name: string;
  /** For messages: the path as it was named. */
  readonly file: string;
  readonly text: string;
  readonly builtin: boolean;
}

/** Why the text of a pack cannot be had, or its name not be used. */
export interface PackFileProblem {
  readonly file: string;
  readonly message: string;
}

/** What entries of `packs` gave, in their order. */
export interface PackFiles {
  readonly files: readonly PackFile[];
  readonly problems: readonly PackFileProblem[];
}

/** Where the built-in packs are: data files of the package, not compiled ones. */
export function builtinPackDirectory(): string {
  return join(packageRoot(), 'sidecar', 'policy', 'packs');
}

/** Path of the file behind an entry of `packs` (a built-in name or a path). */
export function packPathOf(entry: string): string {
  return isPackPath(entry) ? entry : join(builtinPackDirectory(), `${entry}.yaml`);
}

/**
 * Reads the packs that `entries` name: built-in names, `all`, or paths of .yaml and .yml files. A directory is
 * refused: which rules apply must be readable from the configuration alone. Never rejects.
 */
export async function readPackFiles(entries: readonly string[]): Promise<PackFiles> {
  const read = await Promise.all(expandAll(entries).map(readEntry));
  return {
    files: read.flatMap((result) => ('text' in result ? [result] : [])),
    problems: read.flatMap((result) => ('message' in result ? [result] : [])),
  };
}

async function readEntry(entry: string): Promise<PackFile | PackFileProblem> {
  const refusal = packEntryRefusal(entry);
  if (refusal !== undefined) return { file: entry, message: refusal };
  return readPackFile(packPathOf(entry), isPackPath(entry) ? entry : `${entry}.yaml`);
}

/** Reads one pack file; `shown` is what messages call it. Never rejects. */
export async function readPackFile(path: string, shown: string): Promise<PackFile | PackFileProblem> {
  const text = await readTextFile(path);
  if (typeof text !== 'string') return { file: shown, message: text.reason };
  return { name: packNameOfFile(path), file: shown, text, builtin: await isBuiltinFile(path) };
}

/** The shipped file itself, named by its path, is still the built-in pack. */
async function isBuiltinFile(path: string): Promise<boolean> {
  const shipped = join(builtinPackDirectory(), basename(path));
  const [named, ours] = await Promise.all([path, shipped].map((file) => realpath(file).catch(() => undefined)));
  return named !== undefined && named === ours;
}

/** A pack whose name is known: from its text, or from its file where the text gives none. */
export interface NamedPack {
  readonly name: string;
  readonly file: string;
  readonly builtin: boolean;
}

/** Refuses names that are taken: by a pack before it in the list, by a built-in pack (loaded or not), or by `all`. */
export function checkPackNames(packs: readonly NamedPack[]): readonly PackFileProblem[] {
  const owners = new Map<string, string>();
  return packs.flatMap(({ name, file, builtin }) => {
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, file);
    const refusal = owner === undefined ? reservedName(name, builtin) : `is already that of ${printable(owner)}`;
    if (refusal === undefined) return [];
    return [{ file, message: `the pack's name "${printable(name)}" ${refusal}; give the pack another name` }];
  });
}

function reservedName(name: string, builtin: boolean): string | undefined {
  if (builtin) return undefined;
  if (name === 'all') return 'stands for several packs';
  return SHIPPED_PACKS.includes(name) ? 'is kept for a built-in pack' : undefined;
}

/** The packs that no route can drop, by name: `all` becomes every loaded one. */
export function requiredPackNames(required: readonly string[], loaded: readonly string[]): readonly string[] {
  return required.includes('all') ? loaded : required;
}

/** Packs that a setting names and that are not loaded; to be refused once every pack's name is known. */
export function missingPacks(named: readonly string[], loaded: readonly string[]): readonly string[] {
  return named.filter((name) => name !== 'all' && !loaded.includes(name));
}
