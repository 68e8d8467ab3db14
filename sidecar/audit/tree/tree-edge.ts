import { hash } from 'node:crypto';
import { foldPeaks, HASH_BYTES, LEFT, NODE_BYTES, NODE_PREFIX, RIGHT } from './node-hash.js';
import { TILE_HEIGHT, type TreeNode } from './tiles.js';

/**
 * The right edge of a Merkle tree (RFC 6962 2.1): the roots of its perfect subtrees, one for each bit of the size. It is
 * all that is needed to append and to tell the root, and takes a few KiB whatever the size.
 */
export interface TreeEdge {
  /** Number of leaves. */
  readonly size: number;
  /**
   * Takes the hash of the next leaf, 32 bytes; one SHA-256 a leaf on average. Returns the tile hashes that this leaf
   * completed, nearly always none, to be stored together with it.
   */
  append(leafHash: Uint8Array): readonly TreeNode[];
  /** Root hash over all leaves: one SHA-256 for each bit of the size. */
  root(): Buffer;
  /** An edge of its own, so that a group of leaves can be tried and given up. Costs next to nothing: what neither appends is shared. */
  copy(): TreeEdge;
}

const NONE: readonly TreeNode[] = [];

/** Edge of the tree whose perfect subtrees have the roots `peaks`, highest first, as many as `size` has bits set. */
export function createTreeEdge(size = 0, peaks: readonly Uint8Array[] = []): TreeEdge {
  const heights = heightsOf(size);
  if (heights.length !== peaks.length) throw new RangeError(`${size} leaves have ${heights.length} peaks`);
  const nodes: Buffer[] = [];
  for (const [at, height] of heights.entries()) nodeAt(nodes, height).set(checkedHash(peaks[at]), LEFT);
  return edgeOf(size, nodes);
}

/** Heights of the perfect subtrees that a tree of `size` leaves consists of, highest first. */
export function heightsOf(size: number): number[] {
  const heights: number[] = [];
  for (let height = 0, rest = size; rest > 0; height += 1, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) heights.unshift(height);
  }
  return heights;
}

/**
 * `nodes` has for each height the bytes that a node of the next one is hashed from. Its left half is the peak of that
 * height, where the size has that bit set; the right half is filled in when the subtree beside it is complete.
 */
function edgeOf(size: number, nodes: Buffer[]): TreeEdge {
  /** Nodes below this height belong to this edge alone; an append writes to those from 0 on. */
  let ownedHeight = 0;

  const owned = (height: number): Buffer => {
    if (height >= ownedHeight) {
      nodes[height] = Buffer.from(nodeAt(nodes, height));
      ownedHeight = height + 1;
    }
    return nodes[height] as Buffer;
  };

  const append = (leafHash: Uint8Array): readonly TreeNode[] => {
    const leaf = checkedHash(leafHash);
    let index = edge.size;
    edge.size += 1;
    if (index % 2 === 0) {
      owned(0).set(leaf, LEFT);
      return NONE;
    }
    owned(0).set(leaf, RIGHT);
    let completed = NONE;
    let height = 0;
    let digest: string;
    do {
      digest = hash('sha256', nodeAt(nodes, height), 'binary');
      height += 1;
      index = Math.floor(index / 2);
      if (height % TILE_HEIGHT === 0) {
        completed = [...completed, { level: height / TILE_HEIGHT, index, hash: Buffer.from(digest, 'binary') }];
      }
      owned(height).write(digest, index % 2 === 0 ? LEFT : RIGHT, 'binary');
    } while (index % 2 === 1);
    return completed;
  };

  const root = () => foldPeaks(heightsOf(edge.size).map((height) => nodeAt(nodes, height).subarray(LEFT, RIGHT)));

  const copy = (): TreeEdge => {
    ownedHeight = 0;
    return edgeOf(edge.size, nodes.slice());
  };

  // Not a getter: an object with one takes as long to make as a hash does.
  const edge = { size, append, root, copy };
  return edge;
}

function nodeAt(nodes: Buffer[], height: number): Buffer {
  for (let missing = nodes.length; missing <= height; missing += 1) nodes.push(Buffer.alloc(NODE_BYTES, NODE_PREFIX));
  return nodes[height] as Buffer;
}

function checkedHash(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes?.length !== HASH_BYTES) throw new RangeError(`a hash has ${HASH_BYTES} bytes`);
  return bytes;
}
