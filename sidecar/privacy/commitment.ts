import { createHmac, hash } from 'node:crypto';

/** What a leaf commits to without holding it: the caller's request id, the content that was judged, the person it is about. */
export type CommittedField = 'request_id' | 'req' | 'resp' | 'subj';

/**
 * The nonce of one span, 32 bytes: HKDF-Expand (RFC 5869 2.3) of the record's seed
 * (32 random bytes, kept in its payload and nowhere else) with
 * `jimini/nonce/v1` 00 field 00 u32be(index). The seed is uniform, so that the extract step has nothing to do (3.3).
 */
export function spanNonce(seed: Uint8Array, field: CommittedField, index: number): Buffer {
  return createHmac('sha256', seed)
    .update(Buffer.concat([prefixOf('nonce', field), uint32(index), FIRST_BLOCK]))
    .digest();
}

/** Hash of one span, 32 bytes: SHA-256 of `jimini/span/v1` 00 field 00 nonce u64be(length) bytes. */
export function spanHash(field: CommittedField, nonce: Uint8Array, bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes.length));
  return hash('sha256', Buffer.concat([prefixOf('span', field), nonce, length, bytes]), 'buffer');
}

/** What stands in the leaf, 64 hex digits: SHA-256 of `jimini/field/v1` 00 field 00 u32be(number of spans) and their hashes. */
export function commitmentOfHashes(field: CommittedField, spanHashes: readonly Uint8Array[]): string {
  return hash('sha256', Buffer.concat([prefixOf('field', field), uint32(spanHashes.length), ...spanHashes]), 'hex');
}

/** The commitment to a field that consists of these spans. */
export function commitmentOf(field: CommittedField, spans: readonly Uint8Array[], seed: Uint8Array): string {
  const hashes = spans.map((bytes, index) => spanHash(field, spanNonce(seed, field, index), bytes));
  return commitmentOfHashes(field, hashes);
}

const FIRST_BLOCK = Uint8Array.of(1);

function prefixOf(purpose: 'nonce' | 'span' | 'field', field: CommittedField): Buffer {
  return Buffer.from(`jimini/${purpose}/v1\0${field}\0`, 'ascii');
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
