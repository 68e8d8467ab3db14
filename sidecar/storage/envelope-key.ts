import { readCount, writeCount } from './count-in-key.js';

/** Keys of envelopes begin with `e`, those of tombstones in the place of erased ones with `x` (docs/log-payload.md). */
const PREFIXES = { envelope: 0x65, tombstone: 0x78 } as const;
const KEY_BYTES = 9;

/** Key of the envelope beside a leaf, or of its tombstone: the letter and the sequence number of the leaf (8 bytes, big-endian). */
export function envelopeKey(seq: number, kind: keyof typeof PREFIXES = 'envelope'): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  key[0] = PREFIXES[kind];
  writeCount(key, seq, 1);
  return key;
}

/** Number of the leaf in such a key; undefined when it is none. */
export function parseEnvelopeKey(key: Uint8Array): number | undefined {
  return key.length === KEY_BYTES ? readCount(Buffer.from(key.buffer, key.byteOffset, KEY_BYTES), 1) : undefined;
}

/** All keys of one kind: `gte` <= key < `lt`. */
export function payloadKeysOf(kind: keyof typeof PREFIXES): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return { gte: Uint8Array.of(PREFIXES[kind]), lt: Uint8Array.of(PREFIXES[kind] + 1) };
}
