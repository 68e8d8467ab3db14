import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './data-directory.js';

const DAY = /^\d{4}-\d\d-\d\d$/;
/** A folder that was not finished begins so. */
const UNFINISHED = '.unfinished-';

/** What goes into a file; absent = there is none. */
type Content = Uint8Array | AsyncIterable<Uint8Array> | undefined;

/** Days for which there is a folder in `parent`, ascending. */
export async function daysIn(parent: string): Promise<string[]> {
  return (await readdir(parent)).filter((name) => DAY.test(name)).sort();
}

/** Writes a folder for a day: what is in it is on disk before it has its name, so that it is there as a whole or not at all. */
export async function writeDay(parent: string, day: string, files: Readonly<Record<string, Content>>): Promise<void> {
  const folder = await mkdtemp(join(parent, UNFINISHED));
  try {
    for (const [name, content] of Object.entries(files)) {
      if (content) await writeFile(join(folder, name), content, { flag: 'wx', mode: 0o600, flush: true });
    }
    await syncDirectory(folder);
    await rename(folder, join(parent, day));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  await syncDirectory(parent);
}

/** Removes the folders of days before `firstDay`, and those that a process that was killed has not finished. */
export async function removeDays(parent: string, firstDay: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const isOld = DAY.test(name) && name < firstDay;
    if (isOld || name.startsWith(UNFINISHED)) await rm(join(parent, name), { recursive: true, force: true });
  }
}
