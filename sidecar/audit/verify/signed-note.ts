import { createHash, createPublicKey, verify } from 'node:crypto';
import { decodeUtf8 } from './utf8.js';

/** Why something is refused. Never text from it. */
export interface Refused {
  readonly why: string;
}

/** A key to check notes with (C2SP signed-note): 1 signs notes, 4 is a witness and signs checkpoints with a time. */
export interface NoteKey {
  readonly name: string;
  /** Eight hex digits. */
  readonly id: string;
  readonly type: 1 | 4;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Buffer;
}

/** A note whose signatures by known keys hold. */
export interface CheckedNote {
  readonly text: string;
  /** Keys that signed it; of those of type 4, when (seconds since 1970). */
  readonly signers: readonly { readonly key: NoteKey; readonly timestampS?: bigint }[];
}

const NOTE_BYTES_MAX = 256 * 1024;
const KEY_CHARS_MAX = 1024;
/** RFC 4648 4 with padding, and with zeros in the bits that stand for nothing. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;
/** DER of an Ed25519 public key up to the key (RFC 8410 4). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** Bytes of a base64 text, or undefined when it is not in its one form. */
export function fromBase64(text: string): Buffer | undefined {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** Reads a verifier key, `name+id+base64` of its type and its 32 bytes. */
export function readNoteKey(text: string): NoteKey | Refused {
  const parts = text.split('+');
  const [name, id] = parts;
  const bytes = fromBase64(parts.slice(2).join('+'));
  if (text.length > KEY_CHARS_MAX || !name || !id || !isName(name) || !bytes) return { why: 'it is no verifier key' };
  const type = bytes[0];
  if (bytes.length !== 33 || (type !== 1 && type !== 4)) return { why: 'the key is not an Ed25519 key of type 1 or 4' };
  const digest = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex');
  if (id !== digest.slice(0, 8)) return { why: 'the id in the key is not that of the key' };
  return { name, id, type, publicKey: bytes.subarray(1) };
}

/** A note taken apart; nothing is verified yet. */
export interface ParsedNote {
  readonly text: string;
  readonly lines: readonly { readonly name: string; readonly id: string; readonly signature: Buffer }[];
}

/** Takes a note apart, and refuses what has not the form of one. */
export function parseNote(bytes: Uint8Array): ParsedNote | Refused {
  if (bytes.length > NOTE_BYTES_MAX) return { why: 'the note is too large' };
  const all = decodeUtf8(bytes);
  if (all === undefined) return { why: 'the note is not well-formed UTF-8' };
  for (let code = 0; code < 0x20; code += 1) {
    if (code !== 0x0a && all.includes(String.fromCharCode(code))) return { why: 'the note has a control character' };
  }
  const blank = all.lastIndexOf('\n\n');
  if (blank < 0) return { why: 'the note has no empty line' };
  const block = all.slice(blank + 2);
  if (block === '' || !block.endsWith('\n')) return { why: 'the note does not end with a signature line' };
  const lines: { name: string; id: string; signature: Buffer }[] = [];
  const seen = new Set<string>();
  for (const line of block.slice(0, -1).split('\n')) {
    const words = line.split(' ');
    const [dash, name, base64] = words;
    if (words.length !== 3 || dash !== '\u2014' || !name || !isName(name) || !base64)
      return { why: 'a signature line is none' };
    const signature = fromBase64(base64);
    if (!signature || signature.length < 5) return { why: 'a signature is not base64 of more than four bytes' };
    const id = signature.toString('hex', 0, 4);
    if (seen.has(`${name}+${id}`)) return { why: 'a key signed twice' };
    seen.add(`${name}+${id}`);
    lines.push({ name, id, signature: signature.subarray(4) });
  }
  return { text: all.slice(0, blank + 1), lines };
}

/** Checks a note: its form, every signature by a key of `keys`, and that there is one. */
export function checkNote(bytes: Uint8Array, keys: readonly NoteKey[]): CheckedNote | Refused {
  const note = parseNote(bytes);
  if ('why' in note) return note;
  const signers: { key: NoteKey; timestampS?: bigint }[] = [];
  for (const { name, id, signature } of note.lines) {
    const key = keys.find((known) => known.name === name && known.id === id);
    if (!key) continue;
    const signer = signerOf(key, Buffer.from(note.text), signature);
    if (!signer) return { why: 'a signature by a known key does not hold' };
    signers.push(signer);
  }
  return signers.length > 0 ? { text: note.text, signers } : { why: 'no known key signed the note' };
}

function signerOf(key: NoteKey, text: Buffer, signature: Buffer): { key: NoteKey; timestampS?: bigint } | undefined {
  if (key.type === 1) return isSignature(key, text, signature) ? { key } : undefined;
  if (signature.length !== 8 + 64) return undefined;
  const timestampS = signature.readBigUInt64BE();
  if (timestampS >= 2n ** 63n) return undefined;
  const head = Buffer.from(`cosignature/v1\ntime ${timestampS}\n`);
  return isSignature(key, Buffer.concat([head, text]), signature.subarray(8)) ? { key, timestampS } : undefined;
}

/** Whether this is an Ed25519 signature of the message by the key. */
export function isSignature({ publicKey }: NoteKey, message: Buffer, signature: Buffer): boolean {
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, publicKey]), format: 'der', type: 'spki' });
  return signature.length === 64 && verify(null, message, key, signature);
}

function isName(name: string): boolean {
  return !/[\p{White_Space}+\0-\x1f]/u.test(name);
}
