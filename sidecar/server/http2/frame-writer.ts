import type { Socket } from 'node:net';
import { getDefaultHighWaterMark } from 'node:stream';
import { NO_TABLE } from './hpack-encoder.js';
import { type ErrorCode, FLAG, FRAME, FRAME_BYTES_MAX, FRAME_HEADER_BYTES } from './protocol.js';

/** Room for some forty answers; a connection that is idle keeps no more than the rest of one. */
const CHUNK_BYTES = 16 * 1024;
/**
 * What may wait for a peer who does not read before nothing more is read of him, either: 128 KiB. Half of it, here or in the socket, is
 * what a socket says 'drain' after, so that one always follows. Large answers leave no faster with more.
 */
const BACKLOG_BYTES_MAX = 2 * getDefaultHighWaterMark(false);

/**
 * Puts frames one behind the other, and writes what has come together once in a turn of the event loop: a write to a socket costs
 * as much as the rest of an answer.
 */
export class FrameWriter {
  readonly #socket: Socket;
  /** Filled from the front; what was handed to the socket is never written to again. */
  #chunk: Buffer = NO_BYTES;
  #writtenTo = 0;
  #filledTo = 0;
  /** Chunks that are full. */
  #full: Buffer[] = [];
  #fullBytes = 0;
  #scheduled = false;
  #headersSent = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The peer is too slow: nothing that can wait should be added. The socket says 'drain' when it has got rid of it. */
  get isBehind(): boolean {
    return this.#socket.writableLength + this.#fullBytes > BACKLOG_BYTES_MAX;
  }

  frame(type: number, flags: number, streamId: number, payload: Uint8Array, from = 0, to = payload.length): void {
    const at = this.#take(FRAME_HEADER_BYTES + to - from);
    this.#putHeader(at, to - from, type, flags, streamId);
    if (from === 0 && to === payload.length) this.#chunk.set(payload, at + FRAME_HEADER_BYTES);
    else this.#chunk.set(payload.subarray(from, to), at + FRAME_HEADER_BYTES);
  }

  /** A frame with a number of 32 bits as its payload. */
  number(type: typeof FRAME.windowUpdate | typeof FRAME.rstStream, streamId: number, value: number): void {
    const at = this.#take(FRAME_HEADER_BYTES + 4);
    this.#putHeader(at, 4, type, 0, streamId);
    this.#chunk.writeUInt32BE(value, at + FRAME_HEADER_BYTES);
  }

  goaway(lastStreamId: number, code: ErrorCode): void {
    const at = this.#take(FRAME_HEADER_BYTES + 8);
    this.#putHeader(at, 8, FRAME.goaway, 0, 0);
    this.#chunk.writeUInt32BE(lastStreamId, at + FRAME_HEADER_BYTES);
    this.#chunk.writeUInt32BE(code, at + FRAME_HEADER_BYTES + 4);
  }

  /** A header block, in as many frames as it needs (RFC 9113 section 4.3). */
  headers(streamId: number, block: Uint8Array, endStream: boolean): void {
    // Once for all: our encoder has no table, whatever the peer says of its size (RFC 7541 section 4.2).
    const whole = this.#headersSent ? block : Buffer.concat([NO_TABLE, block]);
    this.#headersSent = true;
    const end = endStream ? FLAG.endStream : 0;
    if (whole.length <= FRAME_BYTES_MAX) {
      this.frame(FRAME.headers, end | FLAG.endHeaders, streamId, whole);
      return;
    }
    for (let at = 0; at < whole.length; at += FRAME_BYTES_MAX) {
      const to = Math.min(whole.length, at + FRAME_BYTES_MAX);
      const last = to === whole.length ? FLAG.endHeaders : 0;
      this.frame(at === 0 ? FRAME.headers : FRAME.continuation, last | (at === 0 ? end : 0), streamId, whole, at, to);
    }
  }

  /** Hands everything to the socket now. */
  flush = (): void => {
    this.#scheduled = false;
    this.#closeChunk();
    const full = this.#full;
    if (full.length === 0) return;
    this.#full = [];
    this.#fullBytes = 0;
    if (!this.#socket.writable) return;
    if (full.length > 1) this.#socket.cork();
    for (const bytes of full) this.#socket.write(bytes);
    if (full.length > 1) this.#socket.uncork();
  };

  /** Takes so many bytes of the chunk; returns where they begin. */
  #take(bytes: number): number {
    if (this.#filledTo + bytes > this.#chunk.length) {
      this.#closeChunk();
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes));
      this.#writtenTo = 0;
      this.#filledTo = 0;
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.flush);
    }
    const at = this.#filledTo;
    this.#filledTo += bytes;
    return at;
  }

  #closeChunk(): void {
    if (this.#writtenTo === this.#filledTo) return;
    const bytes = this.#chunk.subarray(this.#writtenTo, this.#filledTo);
    this.#writtenTo = this.#filledTo;
    this.#full.push(bytes);
    this.#fullBytes += bytes.length;
  }

  #putHeader(at: number, length: number, type: number, flags: number, streamId: number): void {
    const chunk = this.#chunk;
    chunk[at] = length >>> 16;
    chunk[at + 1] = length >>> 8;
    chunk[at + 2] = length;
    chunk[at + 3] = type;
    chunk[at + 4] = flags;
    chunk[at + 5] = streamId >>> 24;
    chunk[at + 6] = streamId >>> 16;
    chunk[at + 7] = streamId >>> 8;
    chunk[at + 8] = streamId;
  }
}

const NO_BYTES = Buffer.alloc(0);
