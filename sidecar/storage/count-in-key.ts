const WORD = 2 ** 32;

/** Writes a number of leaves or hashes into a key, big-endian, so that keys sort by it. */
export function writeCount(key: Buffer, count: number, at: number): void {
  key.writeUInt32BE(Math.floor(count / WORD), at);
  key.writeUInt32BE(count % WORD, at + 4);
}

/** Reads one. It may be larger than any number that is counted exactly: see `Number.isSafeInteger`. */
export function readCount(key: Buffer, at: number): number {
  return key.readUInt32BE(at) * WORD + key.readUInt32BE(at + 4);
}
