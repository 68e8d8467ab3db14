import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CanonicalValue, canonicalJson } from '../kernel/canonical-json.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { SwitchNote } from '../kernel/switch-machine.js';
import { replaceFile } from './replace-file.js';

/** Where a data directory keeps what outlives a run of its switches. */
function switchNotesFile(dataDir: string): string {
  return join(dataDir, 'switches.json');
}

/**
 * What was noted; nothing when there is no file yet. Rejects with `JIMINI_STORE_CORRUPT` when it is not what was written,
 * `JIMINI_STORE_UNAVAILABLE` when it cannot be read.
 */
export async function readSwitchNotes(dataDir: string): Promise<readonly SwitchNote[]> {
  const file = switchNotesFile(dataDir);
  try {
    if ((await stat(file)).size > LIMITS.switchNotesBytesMax) throw new RangeError('too large');
    const { v, switches } = JSON.parse(await readFile(file, 'utf8')) as { v?: unknown; switches?: unknown };
    if (v === 0 && Array.isArray(switches) && switches.every(isNote)) return switches;
    throw new RangeError('not what was written');
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (syscall !== undefined)
      throw new JiminiError('JIMINI_STORE_UNAVAILABLE', `${file} cannot be read (${code})`, { cause });
    const advice =
      'remove it; kill switches and maintenance windows of the configuration then count as shown for the first time';
    throw new JiminiError('JIMINI_STORE_CORRUPT', `${file} is damaged: ${advice}`, { cause });
  }
}

/** Replaces what was noted, and resolves when that is on disk. Rejects with `JIMINI_STORE_UNAVAILABLE`. One call at a time. */
export async function saveSwitchNotes(dataDir: string, notes: readonly SwitchNote[]): Promise<void> {
  try {
    await replaceFile(switchNotesFile(dataDir), `${canonicalJson({ v: 0, switches: notes.map(asWritten) })}\n`);
  } catch (cause) {
    throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'what is noted of switches could not be written', { cause });
  }
}

/** Canonical JSON has no fractions, and a reckoned time may be one: it is noted as having come a little later. */
function asWritten(note: SwitchNote): CanonicalValue {
  return { ...note, reachedMs: Math.ceil(note.reachedMs) };
}

function isNote(value: unknown): value is SwitchNote {
  const note = value as Partial<Record<keyof SwitchNote, unknown>> | null;
  return (
    typeof note?.key === 'string' &&
    typeof note.isOver === 'boolean' &&
    [note.untilMs, note.firstShownMs, note.reachedMs].every(Number.isSafeInteger)
  );
}
