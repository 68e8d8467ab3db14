import { readCount, writeCount } from './count-in-key.js';

/** Keys of boundaries begin with this byte (`p`). */
const PREFIX = 0x70;
const KEY_BYTES = 17;

/** A place below which leaves are removed, and the number of the `prune` leaf that says so. */
export interface Boundary {
  readonly minSeq: number;
  readonly pruneSeq: number;
}

/** All keys of boundaries, or those of boundaries below `minSeq`: `gte` <= key < `lt`. */
export function boundaryKeys(minSeq?: number): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  const lt = minSeq === undefined ? Uint8Array.of(PREFIX + 1) : boundaryKey({ minSeq, pruneSeq: 0 });
  return { gte: Uint8Array.of(PREFIX), lt };
}

/** `p`, the first number that is kept (8 bytes, big-endian), the number of the `prune` leaf (8 bytes, big-endian). */
export function boundaryKey({ minSeq, pruneSeq }: Boundary): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  key[0] = PREFIX;
  writeCount(key, minSeq, 1);
  writeCount(key, pruneSeq, 9);
  return key;
}

/** The parts of a key, or undefined when it is not one of a boundary. */
export function parseBoundaryKey(bytes: Uint8Array): Boundary | undefined {
  if (bytes.length !== KEY_BYTES || bytes[0] !== PREFIX) return undefined;
  const key = Buffer.from(bytes);
  const [minSeq, pruneSeq] = [readCount(key, 1), readCount(key, 9)];
  return Number.isSafeInteger(minSeq) && Number.isSafeInteger(pruneSeq) ? { minSeq, pruneSeq } : undefined;
}
