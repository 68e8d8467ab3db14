import { hash } from 'node:crypto';

/** `prev` of the first leaf. */
export const NO_PREV = '0'.repeat(64);

/** A leaf with its RFC 6962 leaf prefix (0x00) before it, so that hashing needs no second copy. */
export function prefixedLeaf(text: string): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  prefixed[0] = 0;
  prefixed.write(text, 1);
  return prefixed;
}

/** Hex SHA-256 of a leaf that has its prefix already: the leaf hash of RFC 6962 2.1. */
export function hashPrefixed(prefixed: Uint8Array): string {
  return hash('sha256', prefixed, 'hex');
}

/** Hex leaf hash (RFC 6962 2.1) of the stored bytes of a leaf. */
export function leafHash(bytes: Uint8Array): string {
  const prefixed = Buffer.allocUnsafe(bytes.length + 1);
  prefixed[0] = 0;
  prefixed.set(bytes, 1);
  return hashPrefixed(prefixed);
}
