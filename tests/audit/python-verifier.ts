import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../storage/temporary.js';
import type { ExportFiles, Given } from './signed-logs.js';

export const verifier = fileURLToPath(new URL('../../../tests/audit/verify.py', import.meta.url));

/** What the Python verifier prints, and its exit code. */
export interface PythonReport {
  readonly exit: number;
  readonly status: string;
  readonly entries?: number;
  readonly fault?: { readonly seq: number; readonly rule: string } | null;
}

/** Runs Python without leaving compiled files behind. */
export function python(args: readonly string[], input = '') {
  const options = { encoding: 'utf8', input, maxBuffer: 64 * 1024 * 1024 } as const;
  const { status, stdout, stderr } = spawnSync('python3', ['-B', ...args], options);
  return { exit: status, stdout, stderr };
}

/** Writes each export to a directory of its own, and lets one process verify them all. */
export function verifyMany(cases: readonly { readonly files: ExportFiles; readonly given?: Given }[]): PythonReport[] {
  const folder = temporaryDirectory();
  const lines = cases.map(({ files, given = {} }, at) => {
    const directory = join(folder, `${at}`);
    mkdirSync(directory);
    const write = (path: string, bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      return path;
    };
    for (const [name, bytes] of Object.entries(files)) write(join(directory, name), bytes);
    const named = Object.entries(given).map(([name, bytes]) => [name, write(join(folder, `${at}-${name}`), bytes)]);
    return JSON.stringify({ export: directory, ...Object.fromEntries(named) });
  });
  const { exit, stdout, stderr } = python([verifier, '--many'], lines.map((line) => `${line}\n`).join(''));
  if (exit !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PythonReport);
}
