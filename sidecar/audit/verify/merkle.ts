import { createHash } from 'node:crypto';

/** The tree of RFC 6962 2.1 as a verifier sees it: slower than the writer's, and nothing in common with it. */

/** Hash of a node from those of its children. */
function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** Takes leaf hashes one after the other, in memory that grows with the number of digits of their count only. */
export interface RootStream {
  add(leafHash: Uint8Array): void;
  /** Root hash over the leaves so far. */
  root(): Buffer;
}

/** A tree without leaves. */
export function createRootStream(): RootStream {
  // Whole subtrees from left to right, each smaller than the one before it; two of one size become one at once.
  const subtrees: { leaves: number; hash: Uint8Array }[] = [];
  return {
    add(leafHash) {
      let added = { leaves: 1, hash: leafHash };
      for (let last = subtrees.at(-1); last?.leaves === added.leaves; last = subtrees.at(-1)) {
        added = { leaves: 2 * added.leaves, hash: nodeHash(last.hash, added.hash) };
        subtrees.pop();
      }
      subtrees.push(added);
    },
    root() {
      const hashes = subtrees.map(({ hash }) => hash);
      if (hashes.length === 0) return createHash('sha256').digest();
      return Buffer.from(hashes.reduceRight((right, left) => nodeHash(left, right)));
    },
  };
}

/** Whether the proof leads from the leaf to the root: RFC 9162 2.1.3.2, step by step. */
export function isIncluded(
  leaf: { readonly hash: Uint8Array; readonly index: number },
  tree: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (leaf.index >= tree.size) return false;
  let [fn, sn] = [BigInt(leaf.index), BigInt(tree.size) - 1n];
  let r: Uint8Array = leaf.hash;
  for (const p of proof) {
    if (sn === 0n) return false;
    if (isOdd(fn) || fn === sn) {
      r = nodeHash(p, r);
      while (!isOdd(fn) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      r = nodeHash(r, p);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && equal(r, tree.root);
}

/** Whether the proof shows that the second tree begins with the first: RFC 9162 2.1.4.2, step by step. */
export function isConsistent(
  first: { readonly size: number; readonly root: Uint8Array },
  second: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (first.size > second.size) return false;
  // RFC 9162 leaves these to the caller: every tree begins with the empty one, and with itself.
  if (first.size === 0) return proof.length === 0 && equal(first.root, createHash('sha256').digest());
  if (first.size === second.size) return proof.length === 0 && equal(first.root, second.root);
  if (proof.length === 0) return false;
  const isPowerOfTwo = (BigInt(first.size) & (BigInt(first.size) - 1n)) === 0n;
  const [start, ...path] = isPowerOfTwo ? [first.root, ...proof] : proof;
  let [fn, sn] = [BigInt(first.size) - 1n, BigInt(second.size) - 1n];
  while (isOdd(fn)) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [fr, sr] = [start as Uint8Array, start as Uint8Array];
  for (const c of path) {
    if (sn === 0n) return false;
    if (isOdd(fn) || fn === sn) {
      [fr, sr] = [nodeHash(c, fr), nodeHash(c, sr)];
      while (!isOdd(fn) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = nodeHash(sr, c);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && equal(fr, first.root) && equal(sr, second.root);
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}
