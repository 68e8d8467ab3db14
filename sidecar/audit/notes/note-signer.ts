import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { NoteSignature } from './note.js';
import { SIGNATURE_TYPES, type VerifierKey, verifierKey } from './verifier-key.js';

/** Signs notes with one key. */
export interface NoteSigner {
  /** What its signatures are checked with. */
  readonly key: VerifierKey;
  /** Signature over the text of a note. */
  sign(text: Uint8Array): NoteSignature;
}

/** A signer with an Ed25519 private key. Throws `JIMINI_INVALID_ARGUMENT` for a name that no key can have. */
export function createNoteSigner(name: string, privateKey: KeyObject): NoteSigner {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const key = verifierKey(name, SIGNATURE_TYPES.note, Buffer.from(x ?? '', 'base64url'));
  return { key, sign: (text) => ({ name, keyId: key.keyId, bytes: sign(null, text, privateKey) }) };
}
