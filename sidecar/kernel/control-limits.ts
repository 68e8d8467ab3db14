/** The bounds of the control port, a part of `LIMITS`. */
export const CONTROL_LIMITS = {
  /** Largest request on the control port: none of its messages holds content. */
  controlMessageBytesMax: 64 * 1024,
  /** Calls of the control port at one time, streams apart: people and their programs, not traffic. */
  controlCallsMax: 64,
  /** Bytes of requests of the control port being received at one time. */
  controlBytesMax: 8 * 1024 * 1024,
  /** Streams of answers open at one time on the control port; each may hold an answer that waits to be read. */
  controlStreamsMax: 32,
  /** Streams of one principal, so that one who follows the log in many places leaves room for the others. */
  principalStreamsMax: 8,
  /** How long an answer of a stream may wait to be read: a reader that takes longer holds a place and memory for nothing. */
  streamStalledMsMax: 60_000,
  /** Refused calls of a minute that become a leaf each: an attack can be seen in them; more would let it fill the disk. */
  refusalLeavesMax: 60,
  /** The minute of `refusalLeavesMax`. */
  refusalWindowMs: 60_000,
  /** How often the file of tokens is read, and a change of them that could not be recorded is tried again. */
  tokenPollMs: 1_000,
  /** Largest file of what is noted of tokens: a thousand of some 90 bytes leave much room. */
  tokenNotesBytesMax: 256 * 1024,
  /** Leaves on one page of the log, when a caller wants no other number. */
  pageEntries: 100,
  /** Most leaves on one page of the log. */
  pageEntriesMax: 1_000,
  /** Bytes of leaves after which a page or a message of a stream is full: below the 4 MiB that clients of gRPC receive unless told otherwise. */
  pageBytesMax: 2 * 1024 * 1024,
  /** Leaves looked at for one page: with a filter that few pass, the page is handed out with what there is. */
  pageExaminedMax: 10_000,
  /** Bytes of leaves in one message of a stream: one may wait for each reader. */
  streamMessageBytesMax: 256 * 1024,
  /** Leaves in one message of a stream, passed or not: it tells how far the reading is. */
  streamMessageLeavesMax: 1_000,
  /** Leaves fetched at once from a log in use: about a millisecond of hashing, then requests have their turn. */
  leavesPerFetch: 128,
  /** How often a stream that has reached the end of the log looks for more. */
  followMs: 100,
} as const;
