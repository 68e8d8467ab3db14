import type { Socket } from 'node:net';
import type { RequestListener } from './server-stream.js';

export interface ConnectionOptions {
  readonly onRequest: RequestListener;
}

/** The server's side of one HTTP/2 connection (RFC 9113) over a socket that is connected already, and secured where it is to be. */
export interface Connection {
  /** Streams that are open. */
  readonly streams: number;
  /** The peer has said that it speaks HTTP/2. */
  readonly begun: boolean;
  /** Takes no new streams after a moment in which those under way to us arrive (RFC 9113 section 6.8), and closes after the last one. */
  drain(): void;
  /** To be called about once a second with the monotonic clock: pings a quiet peer, ends what is idle, silent or does not read. */
  review(nowMs: number): void;
  /** Cuts the connection. Every open stream hears `onClose` (before this returns). */
  destroy(): void;
}

/** Takes over a socket. `onClose` of all streams is called when the socket goes away for whatever reason. */
export declare function createConnection(socket: Socket, options: ConnectionOptions): Connection;
