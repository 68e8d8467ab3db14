import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDataDirectory } from '../../sidecar/storage/data-directory.js';

const directories: string[] = [];
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** An empty directory that is removed when the test process ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'jimini-test-'));
  directories.push(directory);
  return directory;
}

/** A prepared data directory that is removed when the test process ends. */
export function temporaryDataDirectory(): Promise<string> {
  return prepareDataDirectory(join(temporaryDirectory(), 'data'));
}
