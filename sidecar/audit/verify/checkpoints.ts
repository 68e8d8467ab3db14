import { isIncluded } from './merkle.js';
import { type CheckedNote, checkNote, fromBase64, type NoteKey, type Refused } from './signed-note.js';

/** A checkpoint that its log signed. */
export interface CheckedCheckpoint {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
  readonly signers: CheckedNote['signers'];
}

/** A proof that holds. */
export interface CheckedProof {
  readonly index: number;
  readonly checkpoint: CheckedCheckpoint;
}

const PROOF_BYTES_MAX = 512 * 1024;
const PROOF_HASHES_MAX = 63;

/** What a checkpoint says, whoever signed it. */
export interface Statement {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
}

/** A proof file taken apart; nothing is verified yet. */
export interface ParsedProof {
  readonly index: number;
  readonly hashes: readonly Buffer[];
  /** The signed checkpoint, verbatim. */
  readonly note: Buffer;
}

/** Reads the text of a checkpoint. */
export function parseStatement(text: string): Statement | Refused {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  const size = readCount(sizeText);
  const root = fromBase64(rootText);
  if (origin === '' || size === undefined || root?.length !== 32) return { why: 'the checkpoint is malformed' };
  // What follows is what splitting leaves behind the last newline, after the extension lines if there are any.
  if (rest.indexOf('') !== rest.length - 1) return { why: 'the checkpoint has an empty line' };
  return { origin, size, root };
}

/** Checks a signed checkpoint. Its log must have signed it, with a key of that name; what witnesses say comes on top. */
export function checkCheckpoint(bytes: Uint8Array, keys: readonly NoteKey[]): CheckedCheckpoint | Refused {
  const note = checkNote(bytes, keys);
  if ('why' in note) return note;
  const statement = parseStatement(note.text);
  if ('why' in statement) return statement;
  const isByLog = note.signers.some(({ key }) => key.type === 1 && key.name === statement.origin);
  if (!isByLog) return { why: 'no key of its log signed the checkpoint' };
  return { ...statement, signers: note.signers };
}

/** Takes a C2SP tlog-proof file apart. */
export function parseProofFile(bytes: Uint8Array): ParsedProof | Refused {
  if (bytes.length > PROOF_BYTES_MAX) return { why: 'the proof file is too large' };
  const file = Buffer.from(bytes);
  const blank = file.indexOf('\n\n');
  if (blank < 0) return { why: 'the proof file has no empty line' };
  const lines = file.toString('latin1', 0, blank).split('\n');
  if (lines[0] !== 'c2sp.org/tlog-proof@v1') return { why: 'the proof file does not say that it is one' };
  const hasExtra = lines[1]?.startsWith('extra ') === true;
  if (hasExtra && !fromBase64(lines[1]?.slice(6) ?? '')?.length) return { why: 'the extra data is not base64' };
  const [indexLine = '', ...hashLines] = lines.slice(hasExtra ? 2 : 1);
  const index = indexLine.startsWith('index ') ? readCount(indexLine.slice(6)) : undefined;
  if (index === undefined) return { why: 'the proof file has no index' };
  const hashes = hashLines.map((line) => fromBase64(line));
  const proof = hashes.filter((hash) => hash?.length === 32) as Buffer[];
  if (proof.length !== hashes.length) return { why: 'a line of the proof is not a hash' };
  if (proof.length > PROOF_HASHES_MAX) return { why: 'the proof has too many hashes' };
  return { index, hashes: proof, note: file.subarray(blank + 2) };
}

/** Checks a C2SP tlog-proof file: that the leaf with this hash is where the file says, in a tree that the log signed. */
export function checkProofFile(
  bytes: Uint8Array,
  leafHash: Uint8Array,
  keys: readonly NoteKey[],
): CheckedProof | Refused {
  const proof = parseProofFile(bytes);
  if ('why' in proof) return proof;
  const checkpoint = checkCheckpoint(proof.note, keys);
  if ('why' in checkpoint) return checkpoint;
  const isThere = isIncluded({ hash: leafHash, index: proof.index }, checkpoint, proof.hashes);
  return isThere ? { index: proof.index, checkpoint } : { why: 'the proof does not lead from the leaf to the root' };
}

function readCount(text: string): number | undefined {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 && String(value) === text ? value : undefined;
}
