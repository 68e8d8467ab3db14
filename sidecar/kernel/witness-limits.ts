/** Bounds of witnesses and of asking them; part of `LIMITS`. */
export const WITNESS_LIMITS = {
  /** Body of one request to a witness: a proof has less than 3 KiB, a checkpoint with 16 signatures of the largest kind 80. */
  witnessRequestBytesMax: 128 * 1024,
  /** Answer of a witness: lines of some 150 bytes, or of 5 kB with ML-DSA. */
  witnessAnswerBytesMax: 64 * 1024,
  /** How long one request to a witness may take. Witnesses sync a file before they answer, and may be far away. */
  witnessTimeoutMs: 5_000,
  /** How far the time of a cosignature may be from ours: clocks that nobody sets drift by seconds a day. */
  witnessClockMsMax: 5 * 60 * 1000,
  /** Requests for one checkpoint: one, one more with the size that the witness told, and one in case it moved meanwhile. */
  witnessAttemptsMax: 3,
  /** Least time between two requests to one witness for different checkpoints: a log signs one a second, and more under load. */
  witnessPaceMs: 1_000,
  /** Failures in a row after which a witness is left alone for a while. */
  witnessFailuresToOpen: 3,
  /** How long a failing witness is left alone the first time; doubled each further time. */
  witnessOpenMsMin: 2_000,
  /** Longest time that a failing witness is left alone: after an outage, how late its first cosignature comes. */
  witnessOpenMsMax: 60_000,
  /** Time that witnesses have at shutdown to cosign the last checkpoint; it is a part of what Kubernetes leaves. */
  witnessCloseMsMax: 2_000,
  /** How long a cosigned checkpoint waits for the lines of other witnesses before it is stored: two syncs for all instead of two for each. */
  cosignedWriteMs: 200,
  /** Witnesses of one log. Policies of public logs name three to ten. */
  witnessesMax: 16,
  /** Pairs of checkpoints of one log and kind that a witness keeps as evidence: one is enough, and whoever can cause them must not fill the disk. */
  witnessEvidenceMax: 64,
  /** Connections to a witness. Each log keeps one. */
  witnessConnectionsMax: 256,
  /** How long one request to a witness may take to arrive, and its answer to be read. */
  witnessRequestMsMax: 10_000,
  /** How long a connection to a witness may be quiet: longer than the second between two checkpoints of a busy log. */
  witnessIdleMsMax: 30_000,
  /** Logs that one small witness serves; their states are read at its start. */
  witnessLogsMax: 1000,
} as const;
