import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPack } from '../../../sidecar/policy/load-pack.js';
import type { LoadedPack } from '../../../sidecar/policy/pack.js';

/** Root of the repository: this file runs from build/tests/policy/packs. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');

export const DEFAULT_PACKS = ['secrets', 'pii', 'pci', 'injection'] as const;
export const BUILTIN_PACKS = [...DEFAULT_PACKS, 'hipaa', 'cjis', 'ancestor', 'illinois'] as const;
export type BuiltinName = (typeof BUILTIN_PACKS)[number];

/** The pack's file as it stands in the repository. */
export function textOf(name: BuiltinName): string {
  return readFileSync(join(ROOT, 'sidecar', 'policy', 'packs', `${name}.yaml`), 'utf8');
}

const loaded = new Map<BuiltinName, LoadedPack>();

/** A built-in pack, loaded once for all tests of a file. */
export function builtin(name: BuiltinName): LoadedPack {
  const known = loaded.get(name) ?? loadPack({ name, file: `${name}.yaml`, text: textOf(name) }, { builtin: true });
  loaded.set(name, known);
  return known;
}
