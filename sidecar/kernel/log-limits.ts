/** Bounds of the log and of the disk that it lies on. */
export const LOG_LIMITS = {
  /** How often free disk space is read for health and metrics. */
  diskPollMs: 5_000,
  /** So long must the free space last at the present rate. */
  freeSpaceSeconds: 600,
  /** What a leaf takes on disk with all that belongs to it, while LevelDB has it in two places: a rough upper bound for planning. */
  leafSpaceBytes: 4096,
  /** Files that must be free to be made: LevelDB makes one for every 2 MiB that it merges, and removes the old ones later. */
  freeInodesMin: 1_000,
  /**
   * Room kept back to be given up when the disk is full: to open LevelDB again, as a start and an end of an outage must, it writes what its
   * log holds, up to 16 MiB, to a table, and begins other files.
   */
  ballastBytes: 32 * 1024 * 1024,
  /** With less than this free, that room is given up. */
  ballastReleaseBytes: 8 * 1024 * 1024,
  /** When it is made: not while a start needs the disk. */
  ballastAfterMs: 60_000,
  /** The whole log is read again within so long, so that damage is found while a copy of the disk may still be good. */
  scrubPassMs: 24 * 60 * 60 * 1000,
  /** How often a part of the log is read. */
  scrubTickMs: 1_000,
  /** Leaves read at one time: some 60 ms of CPU with what lies beside them, half of it in one stretch, and 350 million leaves a day. */
  scrubLeavesMax: 4_096,
  /** Envelopes read at one time, and one more: 10 ms of hashing, and 360 GB a day. The largest envelopes have some MB, `LIMITS.capturedBytesMax` of text as JSON. */
  scrubPayloadBytesMax: 4 * 1024 * 1024,
  /** So long may the log be unreadable before that is told: as long as a disk that is overloaded or being replaced may take. */
  scrubStalledMs: 10 * 60 * 1000,
  /** Damaged leaves that are remembered; of a log with more it is enough to know that. */
  scrubDamagedMax: 1_000,
  /** How often old leaves are looked for. Each time that some are found costs a leaf. */
  pruneRoundMs: 60 * 60 * 1000,
  /** How often a piece of that work is done. */
  pruneTickMs: 1_000,
  /** Tiles of 256 leaves looked at in one piece: about as much as the scrub reads. */
  pruneTilesMax: 16,
  /** Rows removed as one group: some milliseconds, which records may have to wait. */
  pruneRowsMax: 1_024,
  /** Groups removed in one piece of work. With a leaf and its envelope that is 8,000 leaves a second, more than are written. */
  prunePiecesMax: 16,
  /** Leaves whose space is given back in one piece of work: about a second of LevelDB's own thread, which the end of the program may wait for. */
  pruneCompactLeaves: 65_536,
  /** So long after its `prune` leaf is signed nothing is removed yet: whoever copies the log meanwhile has read its checkpoint before. */
  pruneGraceMs: 60_000,
  /** A wall clock that is so much further on than the time that has passed may be wrong: nothing is removed by it at once. */
  clockAheadMs: 24 * 60 * 60 * 1000,
  /** It is believed when it says so for so long: time to be told, and to set it right. */
  clockBelievedAfterMs: 24 * 60 * 60 * 1000,
  /** How often it is asked whether a day is over whose segment is not written yet. */
  segmentTickMs: 60_000,
  /** How long after one that could not be written another attempt is made: each reads the whole log. */
  segmentRetryMs: 60 * 60 * 1000,
  /** Pause after each page of the log while a segment is made: ten million leaves take some minutes, and requests do not notice. */
  segmentPauseMs: 4,
  /** Rule ids in one leaf; `rule_count` has the full number. */
  leafRuleIdsMax: 64,
  /** Gap kinds in one leaf. */
  leafGapsMax: 16,
  /** Answers of classifiers in one leaf; `classifier_count` has the full number. */
  leafClassifiersMax: 8,
  /** Size of one leaf. C2SP tlog-tiles allows 64 KiB; ours stay far below. */
  leafBytesMax: 8 * 1024,
  /** Records waiting for the disk. Over it the store counts as unavailable, instead of memory growing. */
  appendQueueMax: 8192,
  /** Records written and synced as one group. Larger groups gain nothing measurable and delay the first of them. */
  appendBatchMax: 1024,
  /**
   * Records that may be answered before their sync, with `log.durability: relaxed`: what a crash can lose, and how many numbers the
   * start after it gives to nobody. A group is rarely larger, even at 10,000 records a second.
   */
  earlyRecordsMax: 256,
  /** After a sync that took longer than this the next group waits for its own: how long records are at risk while the disk is well. */
  earlyAgeMsMax: 20,
  /** Longest time that a leaf waits for a checkpoint: what somebody can cut off unseen. A signature and two syncs a second cost little. */
  checkpointMsMax: 1_000,
  /** Leaves after which a checkpoint does not wait for that. */
  checkpointLeavesMax: 1_000,
  /** Largest signed note. Signatures of the future have nearly 5 kB (ML-DSA), and C2SP signed-note wants 16 of them accepted. */
  noteBytesMax: 256 * 1024,
  /** Longest verifier key. A name is a URL without its scheme; the rest has 55 characters. */
  verifierKeyCharsMax: 1024,
  /** Hashes of one proof: a tree of 2^53 leaves has 53 levels, and consistency takes one more; C2SP tlog-witness allows 63. */
  proofHashesMax: 63,
  /** Tiles of hashes of leaves that are kept for further proofs, of 16 KiB each. Two proofs rarely need the same one, but for the last. */
  proofLeafTilesMax: 16,
  /** Tiles above them, of 16 KiB each: all of those over 16 million leaves. So many are read when the program has started. */
  proofUpperTilesMax: 256,
  /** Largest proof file: a signed note, and as much again for its hashes and its extra data. */
  tlogProofBytesMax: 512 * 1024,
  /** Nesting of one leaf. The fields of this version need 2; the rest is room for unknown ones. */
  leafDepthMax: 8,
} as const;
