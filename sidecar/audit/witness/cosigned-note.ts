import { JiminiError } from '../../kernel/errors.js';
import { openCheckpoint, parseCheckpoint } from '../notes/checkpoint.js';
import { formatNote, type NoteSignature, parseNote } from '../notes/note.js';
import type { VerifierKey } from '../notes/verifier-key.js';

/** A checkpoint with the lines of those who cosigned it. */
export interface CosignedNote {
  readonly size: number;
  /** The signed checkpoint with the cosignatures behind the log's own signature. */
  readonly bytes: Buffer;
}

/**
 * The newest checkpoint that was cosigned, after one more cosignature of `note`: lines of one checkpoint gather on it, a larger
 * one takes its place, and a smaller one is of no use any more.
 */
export function withCosignature(
  newest: CosignedNote | undefined,
  note: Uint8Array,
  signature: NoteSignature,
): CosignedNote {
  const offered = parseNote(note);
  const { size } = parseCheckpoint(offered.text.toString('utf8'));
  if (newest && newest.size > size) return newest;
  const before = newest?.size === size ? parseNote(newest.bytes) : offered;
  if (!before.text.equals(offered.text)) throw new JiminiError('JIMINI_INTERNAL', `two checkpoints of size ${size}`);
  const others = before.signatures.filter(({ name, keyId }) => name !== signature.name || keyId !== signature.keyId);
  return { size, bytes: formatNote({ text: before.text, signatures: [...others, signature] }) };
}

/** A stored note as the checkpoint that this key of the log signed; undefined when it is none. */
export function openCosigned(stored: Buffer, logKey: VerifierKey): CosignedNote | undefined {
  try {
    return { size: openCheckpoint(stored, [logKey]).size, bytes: stored };
  } catch {
    return undefined;
  }
}

/** Of which size a stored checkpoint is that this witness cosigned; 0 when it did not, or its line does not hold. */
export function sizeCosignedBy(stored: Buffer, logKey: VerifierKey, witness: VerifierKey): number {
  try {
    const { size, note } = openCheckpoint(stored, [logKey, witness]);
    return note.signatures.some(({ key }) => key === witness) ? size : 0;
  } catch {
    return 0;
  }
}
