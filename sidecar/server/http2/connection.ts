import type { Socket } from 'node:net';
import { LIMITS } from '../../kernel/limits.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import { ConnectionError, ERROR, type ErrorCode, FRAME } from './protocol.js';
import type { RequestListener } from './server-stream.js';
import { Session } from './session.js';

export interface ConnectionOptions {
  readonly onRequest: RequestListener;
  /** Something of ours threw while a frame was handled; the connection ends with INTERNAL_ERROR. Must not throw. */
  readonly onFault?: (error: unknown) => void;
}

/** The server's side of one HTTP/2 connection (RFC 9113) over a socket that is connected already, and secured where it is to be. */
export interface Connection {
  /** Streams that are open. */
  readonly streams: number;
  /** The peer has made a request. */
  readonly begun: boolean;
  /** When its last request was whole, or it was made; infinite while there is one that is whole and not answered. Monotonic. */
  readonly idleSinceMs: number;
  /** Takes no new streams after a moment in which those under way to us arrive (RFC 9113 section 6.8), and closes after the last one. */
  drain(): void;
  /** To be called about once a second with the monotonic clock: pings a quiet peer, ends what is idle, silent or does not read. */
  review(nowMs: number): void;
  /** Cuts the connection, and says which requests were not looked at, so that they can be made again (RFC 9113 section 6.8). */
  giveWay(): void;
  /** Cuts the connection. Every open stream hears `onClose` before this returns. */
  destroy(): void;
}

/** Takes over a socket. The streams hear `onClose` when the socket goes away, for whatever reason. */
export function createConnection(socket: Socket, options: ConnectionOptions): Connection {
  return new SocketConnection(socket, options);
}

/** Highest stream id there is: a GOAWAY with it says only that the end is near (RFC 9113 section 6.8). */
const STREAM_ID_MAX = 0x7fff_ffff;
const PING_PAYLOAD = Buffer.alloc(8);

class SocketConnection implements Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #writer: FrameWriter;
  readonly #session: Session;
  readonly #reader: FrameReader;
  #life: 'open' | 'draining' | 'drained' | 'over' = 'open';
  /** What the last GOAWAY said; later ones may say less, not more (RFC 9113 section 6.8). */
  #lastStreamIdTold = STREAM_ID_MAX;
  /** Whether anything was received since the last review, and when that was so last. */
  #heard = false;
  #heardMs = performance.now();
  /** Since then nothing came; a PING asks whether the peer is still there. */
  #pinged = false;
  /** When there was a stream last, or the connection was made, and the newest that was seen then. */
  #busyMs = this.#heardMs;
  #lastStreamIdSeen = 0;
  /** Since when the peer does not read; undefined while he does. */
  #behindSinceMs: number | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#writer = new FrameWriter(socket);
    this.#session = new Session(socket, this.#writer, {
      onRequest: options.onRequest,
      onPong: () => this.#life === 'draining' && this.#drained(),
      onEmpty: () => this.#endWhenDrained(),
    });
    this.#reader = new FrameReader((type, flags, streamId, payload) =>
      this.#session.onFrame(type, flags, streamId, payload),
    );
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk));
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => {}); // 'close' follows
    socket.on('end', () => this.destroy()); // a peer that sends no more cannot take answers in HTTP/2, either
    socket.on('close', () => this.#leave());
  }

  get streams(): number {
    return this.#session.size;
  }

  get begun(): boolean {
    return this.#session.lastStreamId > 0;
  }

  get idleSinceMs(): number {
    return this.#session.asked > 0 ? Number.POSITIVE_INFINITY : this.#session.askedMs;
  }

  drain(): void {
    if (this.#life !== 'open') return;
    this.#life = 'draining';
    this.#writer.goaway(STREAM_ID_MAX, ERROR.noError);
    this.#writer.frame(FRAME.ping, 0, 0, PING_PAYLOAD); // once it is answered, the peer has read the GOAWAY
  }

  review(nowMs: number): void {
    if (this.#life === 'over') return;
    if (this.#life === 'draining') this.#drained();
    const { lastStreamId } = this.#session;
    if (this.streams > 0 || lastStreamId !== this.#lastStreamIdSeen) this.#busyMs = nowMs;
    this.#lastStreamIdSeen = lastStreamId;
    this.#behindSinceMs = this.#writer.isBehind ? (this.#behindSinceMs ?? nowMs) : undefined;
    if (this.#heard) {
      this.#heard = false;
      this.#heardMs = nowMs;
      this.#pinged = false;
    }
    const quietMs = nowMs - this.#heardMs;
    if (this.#isDead(nowMs, quietMs)) this.destroy();
    else if (nowMs - this.#busyMs > LIMITS.connectionIdleMsMax) this.drain();
    else if (quietMs > LIMITS.keepaliveMs && !this.#pinged) {
      this.#pinged = true;
      this.#writer.frame(FRAME.ping, 0, 0, PING_PAYLOAD);
    }
  }

  giveWay(): void {
    if (this.#life === 'over') return;
    this.#sayEnd(ERROR.noError);
    this.#writer.flush();
    this.destroy(); // what the system has taken it sends all the same
  }

  destroy(): void {
    this.#socket.destroy();
    this.#leave();
  }

  #isDead(nowMs: number, quietMs: number): boolean {
    if (!this.#session.begun) return nowMs - this.#busyMs > LIMITS.prefaceMsMax; // however much he has sent of it
    if (this.#pinged && quietMs > LIMITS.keepaliveMs + LIMITS.keepaliveTimeoutMs) return true;
    return nowMs - (this.#behindSinceMs ?? nowMs) > LIMITS.keepaliveTimeoutMs;
  }

  #onChunk(chunk: Buffer): void {
    if (this.#life === 'over') return;
    this.#heard = true;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionError)) this.#options.onFault?.(error);
      this.#fail(error instanceof ConnectionError ? error.code : ERROR.internalError);
      return;
    }
    // Answers to what he sends would fill our memory if he does not read them (CVE-2019-9512, 9515, 9517).
    if (this.#writer.isBehind) this.#socket.pause();
  }

  #onDrain(): void {
    this.#behindSinceMs = undefined; // he does read, however slowly
    if (this.#life === 'over' || this.#writer.isBehind) return;
    this.#socket.resume();
    this.#session.sendHeldUp();
  }

  #fail(code: ErrorCode): void {
    this.#sayEnd(code);
    this.#end();
  }

  #drained(): void {
    this.#life = 'drained';
    this.#session.isFull = true;
    this.#sayEnd(ERROR.noError);
    this.#endWhenDrained();
  }

  #sayEnd(code: ErrorCode): void {
    this.#lastStreamIdTold = Math.min(this.#lastStreamIdTold, this.#session.lastStreamId);
    this.#writer.goaway(this.#lastStreamIdTold, code);
  }

  #endWhenDrained(): void {
    if (this.#life === 'drained' && this.streams === 0) this.#end();
  }

  /** Ends the connection once what was said has been written. */
  #end(): void {
    this.#writer.flush();
    this.#leave();
    const socket = this.#socket;
    socket.end();
    // What the peer is still sending is read and dropped for a moment: closing at once would make TCP drop what was said to him.
    socket.resume();
    const linger = setTimeout(() => socket.destroy(), LIMITS.lingerMs);
    linger.unref();
    socket.once('close', () => clearTimeout(linger));
  }

  /** All streams hear that they are over. */
  #leave(): void {
    if (this.#life === 'over') return;
    this.#life = 'over';
    this.#session.end();
  }
}
