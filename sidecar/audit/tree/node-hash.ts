import { hash } from 'node:crypto';

/** Bytes of a SHA-256 hash, leaf or node. */
export const HASH_BYTES = 32;
/** RFC 6962 2.1: what a node's hash begins with, so that no leaf can be taken for a node. */
export const NODE_PREFIX = 1;
/** Bytes that the hash of a node is made of: the prefix, the hash of the left child, that of the right one. */
export const NODE_BYTES = 1 + 2 * HASH_BYTES;
/** Where the left child begins. */
export const LEFT = 1;
/** Where the right child begins. */
export const RIGHT = 1 + HASH_BYTES;

const scratch = Buffer.alloc(NODE_BYTES, NODE_PREFIX);

/**
 * Hash of a perfect subtree from the hashes that lie at one height of it: a power of two of them, one after the other.
 * Overwrites `hashes`; the result is its first 32 bytes.
 */
export function foldPerfect(hashes: Buffer): Buffer {
  for (let length = hashes.length; length > HASH_BYTES; length /= 2) {
    for (let at = 0; at < length; at += 2 * HASH_BYTES) {
      hashes.copy(scratch, LEFT, at, at + 2 * HASH_BYTES);
      hashScratch(hashes, at / 2);
    }
  }
  return hashes.subarray(0, HASH_BYTES);
}

/** Hashes of the nodes over each two of `hashes`, which lie side by side; one that is left over has none. */
export function foldLayer(hashes: Buffer): Buffer {
  const nodes = Buffer.allocUnsafe(Math.floor(hashes.length / (2 * HASH_BYTES)) * HASH_BYTES);
  for (let at = 0; at < nodes.length; at += HASH_BYTES) {
    hashes.copy(scratch, LEFT, 2 * at, 2 * (at + HASH_BYTES));
    hashScratch(nodes, at);
  }
  return nodes;
}

/**
 * Hash over perfect subtrees that stand side by side, each smaller than the one before: they join from the right
 * (RFC 6962 2.1). None at all is the empty tree, whose hash is that of nothing.
 */
export function foldPeaks(peaks: readonly Uint8Array[]): Buffer {
  const last = peaks.at(-1);
  if (!last) return hash('sha256', '', 'buffer');
  const root = Buffer.from(last);
  for (const peak of peaks.slice(0, -1).reverse()) {
    scratch.set(peak, LEFT);
    scratch.set(root, RIGHT);
    hashScratch(root, 0);
  }
  return root;
}

/** Node hands out a digest as a string four times as fast as it does as a buffer. */
function hashScratch(target: Buffer, offset: number): void {
  target.write(hash('sha256', scratch, 'binary'), offset, 'binary');
}
