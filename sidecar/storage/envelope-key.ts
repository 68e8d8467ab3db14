/** Keys of envelopes begin with this byte (`e`). */
const PREFIX = 0x65;
const WORD = 2 ** 32;

/** Key of the envelope beside a leaf: `e` and the sequence number of the leaf (8 bytes, big-endian). */
export function envelopeKey(seq: number): Buffer {
  const key = Buffer.alloc(9);
  key[0] = PREFIX;
  key.writeUInt32BE(Math.floor(seq / WORD), 1);
  key.writeUInt32BE(seq % WORD, 5);
  return key;
}
