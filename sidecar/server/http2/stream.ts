import type { Socket } from 'node:net';
import type { FrameWriter } from './frame-writer.js';
import type { HeaderFields } from './header-fields.js';
import { ERROR, type ErrorCode, FRAME, FRAME_BYTES_MAX, WINDOW_BYTES_MAX } from './protocol.js';
import { ReceiveWindow } from './receive-window.js';
import { NOBODY, type ServerStream, type StreamListener } from './server-stream.js';
import { STREAM_WINDOW_BYTES } from './settings.js';

/** What the streams of one connection share. */
export interface StreamHost {
  readonly socket: Socket;
  readonly writer: FrameWriter;
  /** What the peer still takes of all streams together (RFC 9113 section 6.9). */
  sendWindow: number;
  /** Requests that are whole and not answered. */
  asked: number;
  /** When the last one was whole. */
  askedMs: number;
  /** Frames for a stream that we reset may be under way to us. */
  wasReset(streamId: number): void;
  /** A stream is over; its listener is yet to be told. */
  wasClosed(stream: Stream): void;
}

/** A part of the body that waits for the peer to take it. */
interface Pending {
  readonly data: Uint8Array;
  sentTo: number;
  readonly onSent: (() => void) | undefined;
  next: Pending | undefined;
}

/** See `ServerStream`. One that is open, as the connection made it. */
export class Stream implements ServerStream {
  readonly id: number;
  readonly headers: HeaderFields;
  /** See `StreamTable`. */
  next: Stream | undefined;
  closed = false;
  /** The peer has ended its direction. */
  remoteEnded = false;
  readonly receiveWindow = new ReceiveWindow(STREAM_WINDOW_BYTES);
  #listener: StreamListener = NOBODY;
  readonly #host: StreamHost;
  #sendWindow: number;
  /** What is to come of the body, where the peer has said so. */
  #bodyBytesLeft: number | undefined;
  /** The request is whole, and not answered. */
  #isAsked = false;
  #responded = false;
  #localEnded = false;
  #stopsReceiving = false;
  #firstPending: Pending | undefined;
  #lastPending: Pending | undefined;
  #trailers: Uint8Array | undefined;

  constructor(
    id: number,
    host: StreamHost,
    request: { headers: HeaderFields; bodyBytes: number | undefined },
    window: number,
  ) {
    this.id = id;
    this.#host = host;
    this.headers = request.headers;
    this.#bodyBytesLeft = request.bodyBytes;
    this.#sendWindow = window;
  }

  get socket(): Socket {
    return this.#host.socket;
  }

  /** Something waits for the peer to take it. */
  get isHeldUp(): boolean {
    return this.#firstPending !== undefined;
  }

  /** Once. The layer above may have ended the stream before it says who listens. */
  listen(listener: StreamListener): void {
    if (this.closed) listener.onClose();
    else this.#listener = listener;
  }

  /** A piece of the body has come. False: it is more than was announced (RFC 9113 section 8.1.1). */
  receive(piece: Buffer): boolean {
    if (this.#bodyBytesLeft !== undefined) this.#bodyBytesLeft -= piece.length;
    if ((this.#bodyBytesLeft ?? 0) < 0) return false;
    if (piece.length > 0) this.#listener.onData(piece);
    return true;
  }

  /** The peer has ended its direction. False: the body is less than was announced. */
  receiveEnd(): boolean {
    if ((this.#bodyBytesLeft ?? 0) !== 0) return false;
    this.remoteEnded = true;
    this.#host.askedMs = performance.now();
    this.#isAsked = !this.#localEnded && !this.#trailers;
    if (this.#isAsked) this.#host.asked += 1;
    this.#listener.onEnd();
    this.#finishWhenOver();
    return true;
  }

  /** The peer takes more, or less, of this stream. False: more than there may be. */
  changeSendWindow(bytes: number): boolean {
    this.#sendWindow += bytes;
    return this.#sendWindow <= WINDOW_BYTES_MAX;
  }

  respond(headerBlock: Uint8Array, end: boolean): void {
    if (this.closed || this.#responded) return;
    this.#responded = true;
    this.#host.writer.headers(this.id, headerBlock, end);
    if (end) {
      this.#wasAnswered();
      this.#endedHere();
    }
  }

  write(data: Uint8Array, onSent?: () => void): void {
    if (this.closed || this.#localEnded || this.#trailers) return;
    const pending: Pending = { data, sentTo: 0, onSent, next: undefined };
    if (this.#lastPending) this.#lastPending.next = pending;
    else this.#firstPending = pending;
    this.#lastPending = pending;
    this.send();
  }

  end(trailerBlock: Uint8Array): void {
    if (this.closed || this.#localEnded || this.#trailers) return;
    this.#trailers = trailerBlock;
    this.#wasAnswered();
    this.send();
  }

  stopReceiving(): void {
    if (this.#localEnded && !this.closed) this.reset(ERROR.noError);
    this.#stopsReceiving = true;
  }

  reset(code: ErrorCode): void {
    if (this.closed) return;
    this.#host.writer.number(FRAME.rstStream, this.id, code);
    this.#host.wasReset(this.id);
    this.close();
  }

  /** Sends what waits, as far as the peer takes it. */
  send(): void {
    while (this.#firstPending) {
      const pending = this.#firstPending;
      if (!this.#sendPart(pending)) return;
      this.#firstPending = pending.next;
      if (!pending.next) this.#lastPending = undefined;
      pending.onSent?.();
    }
    if (!this.#trailers || this.#localEnded || this.closed) return;
    this.#host.writer.headers(this.id, this.#trailers, true);
    this.#endedHere();
  }

  /** The stream is over without a word to the peer. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#wasAnswered();
    this.#firstPending = undefined;
    this.#lastPending = undefined;
    this.#host.wasClosed(this);
    const listener = this.#listener;
    this.#listener = NOBODY;
    listener.onClose();
  }

  /** True once all of it has gone. */
  #sendPart(pending: Pending): boolean {
    const host = this.#host;
    const { data } = pending;
    while (pending.sentTo < data.length) {
      if (host.writer.isBehind) return false;
      const bytes = Math.min(data.length - pending.sentTo, FRAME_BYTES_MAX, this.#sendWindow, host.sendWindow);
      if (bytes <= 0) return false;
      host.writer.frame(FRAME.data, 0, this.id, data, pending.sentTo, pending.sentTo + bytes);
      pending.sentTo += bytes;
      this.#sendWindow -= bytes;
      host.sendWindow -= bytes;
    }
    return true;
  }

  #wasAnswered(): void {
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.#host.asked -= 1;
  }

  #endedHere(): void {
    this.#localEnded = true;
    if (this.#stopsReceiving && !this.remoteEnded) this.reset(ERROR.noError);
    else this.#finishWhenOver();
  }

  #finishWhenOver(): void {
    if (this.#localEnded && this.remoteEnded) this.close();
  }
}
