import type { TileReader, TreeNode } from './tree/tiles.js';

/** One leaf as it lies in the store. */
export interface LeafRow {
  readonly seq: number;
  /** Hex leaf hash that was stored beside the bytes. A reader compares it with the bytes: the store is not trusted. */
  readonly hash: string;
  /** The leaf, verbatim. */
  readonly bytes: Uint8Array;
}

/** A leaf that is to be written, and what is written with it. */
export interface NewRow extends LeafRow {
  /** The sealed payload that the leaf commits to; absent = it commits to nothing. */
  readonly envelope?: Uint8Array | undefined;
}

/** Where the removal of leaves ends. */
export interface Boundary {
  /** First leaf that is kept; those below are being removed, or are gone. */
  readonly minSeq: number;
  /** Number of the `prune` leaf that says so. */
  readonly pruneSeq: number;
}

/** Reads the `key` leaves that are kept beyond their removal. */
export interface KeptKeyLeaves {
  /** Those from below all boundaries, ascending. */
  keptKeyLeaves(): Promise<LeafRow[]>;
}

/** Tells where a log begins. */
export interface BoundaryReader extends KeptKeyLeaves {
  /** Boundaries that were written, ascending; those before the last one may be gone. */
  boundaries(): Promise<Boundary[]>;
}

/** The place on disk that holds one log. */
export interface LogStore {
  /**
   * Opens it for one owner. Rejects with `JIMINI_STORE_LOCKED` when somebody else has it open, `JIMINI_STORE_CORRUPT`
   * when its own structure is damaged, else `JIMINI_STORE_UNAVAILABLE`.
   */
  open(): Promise<LogStoreHandle>;
}

/** Reads leaves from a log in use. */
export interface LogPages {
  /** At most `count` rows from `seq` on, ascending, as they are stored: nothing is checked. Holds nothing open afterwards. */
  page(seq: number, count: number): Promise<LeafRow[]>;
}

/** What lies beside leaves from one on to before `end`. */
export interface PayloadPage {
  readonly end: number;
  /** Sealed payloads, by the number of their leaf. */
  readonly envelopes: ReadonlyMap<number, Uint8Array>;
  /** Leaves beside which a tombstone lies. What it says is not read. */
  readonly erased: ReadonlySet<number>;
}

/** Reads what lies beside leaves. */
export interface PayloadPages {
  /**
   * What lies beside leaves from `seq` on to before `end`, as it is stored; to an earlier leaf, but not before one envelope, once the
   * envelopes have `bytesMax` bytes. Holds nothing open afterwards.
   */
  payloadPage(seq: number, end: number, bytesMax: number): Promise<PayloadPage>;
}

/** Reads leaves in order of their sequence numbers. */
export interface LogRows {
  /** Rows from `seq` on, ascending, as they are stored: nothing is checked. */
  rowsFrom(seq: number): AsyncIterable<LeafRow>;
  /** The last `count` rows, ascending. */
  lastRows(count: number): Promise<LeafRow[]>;
}

/** Looks for what leaves that are gone have left. */
export interface RowsBehind {
  /**
   * Whether rows that are written with leaves, envelopes or hashes of the tree, or a boundary that a leaf states, are there that a log of
   * `size` leaves has not.
   */
  hasRowsBehind(size: number): Promise<boolean>;
}

/** An open log store. */
export interface LogStoreHandle extends LogRows, LogPages, PayloadPages, TileReader, BoundaryReader, RowsBehind {
  /**
   * Writes all rows or none, with their envelopes and the tree hashes that they complete, and resolves after they are synced to disk. With
   * `removeBehind` it also removes what a log of so many leaves has not; as long as the rows are not written `hasRowsBehind` stays true. After a
   * rejection the fate of the rows is unknown and the handle must not be used again, except to close it.
   */
  write(rows: readonly NewRow[], nodes: readonly TreeNode[], removeBehind?: number): Promise<void>;
  /**
   * Writes a boundary, with the `key` leaves below it, from which it follows which key was in force there; resolves after they are
   * synced. After a rejection the handle must not be used again, except to close it.
   */
  writeBoundary(boundary: Boundary, keyLeaves: readonly LeafRow[]): Promise<void>;
  /**
   * Removes rows that belong to leaves below `minSeq` and are not needed for what is left: at most `count` of them, the first ones.
   * Resolves with how many they were, and does not wait for the disk: after a crash they may be there again. After a rejection the
   * handle must not be used again, except to close it.
   */
  removeBelow(minSeq: number, count: number): Promise<number>;
  /** Gives the space back of what was removed from leaf `first` to before `end`, while others read and write. Takes about a second for 65,536 leaves. */
  compact(first: number, end: number): Promise<void>;
  close(): Promise<void>;
}
