import { createPublicKey, verify } from 'node:crypto';
import { JiminiError } from '../../kernel/errors.js';
import { type NoteSignature, parseNote } from './note.js';
import { SIGNATURE_TYPES, type VerifierKey } from './verifier-key.js';

/** A signature that holds. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  /** Of a cosignature: when the witness saw the checkpoint, seconds since 1970; at most 2^63-1. */
  readonly timestampS?: bigint;
}

/** A note that a known key signed. */
export interface OpenedNote {
  /** The signed bytes. */
  readonly text: Buffer;
  /** In the order of their lines; at least one. */
  readonly signatures: readonly VerifiedSignature[];
  /** Lines of keys that are not known. They say nothing, and are kept by whoever keeps the bytes. */
  readonly unknown: number;
}

const SIGNATURE_BYTES = 64;
const TIMESTAMP_BYTES = 8;
const TIMESTAMP_MAX = 2n ** 63n - 1n;

/**
 * Takes a note apart and verifies every signature of a key in `keys`. Throws `JIMINI_INVALID_ARGUMENT` when it is malformed,
 * when one of them does not hold, or when there is none.
 */
export function openNote(bytes: Uint8Array, keys: readonly VerifierKey[]): OpenedNote {
  const { text, signatures } = parseNote(bytes);
  const verified: VerifiedSignature[] = [];
  for (const signature of signatures) {
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    if (key) verified.push(verifiedBy(key, signature, text));
  }
  if (verified.length === 0) throw refused('is not signed by a known key');
  return { text, signatures: verified, unknown: signatures.length - verified.length };
}

function verifiedBy(key: VerifierKey, { bytes }: NoteSignature, text: Buffer): VerifiedSignature {
  if (key.type === SIGNATURE_TYPES.note) {
    if (!holds(key, text, bytes)) throw refused('has a signature of a known key that does not hold');
    return { key };
  }
  if (bytes.length !== TIMESTAMP_BYTES + SIGNATURE_BYTES) throw refused('has a cosignature of a wrong length');
  const timestampS = bytes.readBigUInt64BE(0);
  if (timestampS > TIMESTAMP_MAX) throw refused('has a cosignature whose time is too large');
  const message = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${timestampS}\n`), text]);
  if (!holds(key, message, bytes.subarray(TIMESTAMP_BYTES))) throw refused('has a cosignature that does not hold');
  return { key, timestampS };
}

function holds({ publicKey }: VerifierKey, message: Buffer, signature: Buffer): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') };
  return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature);
}

function refused(what: string): JiminiError {
  return new JiminiError('JIMINI_INVALID_ARGUMENT', `the signed note ${what}`);
}
