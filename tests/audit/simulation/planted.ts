import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../../processes/sidecar.js';
import type { Program } from '../records.js';

/** A fault, as a change of one place of one compiled file. */
interface PlantedFault {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Whether system calls that fail can show it; default: yes. */
  readonly isSeenByCalls?: boolean;
  /** Default: strict. */
  readonly durability?: 'relaxed';
}

/** Faults that a log must not have. They exist in copies of the built program only. */
export const PLANTED_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'acknowledges before the sync': {
    file: 'chain-writer.js',
    from: 'await handle.write(batch.rows, batch.nodes, removeBehind);',
    to: 'void handle.write(batch.rows, batch.nodes, removeBehind).catch(() => undefined);',
  },
  'goes on after a failed write as if nothing had happened': {
    file: 'chain-writer.js',
    from: 'async heal() {',
    to: 'async heal() { this.#unknown = undefined; this.#missed = undefined; return;',
  },
  'looks for failed rows without opening the store again': {
    file: 'chain-writer.js',
    from: 'await this.#drop();\n        const handle = await this.#options.store.open();',
    to: 'const handle = this.#handle;',
  },
  'does not look which of the failed rows are there': {
    file: 'recover.js',
    from: 'return next - head.size;',
    to: 'return 0;',
  },
  'gives numbers of lost records to others': {
    file: 'early-answers.js',
    from: 'Math.max(0, this.#marked - taken)',
    to: '0',
    durability: 'relaxed',
    // Only a crash that takes records along can show it.
    isSeenByCalls: false,
  },
  'does not write again what callers were told': {
    file: 'chain-writer.js',
    from: 'early > 0 ? batch.rows.slice(kept) : []',
    to: '[]',
    durability: 'relaxed',
  },
  'does not compare prev at start': {
    file: 'recover.js',
    from: "if (leaf['prev'] !== prev)",
    to: 'if (false)',
    // Only who changes a leaf can show that nobody looks.
    isSeenByCalls: false,
  },
};

/** Path of the `audit-log.js` in a copy of the built audit room with the fault in it. */
export async function plantedModule({ file, from, to }: PlantedFault): Promise<string> {
  const built = join(repositoryRoot, 'build', 'sidecar');
  const parent = join(repositoryRoot, 'build', 'planted');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'fault-'));
  await cp(join(built, 'audit'), join(folder, 'audit'), { recursive: true });
  await symlink(join(built, 'kernel'), join(folder, 'kernel'));
  const path = join(folder, 'audit', file);
  const pieces = (await readFile(path, 'utf8')).split(from);
  if (pieces.length !== 2) throw new Error(`${file} holds the place to change ${pieces.length - 1} times: ${from}`);
  // Without the source map: what runs here is not the source, and must not count as having run it.
  await writeFile(path, pieces.join(to).replace(/^\/\/# sourceMappingURL.*$/m, ''));
  return join(folder, 'audit', 'audit-log.js');
}

/** The program with the fault in it. */
export async function plant(fault: PlantedFault): Promise<Program> {
  return import(pathToFileURL(await plantedModule(fault)).href) as Promise<Program>;
}
