import { hash } from 'node:crypto';
import { JiminiError } from '../../kernel/errors.js';
import { LIMITS } from '../../kernel/limits.js';
import { bytesOfBase64 } from './base64.js';
import { isKeyName } from './note.js';

/** What a key signs, as C2SP signed-note numbers it. Ed25519 both times. */
export const SIGNATURE_TYPES = {
  /** The text of a note. */
  note: 0x01,
  /** A checkpoint and the time at which a witness saw it (C2SP tlog-cosignature). */
  cosignature: 0x04,
} as const;

export type SignatureType = (typeof SIGNATURE_TYPES)[keyof typeof SIGNATURE_TYPES];

/** A public key that signatures on notes are checked with. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: number;
  readonly type: SignatureType;
  /** Ed25519, 32 bytes (RFC 8032). */
  readonly publicKey: Buffer;
}

const PUBLIC_KEY_BYTES = 32;

/** The key with the id that belongs to it. Throws `JIMINI_INVALID_ARGUMENT` for a name that no key can have. */
export function verifierKey(name: string, type: SignatureType, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw malformed('a name without spaces and plus signs');
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw malformed(`an Ed25519 key of ${PUBLIC_KEY_BYTES} bytes`);
  const encoded = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), publicKey]);
  const keyId = hash('sha256', encoded, 'buffer').readUInt32BE(0);
  return { name, keyId, type, publicKey: Buffer.from(publicKey) };
}

/** The key as text, `name+hex+base64`: what a file `key.pub` holds, without its newline. */
export function formatVerifierKey({ name, keyId, type, publicKey }: VerifierKey): string {
  const encoded = Buffer.concat([Buffer.of(type), publicKey]).toString('base64');
  return `${name}+${keyId.toString(16).padStart(8, '0')}+${encoded}`;
}

/**
 * Reads `name+hex+base64`. Throws `JIMINI_INVALID_ARGUMENT` for anything else, an id that is not that of the key, or a key of
 * another type than Ed25519 for notes or for cosignatures.
 */
export function parseVerifierKey(text: string): VerifierKey {
  if (text.length > LIMITS.verifierKeyCharsMax) throw malformed(`at most ${LIMITS.verifierKeyCharsMax} characters`);
  // A plus sign may stand in the base64, but not in the name.
  const [, name = '', base64 = ''] = /^([^+]+)\+[0-9a-f]{8}\+([^\n]+)$/.exec(text) ?? [];
  const encoded = bytesOfBase64(base64);
  if (name === '' || !encoded) throw malformed('`name+hex+base64`');
  const type = Object.values(SIGNATURE_TYPES).find((known) => known === encoded[0]);
  if (type === undefined) throw malformed('an Ed25519 key (type 1 or 4)');
  const key = verifierKey(name, type, encoded.subarray(1));
  if (formatVerifierKey(key) !== text) throw malformed('the key id that belongs to its name and key');
  return key;
}

function malformed(expected: string): JiminiError {
  return new JiminiError('JIMINI_INVALID_ARGUMENT', `the verifier key is malformed: expected ${expected}`);
}
