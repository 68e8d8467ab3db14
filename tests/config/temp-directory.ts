import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** A directory of one test's own, gone after it. */
export function tempDirectory(t: ExecutionContext): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'jimini-config-')));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
