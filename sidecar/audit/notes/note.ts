import { JiminiError } from '../../kernel/errors.js';
import { LIMITS } from '../../kernel/limits.js';
import { bytesOfBase64 } from './base64.js';

/** One signature line, as it stands there: whether it holds is not known yet. */
export interface NoteSignature {
  /** Name of the key. */
  readonly name: string;
  /** Tells keys of one name apart; 32 bits. */
  readonly keyId: number;
  /** What the algorithm of the key makes of them. */
  readonly bytes: Buffer;
}

/** A signed note, taken apart (C2SP signed-note). Its text means nothing before a signature is verified. */
export interface Note {
  /** What is signed: UTF-8, ended by a newline. */
  readonly text: Buffer;
  readonly signatures: readonly NoteSignature[];
}

const KEY_ID_BYTES = 4;
const SIGNATURE_LINE = /^\u2014 ([^ ]+) ([^ ]+)$/u;
/** Unicode spaces and the plus sign, which ends a name where it stands in a verifier key. */
const NOT_IN_NAMES = /[\p{White_Space}+]/u;
/** Every ASCII control character but the newline. */
const CONTROL = /[\0-\t\v-\x1f]/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Takes a note apart and accepts nothing that is not exactly one. Two lines with the same name and key id are refused,
 * whoever signed (as C2SP tlog-checkpoint is about to say). Throws `JIMINI_INVALID_ARGUMENT`.
 */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > LIMITS.noteBytesMax) throw malformed(`has more than ${LIMITS.noteBytesMax} bytes`);
  const all = decoded(bytes);
  if (CONTROL.test(all)) throw malformed('holds a control character');
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf('\n\n');
  if (end < 0) throw malformed('has no empty line before its signatures');
  const lines = all.slice(all.lastIndexOf('\n\n') + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0) throw malformed('does not end with a signature line and a newline');
  const signatures = lines.map(signatureOf);
  const signers = new Set(signatures.map(({ name, keyId }) => `${name}+${keyId}`));
  if (signers.size < signatures.length) throw malformed('has two signatures of one key');
  return { text: Buffer.from(bytes.subarray(0, end + 1)), signatures };
}

/**
 * The note with these signatures, in their order. Throws `JIMINI_INVALID_ARGUMENT` for what `parseNote` would refuse.
 */
export function formatNote(note: Note): Buffer {
  const lines = note.signatures.map(({ name, keyId, bytes }) => {
    const id = Buffer.alloc(KEY_ID_BYTES);
    id.writeUInt32BE(keyId);
    return `\u2014 ${name} ${Buffer.concat([id, bytes]).toString('base64')}\n`;
  });
  const bytes = Buffer.concat([note.text, Buffer.from(`\n${lines.join('')}`)]);
  if (!parseNote(bytes).text.equals(note.text)) throw malformed('has a text that does not end with a newline');
  return bytes;
}

/** Whether a key may have this name: not empty, no Unicode spaces, no plus sign. */
export function isKeyName(name: string): boolean {
  return name !== '' && !NOT_IN_NAMES.test(name) && !CONTROL.test(name);
}

function signatureOf(line: string): NoteSignature {
  const [, name, base64] = SIGNATURE_LINE.exec(line) ?? [];
  if (name === undefined || base64 === undefined || !isKeyName(name)) throw malformed('has a malformed signature line');
  const bytes = bytesOfBase64(base64);
  if (!bytes) throw malformed('has a signature that is not base64 in its one form');
  if (bytes.length <= KEY_ID_BYTES) throw malformed('has a signature that is too short');
  return { name, keyId: bytes.readUInt32BE(0), bytes: bytes.subarray(KEY_ID_BYTES) };
}

function decoded(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw malformed('is not well-formed UTF-8', cause);
  }
}

function malformed(what: string, cause?: unknown): JiminiError {
  return new JiminiError('JIMINI_INVALID_ARGUMENT', `the signed note ${what}`, { cause });
}
