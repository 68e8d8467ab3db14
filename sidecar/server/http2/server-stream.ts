import type { Socket } from 'node:net';
import type { HeaderFields } from './header-fields.js';
import type { ErrorCode } from './protocol.js';

/** One request and its answer on an HTTP/2 connection, as the layer above sees it. After `onClose` every method does nothing. */
export interface ServerStream {
  /** Fields of the request, checked as RFC 9113 section 8 demands: `:method` and `:path` are there. */
  readonly headers: HeaderFields;
  /** The connection under it: who the peer is. */
  readonly socket: Socket;
  /** Both directions are over. */
  readonly closed: boolean;
  /** Sends the header fields of the answer, made with `encodeHeaderBlock`. Once. `end`: nothing follows. */
  respond(headerBlock: Uint8Array, end: boolean): void;
  /** Sends a part of the body as soon as flow control allows. `onSent` is called, perhaps at once, when the last byte of it has gone to the socket and there is room for more; never after a reset. */
  write(data: Uint8Array, onSent?: () => void): void;
  /** Sends trailers behind all that was written, and ends this direction. */
  end(trailerBlock: Uint8Array): void;
  /** Once everything is sent, asks the peer to send no more of its request (RFC 9113 section 8.1). */
  stopReceiving(): void;
  /** Ends both directions at once. What was not sent yet is dropped. */
  reset(code: ErrorCode): void;
}

/** Who is told what happens on a stream. Its methods run while the socket is being read, and must not throw. */
export interface StreamListener {
  /** A part of the body. It lies in memory that is shared with other streams: who keeps it makes a copy. */
  onData(piece: Buffer): void;
  /** The peer has ended its direction. Trailers are checked and dropped. */
  onEnd(): void;
  /** The stream is over: answered, reset by either side, or its connection is gone. Once, and nothing follows. */
  onClose(): void;
}

/** Listens to nothing. */
export const NOBODY: StreamListener = { onData() {}, onEnd() {}, onClose() {} };

/** Called for each new request; the listener that it returns hears of all that follows, and of the end of a stream that it has ended already. */
export type RequestListener = (stream: ServerStream) => StreamListener;
