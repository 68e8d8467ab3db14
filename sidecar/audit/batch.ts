import { hash as digest } from 'node:crypto';
import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import type { LeafFields, LeafPlace } from '../kernel/leaf.js';
import { encodeLeaf } from './leaf-codec.js';
import { hashPrefixed } from './leaf-hash.js';
import type { NewRow } from './log-store.js';
import type { EnvelopePlace } from './payload/envelope.js';
import type { TreeNode } from './tree/tiles.js';
import type { TreeEdge } from './tree/tree-edge.js';

/** Where the log ends: how many leaves there are, the hash that the next one carries as `prev`, and the edge of their tree. */
export interface ChainHead {
  readonly size: number;
  readonly hash: string;
  /** Number of the signing key that the next leaf names. */
  readonly epoch: number;
  /** Nothing is appended to it: it may be handed on. */
  readonly edge: TreeEdge;
}

/** One entry that waits for its place. */
export interface BatchEntry {
  readonly leafFields: LeafFields;
  /** Gives the sealed payload that the leaf commits to; absent = it commits to nothing. */
  readonly seal?: ((place: EnvelopePlace) => Uint8Array) | undefined;
}

/** A group of leaves, chained and ready to be written. */
export interface Batch {
  readonly rows: readonly NewRow[];
  /** Hashes of the tree that these rows complete. */
  readonly nodes: readonly TreeNode[];
  /** The head after these rows. */
  readonly head: ChainHead;
  /** Per entry: the sequence number it got, or why it cannot be a leaf (such an entry takes no place). */
  readonly places: readonly (number | JiminiError)[];
}

/** Gives every entry its place after `head`. All leaves of one batch carry the same time: that of forming it. */
export function formBatch(entries: readonly BatchEntry[], head: ChainHead, log: { id: string; clock: Clock }): Batch {
  const timeMs = log.clock.nowMs();
  const monoNs = log.clock.monotonicNs().toString();
  const rows: NewRow[] = [];
  const nodes: TreeNode[] = [];
  const places: (number | JiminiError)[] = [];
  const edge = head.edge.copy();
  let { size, hash, epoch } = head;
  for (const { leafFields, seal } of entries) {
    try {
      const place: LeafPlace = {
        v: 1,
        log_id: log.id,
        // The leaf that puts a key in force is the first of its epoch.
        epoch: leafFields.kind === 'key' ? epoch + 1 : epoch,
        seq: size,
        time_ms: timeMs,
        mono_ns: monoNs,
        prev: hash,
      };
      // Sealed first: the leaf names what lies beside it.
      const envelope = seal?.({ logId: log.id, seq: size });
      const prefixed = encodeLeaf(leafFields, place, envelope && digest('sha256', envelope));
      hash = hashPrefixed(prefixed);
      rows.push({ seq: size, hash, bytes: prefixed.subarray(1), envelope });
      for (const node of edge.append(Buffer.from(hash, 'hex'))) nodes.push(node);
      places.push(size);
      size += 1;
      epoch = place.epoch;
    } catch (error) {
      places.push(JiminiError.from(error));
    }
  }
  return { rows, nodes, head: { size, hash, epoch, edge }, places };
}
