import { createHash, hash } from 'node:crypto';
import { type HmacKey, hkdfExpand, hmacKey, sha256 } from '../kernel/hmac.js';

/** What a leaf commits to without holding it: the caller's request id, the content that was judged, the person it is about. */
export type CommittedField = 'request_id' | 'req' | 'resp' | 'subj';

/** The seed of a record (32 random bytes, kept in its payload and nowhere else), ready to give the nonces of its spans. */
export type SpanSeed = HmacKey;

/** Prepares a seed. It is uniform, so that the extract step of HKDF has nothing to do (RFC 5869 3.3). */
export function spanSeed(seed: Uint8Array): SpanSeed {
  return hmacKey(seed);
}

/** The nonce of one span, 32 bytes: HKDF-Expand (RFC 5869 2.3) of the seed with `jimini/nonce/v1` 00 field 00 u32be(index). */
export function spanNonce(seed: SpanSeed, field: CommittedField, index: number): Buffer {
  return hkdfExpand(seed, withNumber(PREFIXES.nonce[field], index));
}

const HASH_BYTES = 32;
/** Longer spans are hashed where they lie; shorter ones are copied behind what goes before them, which costs less. */
const COPIED_BYTES_MAX = 64 * 1024;

/** Hash of one span, 32 bytes: SHA-256 of `jimini/span/v1` 00 field 00 nonce u64be(length) bytes. */
export function spanHash(field: CommittedField, nonce: Uint8Array, bytes: Uint8Array): Buffer {
  const prefix = PREFIXES.span[field];
  const headBytes = prefix.length + nonce.length + 8;
  const isCopied = bytes.length <= COPIED_BYTES_MAX;
  const head = Buffer.allocUnsafe(headBytes + (isCopied ? bytes.length : 0));
  head.set(prefix);
  head.set(nonce, prefix.length);
  // Lengths stay far below 2^32: a body has at most 32 MiB.
  head.writeUInt32BE(0, headBytes - 8);
  head.writeUInt32BE(bytes.length, headBytes - 4);
  if (!isCopied) return createHash('sha256').update(head).update(bytes).digest();
  head.set(bytes, headBytes);
  return sha256(head);
}

/** What stands in the leaf, 64 hex digits: SHA-256 of `jimini/field/v1` 00 field 00 u32be(number of spans) and their hashes. */
export function commitmentOfHashes(field: CommittedField, spanHashes: readonly Uint8Array[]): string {
  const bytes = withNumber(PREFIXES.field[field], spanHashes.length, spanHashes.length * HASH_BYTES);
  let at = bytes.length - spanHashes.length * HASH_BYTES;
  for (const spanHash of spanHashes) {
    bytes.set(spanHash, at);
    at += HASH_BYTES;
  }
  return hash('sha256', bytes, 'hex');
}

/** The commitment to a field that consists of these spans. */
export function commitmentOf(field: CommittedField, spans: readonly Uint8Array[], seed: SpanSeed): string {
  const hashes = spans.map((bytes, index) => spanHash(field, spanNonce(seed, field, index), bytes));
  return commitmentOfHashes(field, hashes);
}

const PREFIXES = { nonce: prefixesOf('nonce'), span: prefixesOf('span'), field: prefixesOf('field') };

function prefixesOf(purpose: 'nonce' | 'span' | 'field'): Readonly<Record<CommittedField, Buffer>> {
  const prefixOf = (field: CommittedField) => Buffer.from(`jimini/${purpose}/v1\0${field}\0`, 'ascii');
  return { request_id: prefixOf('request_id'), req: prefixOf('req'), resp: prefixOf('resp'), subj: prefixOf('subj') };
}

/** The prefix and u32be(value), with room for so many bytes behind them. */
function withNumber(prefix: Buffer, value: number, room = 0): Buffer {
  const bytes = Buffer.allocUnsafe(prefix.length + 4 + room);
  bytes.set(prefix);
  bytes.writeUInt32BE(value, prefix.length);
  return bytes;
}
