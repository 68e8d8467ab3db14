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
  /**
   * Takes no new streams after a moment in which those under way to us arrive (RFC 9113 section 6.8), and closes after the last one. A
   * connection whose peer has said nothing yet is cut.
   */
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
const KEEPALIVE = Buffer.alloc(8);
/** Behind the GOAWAY of a connection that drains. Not as above: an answer to that says nothing of what the peer has read since. */
const GOODBYE = Buffer.from('goodbye!', 'latin1');

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
  /** When it takes no new streams, if it drains, though the peer does not answer. */
  #drainedMs = Number.POSITIVE_INFINITY;
  /** When there was a stream last, or it was made, and the newest that was seen then. */
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
      onPong: (payload) => this.#life === 'draining' && payload.equals(GOODBYE) && this.#drained(),
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
    if (!this.#session.hasSettings) {
      this.destroy();
      return;
    }
    this.#life = 'draining';
    this.#drainedMs = performance.now() + LIMITS.lingerMs;
    this.#writer.goaway(STREAM_ID_MAX, ERROR.noError);
    this.#writer.frame(FRAME.ping, 0, 0, GOODBYE); // once it is answered, the peer has read the GOAWAY
  }

  review(nowMs: number): void {
    if (this.#life === 'over') return;
    if (this.#life === 'draining' && nowMs >= this.#drainedMs) this.#drained();
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
      this.#writer.frame(FRAME.ping, 0, 0, KEEPALIVE);
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
    if (!this.#session.hasSettings) return nowMs - this.#busyMs > LIMITS.prefaceMsMax; // however often he says a little
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
    this.#end(LIMITS.lingerMs);
  }

  #drained(): void {
    this.#life = 'drained';
    this.#session.refusesStreams = true;
    this.#sayEnd(ERROR.noError);
    this.#endWhenDrained();
  }

  #sayEnd(code: ErrorCode): void {
    this.#lastStreamIdTold = Math.min(this.#lastStreamIdTold, this.#session.lastStreamId);
    this.#writer.goaway(this.#lastStreamIdTold, code);
  }

  #endWhenDrained(): void {
    if (this.#life === 'drained' && this.streams === 0) this.#end(LIMITS.keepaliveTimeoutMs);
  }

  /** Ends the connection once what was said has been written, for which the peer has this long. */
  #end(writeMsMax: number): void {
    this.#writer.flush();
    this.#leave();
    this.#destroyIn(writeMsMax);
    // What the peer is still sending is read and dropped for a moment: closing at once would make TCP drop what was said to him.
    this.#socket.end(() => this.#destroyIn(LIMITS.lingerMs));
    this.#socket.resume();
  }

  #destroyIn(ms: number): void {
    const timer = setTimeout(() => this.#socket.destroy(), ms);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** All streams hear that they are over. */
  #leave(): void {
    if (this.#life === 'over') return;
    this.#life = 'over';
    this.#session.end();
  }
}
