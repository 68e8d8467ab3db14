import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { replaceFile } from './replace-file.js';

/** Digest of each token that the log tells of, by its id. */
export type TokenNotes = ReadonlyMap<string, string>;

function notesFile(dataDir: string): string {
  return join(dataDir, 'recorded-tokens.json');
}

/**
 * What was noted. A file that is not there or damaged says nothing: then tokens are recorded once more. Rejects with
 * `JIMINI_STORE_UNAVAILABLE` when it cannot be read: tokens that are gone meanwhile would never be recorded as gone.
 */
export async function readTokenNotes(dataDir: string): Promise<TokenNotes> {
  const file = notesFile(dataDir);
  try {
    if ((await stat(file)).size > LIMITS.tokenNotesBytesMax) return new Map();
    const { v, tokens } = JSON.parse(await readFile(file, 'utf8')) as { v?: unknown; tokens?: unknown };
    if (v !== 0 || typeof tokens !== 'object' || tokens === null) return new Map();
    return new Map(Object.entries(tokens).map(([id, digest]) => [id, String(digest)]));
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || syscall === undefined) return new Map();
    throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${file} cannot be read (${code})`, { cause });
  }
}

/** Replaces what was noted, and resolves when that is on disk. One call at a time. */
export async function saveTokenNotes(dataDir: string, notes: TokenNotes): Promise<void> {
  await replaceFile(notesFile(dataDir), `${JSON.stringify({ v: 0, tokens: Object.fromEntries(notes) })}\n`);
}
