import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../processes/sidecar.js';
import type { Requirement } from '../tools/requirements.js';

/** A C compiler, for libraries that stand between a process and its system. */
export const compiler: Requirement = {
  name: 'a C compiler',
  missing: () => (spawnSync('cc', ['--version']).status === 0 ? undefined : '`cc` is not installed'),
};

/** Builds a library for LD_PRELOAD from a source beside this file, in a folder. */
export function compile(folder: string, name: string): string {
  const library = join(folder, `${name}.so`);
  const source = join(repositoryRoot, 'tests', 'faults', name);
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} cannot be compiled: ${stderr}`);
  return library;
}
