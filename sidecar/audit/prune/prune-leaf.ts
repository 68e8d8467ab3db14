import { JiminiError } from '../../kernel/errors.js';
import type { PruneFields } from '../../kernel/leaf.js';
import { leafHash } from '../leaf-hash.js';
import type { KeptKeyLeaves, LeafRow, LogPages } from '../log-store.js';
import type { SignedState } from '../signing/log-signing.js';
import { keyLeavesBelow } from '../signing/named-keys.js';
import { provenPeaks, signedTree } from '../tree/proven.js';
import { TILE_WIDTH, type TileReader } from '../tree/tiles.js';
import { createTreeEdge } from '../tree/tree-edge.js';
import type { Removal } from './removal.js';

/** A log in use, as it is needed here. */
export interface PrunableLog extends LogPages, TileReader, KeptKeyLeaves {
  readonly size: number;
  readonly removal: Pick<Removal, 'boundary'>;
  readonly signed: Pick<SignedState, 'checkpoint'>;
}

/** What is to be written before leaves are removed. */
export interface Prune {
  readonly leafFields: PruneFields;
  /** The `key` leaves below the boundary, which are kept. */
  readonly keyLeaves: readonly LeafRow[];
}

/**
 * The leaf that says that leaves below `minSeq` are removed. From its peaks the root over any later size can be computed; nothing else will
 * tell them once the leaves are gone, so that they are held against the newest checkpoint. Throws `JIMINI_INVALID_ARGUMENT` for a number that no
 * boundary can have, `JIMINI_STORE_CORRUPT` when what it is made from is missing or damaged.
 */
export async function pruneOf(log: PrunableLog, minSeq: number): Promise<Prune> {
  const firstSeq = log.removal.boundary.minSeq;
  const { checkpoint } = log.signed;
  const end = Math.min(log.size - 1, checkpoint?.size ?? 0);
  if (minSeq % TILE_WIDTH !== 0 || minSeq <= firstSeq || minSeq > end || !checkpoint) {
    throw new JiminiError('JIMINI_INVALID_ARGUMENT', `no boundary can be at ${minSeq}: ${end} leaves can be removed`);
  }
  const peaks = await provenPeaks(signedTree(log, checkpoint.note), minSeq);
  const keyLeaves = await keyLeavesBelow(log, firstSeq, minSeq);
  return { leafFields: fieldsOf(minSeq, peaks, keyLeaves), keyLeaves };
}

function fieldsOf(minSeq: number, peaks: readonly Uint8Array[], keyLeaves: readonly LeafRow[]): PruneFields {
  const keys = createTreeEdge();
  for (const { bytes } of keyLeaves) keys.append(Buffer.from(leafHash(bytes), 'hex'));
  return {
    kind: 'prune',
    min_seq: minSeq,
    peaks: peaks.map((peak) => Buffer.from(peak).toString('hex')),
    key_root: keys.root().toString('hex'),
    approvers: [],
    reason: 'retention',
  };
}
