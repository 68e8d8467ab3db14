/** Frame types (RFC 9113 section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames (RFC 9113 section 6). */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Parameters of SETTINGS (RFC 9113 section 6.5.2). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Error codes (RFC 9113 section 7). */
export const ERROR = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

export type ErrorCode = (typeof ERROR)[keyof typeof ERROR];

/** What a client sends first (RFC 9113 section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Octets of a frame in front of its payload (RFC 9113 section 4.1). */
export const FRAME_HEADER_BYTES = 9;
/** Largest payload of a frame until a peer says otherwise, which we do not (RFC 9113 section 6.5.2). */
export const FRAME_BYTES_MAX = 16_384;
/** Flow-control window of a new stream, and of the connection, until a peer says otherwise (RFC 9113 section 6.9.2). */
export const WINDOW_BYTES = 65_535;
/** Largest flow-control window (RFC 9113 section 6.9.1). */
export const WINDOW_BYTES_MAX = 0x7fff_ffff;
/** Size of the dynamic table until a peer says otherwise (RFC 9113 section 6.5.2). */
export const HEADER_TABLE_BYTES = 4096;

/** What a peer did that ends the whole connection (RFC 9113 section 5.4.1). */
export class ConnectionError extends Error {
  readonly code: ErrorCode;

  /** `message` is for tests and debuggers; it never holds what the peer has sent. */
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'ConnectionError';
    this.code = code;
  }
}
