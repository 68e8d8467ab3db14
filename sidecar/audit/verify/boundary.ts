import { scanCanonical } from './canonical-scan.js';
import { logId as isLogId, type Leaf } from './field-types.js';
import { fieldFault } from './leaf-rules.js';
import { createRootStream, leafHash } from './merkle.js';
import { LEAF_BYTES_MAX } from './report.js';
import type { Refused } from './signed-note.js';
import { decodeUtf8 } from './utf8.js';

/**
 * Where a log begins of which leaves were removed, as its `prune` leaf says. Nothing of it is believed before that leaf is met in its place, and
 * a checkpoint covers it.
 */
export interface Boundary {
  /** Leaves below it were removed. */
  readonly minSeq: number;
  /** Roots of the perfect subtrees that they consisted of, largest first. */
  readonly peaks: readonly Buffer[];
  readonly logId: string;
  /** The leaf that says so. */
  readonly prune: { readonly seq: number; readonly hash: string; readonly timeMs: number };
  /** The `key` leaves among those that were removed, in their order. */
  readonly keyLeaves: readonly KeyLeaf[];
}

/** A `key` leaf that is not among the others. */
export interface KeyLeaf {
  readonly seq: number;
  readonly leaf: Leaf;
  readonly hash: string;
}

/** A `prune` leaf, and as many `key` leaves as there may be keys. */
export const BOUNDARY_BYTES_MAX = 513 * (LEAF_BYTES_MAX + 1);

/** The lines of a `boundary.jsonl`. Of a file that is none, one line that is no leaf. */
export function linesOfBoundary(bytes: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(bytes).toString('latin1');
  const isWhole = bytes.length <= BOUNDARY_BYTES_MAX && text.endsWith('\n');
  return isWhole
    ? text
        .split('\n')
        .slice(0, -1)
        .map((line) => Buffer.from(line, 'latin1'))
    : [new Uint8Array(0)];
}

/** Reads the leaves that show where a log begins: its `prune` leaf, and then the `key` leaves below it. */
export function readBoundary(leaves: readonly Uint8Array[]): Boundary | Refused {
  const [pruneBytes, ...keyBytes] = leaves;
  const prune = pruneBytes && leafOf(pruneBytes, 'prune');
  if (!pruneBytes || !prune) return { why: 'no prune leaf says where the log begins' };
  const minSeq = prune.get('min_seq') as number;
  if (minSeq === 0) return { why: 'the prune leaf removes nothing' };
  const keyLeaves = readKeyLeaves(keyBytes, prune.get('log_id'));
  if (!keyLeaves) return { why: 'a key leaf from below it is none' };
  if (keyLeaves.some(({ leaf }, at) => leaf.get('epoch') !== at + 2)) {
    return { why: 'the key leaves from below it have a gap' };
  }
  const keyTree = createRootStream();
  for (const { hash: keyHash } of keyLeaves) keyTree.add(keyHash);
  if (keyTree.root().toString('hex') !== prune.get('key_root')) {
    return { why: 'the key leaves from below it are not those that the prune leaf names' };
  }
  return {
    minSeq,
    peaks: (prune.get('peaks') as string[]).map((peak) => Buffer.from(peak, 'hex')),
    logId: prune.get('log_id') as string,
    prune: { seq: prune.get('seq') as number, hash: leafHash(pruneBytes), timeMs: prune.get('time_ms') as number },
    keyLeaves,
  };
}

/** `key` leaves of a log, in the order in which they are given; undefined where one is none. */
export function readKeyLeaves(lines: readonly Uint8Array[], logId: unknown): KeyLeaf[] | undefined {
  const leaves = lines.map((bytes) => ({ bytes, leaf: leafOf(bytes, 'key') }));
  const keyLeaves = leaves.flatMap(({ bytes, leaf }) =>
    leaf?.get('log_id') === logId && leaf ? [{ seq: leaf.get('seq') as number, leaf, hash: leafHash(bytes) }] : [],
  );
  return keyLeaves.length === lines.length ? keyLeaves : undefined;
}

/** The leaf, when it is a whole one of this kind. Where it stands is not looked at. */
function leafOf(bytes: Uint8Array, kind: 'prune' | 'key'): Leaf | undefined {
  if (bytes.length > LEAF_BYTES_MAX) return undefined;
  const leaf = scanCanonical(decodeUtf8(bytes) ?? '');
  if ('why' in leaf || leaf.get('v') !== 1 || leaf.get('kind') !== kind) return undefined;
  const hasPlace = typeof leaf.get('seq') === 'number' && isLogId(leaf.get('log_id'), leaf);
  return hasPlace && fieldFault(leaf) === undefined ? leaf : undefined;
}
