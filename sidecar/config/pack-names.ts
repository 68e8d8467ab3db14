import { basename, extname } from 'node:path';
import { nearest } from '../kernel/nearest.js';
import { printable } from '../kernel/printable.js';

/** The built-in packs. A pack of somebody else's cannot have one of these names. */
export const SHIPPED_PACKS: readonly string[] = [
  'secrets',
  'pii',
  'pci',
  'hipaa',
  'cjis',
  'injection',
  'illinois',
  'ancestor',
];

/** What `all` stands for: everything but the two that repeat the rules of another project. */
export const ALL_PACKS: readonly string[] = SHIPPED_PACKS.slice(0, 6);

/** An entry of `packs` is a path when it holds a slash or ends in .yaml or .yml; otherwise it is a built-in name. */
export function isPackPath(entry: string): boolean {
  return entry.includes('/') || /\.ya?ml$/i.test(entry);
}

/** Name that a file of the older format gives its pack: its own, without directory and extension. */
export function packNameOfFile(path: string): string {
  return basename(path, extname(path));
}

/** Entries with `all` replaced by what it stands for. */
export function expandAll(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => (entry === 'all' ? ALL_PACKS : [entry]));
}

/** Why an entry of `packs` is refused, judged by its spelling; undefined = it is not. */
export function packEntryRefusal(entry: string): string | undefined {
  if (isPackPath(entry)) {
    return /\.ya?ml$/i.test(entry) ? undefined : `${printable(entry)}: expected a .yaml or .yml file`;
  }
  if (entry === 'all' || SHIPPED_PACKS.includes(entry)) return undefined;
  return `unknown pack "${printable(entry)}"; shipped are ${SHIPPED_PACKS.join(', ')}; the nearest is ${nearest(entry, SHIPPED_PACKS)}`;
}
