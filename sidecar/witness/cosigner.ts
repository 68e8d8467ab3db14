import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { JiminiError } from '../kernel/errors.js';

/** Signs checkpoints together with the time (C2SP tlog-cosignature, Ed25519). */
export interface Cosigner {
  /** What its cosignatures are checked with: a C2SP verifier key of type 4, `name+id+base64`. */
  readonly verifierKey: string;
  /** The signature line, newline included, over the text of a checkpoint. `timestampS`: seconds since 1970. */
  cosign(text: Uint8Array, timestampS: number): string;
}

/** C2SP signed-note: the type of a timestamped Ed25519 cosignature. */
const COSIGNATURE = 0x04;

/**
 * A cosigner with an Ed25519 private key. Without a name it is named after its public key. Throws `JIMINI_USAGE` for a name
 * that no key can have.
 */
export function createCosigner(privateKey: KeyObject, givenName?: string): Cosigner {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = Buffer.from(x ?? '', 'base64url');
  const name = givenName ?? `jimini.witness/${createHash('sha256').update(publicKey).digest('hex').slice(0, 16)}`;
  if (!/^[!-*,-~]{1,255}$/.test(name)) {
    throw new JiminiError('JIMINI_USAGE', '--name: expected 1 to 255 visible ASCII characters without a plus sign');
  }
  const encoded = Buffer.concat([Buffer.of(COSIGNATURE), publicKey]);
  const id = createHash('sha256').update(`${name}\n`).update(encoded).digest().subarray(0, 4);
  return {
    verifierKey: `${name}+${id.toString('hex')}+${encoded.toString('base64')}`,
    cosign(text, timestampS) {
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(timestampS));
      const message = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${timestampS}\n`), text]);
      const signature = Buffer.concat([id, time, sign(null, message, privateKey)]);
      return `\u2014 ${name} ${signature.toString('base64')}\n`;
    },
  };
}
