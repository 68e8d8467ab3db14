import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CHECKS, type CheckId } from '../../../mesh/lint/checks.js';
import { lintMesh } from '../../../mesh/lint/lint.js';
import { repositoryRoot } from '../../processes/sidecar.js';

/** See tests/mesh/lint/cases/README.md. */
const FOLDER = join(repositoryRoot, 'tests', 'mesh', 'lint', 'cases');

const asMarked = test.macro((t, path: string) => {
  const text = readFileSync(path, 'utf8');
  const found = lintMesh([{ file: 'f', text }]).map(({ line, check }) => `${line} ${check}`);
  t.deepEqual(found, marksIn(text));
});

/** JSON has no comments: a file is named after the only check that it fails. */
const onlyFails = test.macro((t, path: string, check: string) => {
  const found = lintMesh([{ file: 'f', text: readFileSync(path, 'utf8') }]).map((finding) => finding.check);
  t.deepEqual(new Set<string>(found), new Set([check]));
});

const isClean = test.macro((t, path: string) => {
  t.deepEqual(lintMesh([{ file: 'f', text: readFileSync(path, 'utf8') }]), []);
});

for (const folder of foldersIn(FOLDER)) {
  for (const name of readdirSync(join(FOLDER, folder)).sort()) {
    const path = join(FOLDER, folder, name);
    if (name.startsWith('good')) test(`${folder}/${name} is clean`, isClean, path);
    else if (name.endsWith('.json')) test(`${folder}/${name} fails ${folder}`, onlyFails, path, folder);
    else test(`${folder}/${name} fails where it is marked`, asMarked, path);
  }
}

test('every check has a file that fails it and one that does not', (t) => {
  /** Needs a file of a thousand faults, which tests/mesh/lint/bounds.test.ts makes. */
  const elsewhere: readonly CheckId[] = ['findings-left-out'];
  const without = (Object.keys(CHECKS) as CheckId[]).filter((check) => {
    if (elsewhere.includes(check)) return false;
    const names = foldersIn(FOLDER).includes(check) ? readdirSync(join(FOLDER, check)) : [];
    const fails = names
      .filter((name) => name.startsWith('bad'))
      .map((name) => readFileSync(join(FOLDER, check, name), 'utf8'));
    return (
      !names.some((name) => name.startsWith('good')) || !fails.some((text) => marksIn(text).join().includes(check))
    );
  });
  t.deepEqual(without, []);
});

function marksIn(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const checks = /#! (.+)$/.exec(line)?.[1]?.split(', ') ?? [];
    return checks.map((check) => `${index + 1} ${check}`);
  });
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}
