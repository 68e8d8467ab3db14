import { JiminiError } from '../../kernel/errors.js';
import type { PruneFields } from '../../kernel/leaf.js';
import { leafHash } from '../leaf-hash.js';
import type { LeafRow, LogPages } from '../log-store.js';
import { keyLeavesBelow } from '../signing/named-keys.js';
import { recoverPeaks } from '../tree/recover-edge.js';
import { TILE_WIDTH, type TileReader } from '../tree/tiles.js';
import { createTreeEdge } from '../tree/tree-edge.js';
import type { Removal } from './removal.js';

/** A log in use, as it is needed here. */
export interface PrunableLog extends LogPages, TileReader {
  readonly size: number;
  readonly removal: Pick<Removal, 'boundary' | 'keptKeyLeaves'>;
}

/** What is to be written before leaves are removed. */
export interface Prune {
  readonly leafFields: PruneFields;
  /** The `key` leaves below the boundary, which are kept. */
  readonly keyLeaves: readonly LeafRow[];
}

/**
 * The leaf that says that leaves below `minSeq` are removed. From its peaks the root over any later size can be computed. Throws
 * `JIMINI_INVALID_ARGUMENT` for a number that no boundary can have, `JIMINI_STORE_CORRUPT` when what it is made from is missing.
 */
export async function pruneOf(log: PrunableLog, minSeq: number): Promise<Prune> {
  const { removal } = log;
  const firstSeq = removal.boundary.minSeq;
  if (minSeq % TILE_WIDTH !== 0 || minSeq <= firstSeq || minSeq >= log.size) {
    throw new JiminiError('JIMINI_INVALID_ARGUMENT', `no boundary can be at ${minSeq} of ${log.size} leaves`);
  }
  const peaks = await recoverPeaks(log, minSeq);
  const rows = {
    page: (seq: number, count: number) => log.page(seq, count),
    keptKeyLeaves: () => removal.keptKeyLeaves(),
  };
  const keyLeaves = await keyLeavesBelow(rows, firstSeq, minSeq);
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
