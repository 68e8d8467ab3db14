import { type NoteKey, type Refused, readNoteKey } from './signed-note.js';

const KEYS_MAX = 512;

/** Reads verifier keys, one a line, each line ended by a newline. */
export function readKeyFile(bytes: Uint8Array): readonly NoteKey[] | Refused {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > KEYS_MAX) {
    return { why: `expected 1 to ${KEYS_MAX} verifier keys, one a line` };
  }
  const keys: NoteKey[] = [];
  for (const line of lines) {
    const key = readNoteKey(line);
    if ('why' in key) return key;
    keys.push(key);
  }
  return keys;
}
