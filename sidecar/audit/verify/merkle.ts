import { createHash, hash } from 'node:crypto';

/** The tree of RFC 6962 2.1 as a verifier sees it: slower than the writer's, and nothing in common with it. */

/** Hash of a leaf, 64 hex digits. */
export function leafHash(bytes: Uint8Array): string {
  return hash('sha256', Buffer.concat([Uint8Array.of(0), bytes]), 'hex');
}

/** Hash of a node from those of its children. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([Uint8Array.of(1), left, right]), 'buffer');
}

/** Root of a whole subtree of 2^`height` leaves, the `index`-th of that height. */
export interface Subtree {
  readonly height: number;
  readonly index: number;
  readonly hash: Buffer;
}

/** Takes leaf hashes one after the other, in memory that grows with the number of digits of their count only. */
export interface RootStream {
  /** Takes the hash of the next leaf, 64 hex digits. */
  add(leafHash: string): void;
  /** Root hash over the leaves so far. */
  root(): Buffer;
}

/** The first leaves of a tree: how many, and the roots of the perfect subtrees that they consist of, largest first. */
export interface TreeStart {
  readonly size: number;
  readonly peaks: readonly Uint8Array[];
}

/**
 * A tree without leaves, or with those of `start`. `onSubtree` is told of each subtree whose height is a multiple of 8 as soon as it is
 * whole.
 */
export function createRootStream(onSubtree?: (subtree: Subtree) => void, start?: TreeStart): RootStream {
  // At place h what the node above is hashed from: its prefix, the root of a whole subtree of 2^h leaves, which counts when
  // the size has that bit set, and the root of the one beside it.
  const nodes: Buffer[] = [];
  let size = start?.size ?? 0;
  const nodeOf = (height: number): Buffer => {
    const node = nodes[height] ?? Buffer.alloc(65, 1);
    nodes[height] = node;
    return node;
  };
  const peaks = [...(start?.peaks ?? [])];
  for (let height = 0, rest = size; rest > 0; height += 1, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) nodeOf(height).set(peaks.pop() ?? new Uint8Array(32), 1);
  }
  return {
    add(leafHash) {
      let index = size;
      nodeOf(0).write(leafHash, index % 2 === 0 ? 1 : 33, 'hex');
      let height = 0;
      for (; index % 2 === 1; index = (index - 1) / 2) {
        const joined = hash('sha256', nodeOf(height), 'binary');
        height += 1;
        if (onSubtree && height % 8 === 0) {
          onSubtree({ height, index: (index - 1) / 2, hash: Buffer.from(joined, 'binary') });
        }
        nodeOf(height).write(joined, ((index - 1) / 2) % 2 === 0 ? 1 : 33, 'binary');
      }
      size += 1;
    },
    root() {
      let root: Uint8Array | undefined;
      for (let height = 0, rest = size; rest > 0; height += 1, rest = Math.floor(rest / 2)) {
        if (rest % 2 === 0) continue;
        const left = nodeOf(height).subarray(1, 33);
        root = root ? nodeHash(left, root) : left;
      }
      return root ? Buffer.from(root) : createHash('sha256').digest();
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
