import { JiminiError } from '../../kernel/errors.js';
import { parseCheckpoint } from '../notes/checkpoint.js';
import { parseNote } from '../notes/note.js';
import { isConsistent, isIncluded } from '../verify/merkle.js';
import { createKeptTiles, type KeptTiles } from './kept-tiles.js';
import { foldPeaks } from './node-hash.js';
import { consistencyProof, inclusionProof, treeRoot } from './proofs.js';
import { recoverPeaks } from './recover-edge.js';
import { TILE_WIDTH, type TileReader } from './tiles.js';

/** A stored tree, and what is signed of it. */
export interface SignedTree {
  readonly reader: TileReader;
  /** Leaves that the signed root is over. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Tiles of it that were read, for further proofs. */
  readonly kept: KeptTiles;
}

/**
 * The stored tree of which our own checkpoint `note` tells. Who makes proofs by more than one checkpoint gives the tiles that it keeps.
 * Throws `JIMINI_INVALID_ARGUMENT` when `note` is no checkpoint.
 */
export function signedTree(reader: TileReader, note: Uint8Array, kept: KeptTiles = createKeptTiles()): SignedTree {
  const { size, root } = parseCheckpoint(parseNote(note).text.toString('utf8'));
  return { reader, size, root, kept };
}

/** What leads from a leaf to a root. */
export interface Inclusion {
  readonly leafHash: Buffer;
  /** As `inclusionProof` gives them. */
  readonly hashes: readonly Buffer[];
}

/** What leads from the root over some leaves to that over more. */
export interface Consistency {
  /** Root over the fewer leaves. */
  readonly root: Buffer;
  /** As `consistencyProof` gives them. */
  readonly hashes: readonly Buffer[];
}

/**
 * The proof of leaf `index` in the first `size` leaves, at most as many as are signed. Rows of the tree are read as they are stored, so the
 * proof is checked by the verifier's own steps (RFC 9162 2.1.3.2), and with an earlier size that tree against the signed one. Rejects with
 * `JIMINI_STORE_CORRUPT` when it does not hold or a row is missing, with `JIMINI_INVALID_ARGUMENT` when there is no such leaf.
 */
export async function provenInclusion(tree: SignedTree, index: number, size = tree.size): Promise<Inclusion> {
  const root = await provenRoot(tree, size);
  const hashes = await inclusionProof(tree.reader, index, size, tree.kept);
  const tile = await tree.kept.tile(tree.reader, 0, Math.floor(index / TILE_WIDTH), size);
  const leafHash = tile.node(0, index % TILE_WIDTH);
  if (isIncluded({ hash: leafHash, index }, { size, root }, hashes)) return { leafHash, hashes };
  throw wrong(tree, `the proof of the leaf ${index} does not lead to the root over ${size} leaves`);
}

/**
 * The proof that the first `size` leaves, at most as many as are signed, begin with the first `from`. The root over `from` leaves, which
 * nobody may have signed, is worked out from the stored tree: it is right when the proof leads from it to one that is (RFC 9162
 * 2.1.4.2). Rejects as `provenInclusion` does.
 */
export async function provenConsistency(tree: SignedTree, from: number, size = tree.size): Promise<Consistency> {
  const second = { size, root: await provenRoot(tree, size) };
  const hashes = await consistencyProof(tree.reader, from, size, tree.kept);
  const root = await treeRoot(tree.reader, from, tree.kept);
  if (isConsistent({ size: from, root }, second, hashes)) return { root, hashes };
  throw wrong(tree, `the proof that ${size} leaves begin with ${from} does not lead from one root to the other`);
}

/**
 * Roots of the perfect subtrees that the first `size` leaves consist of, largest first; at most as many as are signed. Rejects as
 * `provenInclusion` does.
 */
export async function provenPeaks(tree: SignedTree, size: number): Promise<Uint8Array[]> {
  const { root } = await provenConsistency(tree, size);
  const peaks = await recoverPeaks(tree.reader, size);
  if (foldPeaks(peaks).equals(root)) return peaks;
  throw wrong(tree, `the peaks over the first ${size} leaves are not those of the stored tree`);
}

async function provenRoot(tree: SignedTree, size: number): Promise<Uint8Array> {
  if (size === tree.size) return tree.root;
  return (await provenConsistency(tree, size)).root;
}

/** What was read wrong is not kept: the next proof reads it anew. */
function wrong({ kept }: SignedTree, what: string): JiminiError {
  kept.forget();
  return new JiminiError('JIMINI_STORE_CORRUPT', `${what}: run \`jimini log verify\``);
}
