import { JiminiError } from '../../kernel/errors.js';
import { hashOfBase64 } from './base64.js';
import { countOfDecimal } from './decimal.js';
import { type OpenedNote, openNote } from './open-note.js';
import { SIGNATURE_TYPES, type VerifierKey } from './verifier-key.js';

/** What a log says of itself at one moment (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Names the log. */
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  /** Root hash over them, 32 bytes. */
  readonly root: Uint8Array;
  /** Lines behind the third, opaque. We write none. */
  readonly extensions: readonly string[];
}

/** A checkpoint that its log signed. */
export interface OpenedCheckpoint extends Checkpoint {
  readonly note: OpenedNote;
}

/** Origin of the checkpoints of a log, and name of the key that signs them. */
export function originOf(logId: string): string {
  return `jimini.log/${logId}`;
}

/** The text that is signed. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  return [origin, size, Buffer.from(root).toString('base64'), ...extensions, ''].join('\n');
}

/** Reads the text of a checkpoint. Throws `JIMINI_INVALID_ARGUMENT` for anything that is not exactly one. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw malformed('does not end with a newline');
  if (lines.includes('')) throw malformed('has an empty line');
  const [origin, decimal, base64, ...extensions] = lines;
  if (origin === undefined || decimal === undefined || base64 === undefined)
    throw malformed('has less than three lines');
  const size = countOfDecimal(decimal);
  if (size === undefined) throw malformed('has a size that is not a decimal number below 2^53 without leading zeros');
  const root = hashOfBase64(base64);
  if (!root) throw malformed('has a root hash that is not 32 bytes in base64');
  return { origin, size, root, extensions };
}

/**
 * Opens a signed checkpoint. Throws `JIMINI_INVALID_ARGUMENT` when it is malformed, a signature of a known key does not hold,
 * or no key in `keys` that bears the name of the log signed it: what only witnesses signed says nothing.
 */
export function openCheckpoint(bytes: Uint8Array, keys: readonly VerifierKey[]): OpenedCheckpoint {
  const note = openNote(bytes, keys);
  const checkpoint = parseCheckpoint(note.text.toString('utf8'));
  const isSigned = note.signatures.some(
    ({ key }) => key.type === SIGNATURE_TYPES.note && key.name === checkpoint.origin,
  );
  if (!isSigned) throw malformed('is not signed by a key of its log');
  return { ...checkpoint, note };
}

function malformed(what: string): JiminiError {
  return new JiminiError('JIMINI_INVALID_ARGUMENT', `the checkpoint ${what}`);
}
