/** Every bound of the program, each with its reason. Bytes are bytes of the wire unless the name says otherwise. */
export const LIMITS = {
  /** Largest request body that is read. Coding agents send up to 2 MB; operators of gateways raise their limits to 32 MiB. */
  bodyBytesMax: 32 * 1024 * 1024,
  /** Largest gRPC message. Above it gRPC itself refuses, which cannot be recorded; so it leaves room above the body limit. */
  grpcReceiveBytesMax: 48 * 1024 * 1024,
  /** Bytes of requests received, being received or being judged at one time, over all connections. */
  inFlightBytesMax: 256 * 1024 * 1024,
  /** Requests being received or judged at one time, over all connections. */
  inFlightRequestsMax: 2048,
  /** Streams that one connection may have open at one time. Envoy opens one connection per worker thread. */
  streamsPerSessionMax: 256,
  /** A call without a deadline of its own ends after this long, so that a stalled sender does not hold memory for ever. */
  callWithoutDeadlineMsMax: 30_000,
  /** Nesting of a protobuf message: decoders recurse, and Envoy's metadata is a recursive Struct. */
  protobufDepthMax: 64,
  /** Nesting of JSON. Real requests stay below 20. */
  jsonDepthMax: 128,
  /** Strings of one body that become segments, keys included. A 32 MiB body of short strings would otherwise be millions of objects. */
  segmentsMax: 200_000,
  /** Longest JSON pointer of a segment. Names may be megabytes long, and 256 findings repeat their pointers in one answer. */
  pointerCharsMax: 1024,
  /** Body size above which reading and judging move to a worker thread, so that the event loop is not blocked. */
  inlineBodyBytesMax: 64 * 1024,
  /** Findings kept of one evaluation; more are counted, not listed. */
  findingsMax: 256,
  /** Rule ids in one leaf; `rule_count` has the full number. */
  leafRuleIdsMax: 64,
  /** Gap kinds in one leaf. */
  leafGapsMax: 16,
  /** Size of one leaf. C2SP tlog-tiles allows 64 KiB; ours stay far below. */
  leafBytesMax: 8 * 1024,
  /** Records waiting for the disk. Over it the store counts as unavailable, instead of memory growing. */
  appendQueueMax: 8192,
  /** Records written and synced as one group. Larger groups gain nothing measurable and delay the first of them. */
  appendBatchMax: 1024,
  /** Nesting of one leaf. The fields of this version need 2; the rest is room for unknown ones. */
  leafDepthMax: 8,
  /** Largest rule pack or configuration file. */
  configFileBytesMax: 4 * 1024 * 1024,
  /** Entries of one list in the configuration. */
  configListItemsMax: 64,
  /** Characters of one text in the configuration: a path is at most 4096 bytes on Linux (PATH_MAX). */
  configTextCharsMax: 4096,
  /** Problems of one file that are reported; a file with more is better mended from the top. */
  problemsMax: 50,
  /** How often watched files are compared even when the system reports nothing (ConfigMaps, network file systems). */
  watchPollMs: 3000,
  /** A watched file counts as written when two readings this far apart are equal. */
  watchSettleMs: 150,
  /** Longest pattern of a rule, in characters. */
  patternCharsMax: 4096,
  /** Rules of one pack. The largest public rule sets have a few hundred. */
  packRulesMax: 2000,
  /** Nodes of one pack file once aliases are resolved, so that aliases of aliases cannot multiply. */
  packNodesMax: 200_000,
  /** Characters of one example after its repetition. */
  exampleCharsMax: 1_000_000,
  /** Characters of all literals that are searched for, common beginnings counted once; about 200 bytes each. */
  literalUnitsMax: 500_000,
  /** Work that judging one evaluation may take, in units of about a nanosecond (see sidecar/policy/budget.ts). */
  judgeWorkMax: 2_000_000_000,
  /** Longest sentence for people about one judgement, in characters. */
  messageCharsMax: 500,
  /** Longest Unix socket path: `sun_path` holds 108 bytes with its end mark (unix(7)). */
  socketPathBytesMax: 107,
} as const;
