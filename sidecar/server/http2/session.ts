import type { Socket } from 'node:net';
import { LIMITS } from '../../kernel/limits.js';
import type { FrameWriter } from './frame-writer.js';
import { blockOf, HeaderBlock, PRIORITY_BYTES, withoutPadding } from './header-block.js';
import { HeaderFields } from './header-fields.js';
import { HpackDecoder } from './hpack-decoder.js';
import { initialWindowIn, settingsPayload } from './peer-settings.js';
import {
  ConnectionError,
  ERROR,
  type ErrorCode,
  FLAG,
  FRAME,
  SETTING,
  WINDOW_BYTES,
  WINDOW_BYTES_MAX,
} from './protocol.js';
import { ReceiveWindow } from './receive-window.js';
import { areTrailers, checkRequest } from './request-fields.js';
import type { RequestListener } from './server-stream.js';
import { STREAM_WINDOW_BYTES, Stream, type StreamHost } from './stream.js';
import { StreamTable } from './stream-table.js';
import { TokenBucket } from './token-bucket.js';

/** Who owns a session. */
export interface SessionOwner {
  readonly onRequest: RequestListener;
  /** The peer has answered a PING. */
  onPong(): void;
  /** The last open stream is over. */
  onEmpty(): void;
}

/** Window of all streams of a connection together. */
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
/** Streams that we reset last: what was under way for them is no fault of the peer (RFC 9113 section 5.1). */
const RESETS_REMEMBERED = 128;

const OUR_SETTINGS = settingsPayload([
  [SETTING.maxConcurrentStreams, LIMITS.streamsPerSessionMax],
  [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
  [SETTING.maxHeaderListSize, LIMITS.headerBytesMax],
]);
const NOTHING = Buffer.alloc(0);
const PING_BYTES = 8;

/** What the frames of one connection mean (RFC 9113 sections 5 and 6): its streams, its windows, its header table. */
export class Session implements StreamHost {
  readonly socket: Socket;
  readonly writer: FrameWriter;
  sendWindow = WINDOW_BYTES;
  /** The peer has sent its settings. */
  begun = false;
  /** Highest id of a stream that was looked at. */
  lastStreamId = 0;
  /** New streams are turned away. */
  isFull = false;
  readonly #owner: SessionOwner;
  readonly #hpack = new HpackDecoder(LIMITS.headerBytesMax);
  readonly #streams = new StreamTable();
  readonly #receiveWindow = new ReceiveWindow(CONNECTION_WINDOW_BYTES);
  readonly #resets: TokenBucket;
  readonly #resetIds = new Int32Array(RESETS_REMEMBERED);
  #resetCount = 0;
  /** Window that the peer gives to new streams. */
  #peerWindow = WINDOW_BYTES;
  #block: HeaderBlock | undefined;
  #isOver = false;

  constructor(socket: Socket, writer: FrameWriter, owner: SessionOwner) {
    this.socket = socket;
    this.writer = writer;
    this.#owner = owner;
    const limits = { burst: LIMITS.streamResetBurst, perSecond: LIMITS.streamResetsPerSecond };
    this.#resets = new TokenBucket(limits, performance.now());
    writer.frame(FRAME.settings, 0, 0, OUR_SETTINGS);
    writer.number(FRAME.windowUpdate, 0, CONNECTION_WINDOW_BYTES - WINDOW_BYTES);
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Ends all streams without a word to the peer; frames that come afterwards mean nothing. */
  end(): void {
    this.#isOver = true;
    for (const stream of this.#streams.all()) stream.close();
  }

  /** Sends what was held up, once the peer reads again. */
  sendHeldUp(): void {
    for (const stream of this.#streams.all()) if (stream.isHeldUp) stream.send();
  }

  wasReset(streamId: number): void {
    this.#resetIds[this.#resetCount % RESETS_REMEMBERED] = streamId;
    this.#resetCount += 1;
  }

  wasClosed(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#owner.onEmpty();
  }

  /** See `FrameListener`. Throws ConnectionError when the peer breaks a rule that ends the connection. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (this.#isOver) return;
    if (!this.begun && type !== FRAME.settings)
      throw new ConnectionError(ERROR.protocolError, 'SETTINGS must come first');
    if (this.#block && (type !== FRAME.continuation || streamId !== this.#block.streamId))
      throw new ConnectionError(ERROR.protocolError, 'a header block is interrupted');
    switch (type) {
      case FRAME.data:
        return this.#onData(flags, streamId, payload);
      case FRAME.headers:
        return this.#onHeaders(flags, streamId, payload);
      case FRAME.continuation:
        return this.#onContinuation(flags, payload);
      case FRAME.rstStream:
        return this.#onReset(streamId, payload);
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(streamId, payload);
      case FRAME.settings:
        return this.#onSettings(flags, streamId, payload);
      case FRAME.ping:
        return this.#onPing(flags, streamId, payload);
      case FRAME.priority:
        return this.#onPriority(streamId, payload);
      case FRAME.goaway:
        return expectOnConnection(streamId);
      case FRAME.pushPromise:
        throw new ConnectionError(ERROR.protocolError, 'a client does not push');
      default: // RFC 9113 section 5.5: unknown types are ignored
    }
  }

  #onData(flags: number, streamId: number, payload: Buffer): void {
    const stream = this.#streamOf(streamId);
    if (!this.#receiveWindow.receive(payload.length))
      throw new ConnectionError(ERROR.flowControlError, 'more was sent than the connection allows');
    const refill = this.#receiveWindow.refill();
    if (refill > 0) this.writer.number(FRAME.windowUpdate, 0, refill);
    const piece = withoutPadding(flags, payload);
    if (!stream || stream.remoteEnded) return this.#onClosedStream(streamId);
    if (!stream.receiveWindow.receive(payload.length)) return this.#resetFaulty(stream, ERROR.flowControlError);
    if (!stream.receive(piece)) return this.#resetFaulty(stream, ERROR.protocolError);
    if (stream.closed) return;
    if ((flags & FLAG.endStream) !== 0) {
      if (!stream.receiveEnd()) this.#resetFaulty(stream, ERROR.protocolError);
      return;
    }
    const more = stream.receiveWindow.refill();
    if (more > 0) this.writer.number(FRAME.windowUpdate, streamId, more);
  }

  #onHeaders(flags: number, streamId: number, payload: Buffer): void {
    if (streamId % 2 === 0) throw new ConnectionError(ERROR.protocolError, 'streams of a client have odd ids');
    const piece = blockOf(flags, payload);
    if ((flags & FLAG.endHeaders) !== 0) return this.#onBlock(streamId, (flags & FLAG.endStream) !== 0, piece);
    this.#block = new HeaderBlock(streamId, flags, LIMITS.headerBytesMax);
    this.#block.add(piece);
  }

  #onContinuation(flags: number, payload: Buffer): void {
    const block = this.#block;
    if (!block) throw new ConnectionError(ERROR.protocolError, 'CONTINUATION continues nothing');
    block.add(payload);
    if ((flags & FLAG.endHeaders) === 0) return;
    this.#block = undefined;
    this.#onBlock(block.streamId, block.endsStream, block.whole());
  }

  /** A header block is whole. Each must be decoded, wanted or not: the table is that of the connection (RFC 9113 section 4.3). */
  #onBlock(streamId: number, endsStream: boolean, block: Buffer): void {
    const fields = this.#hpack.decode(block);
    if (streamId > this.lastStreamId) return this.#onRequest(streamId, endsStream, fields);
    const stream = this.#streams.get(streamId);
    if (!stream && !this.#wasResetByUs(streamId))
      throw new ConnectionError(ERROR.streamClosed, 'HEADERS for a stream that is closed');
    if (!stream) return;
    if (stream.remoteEnded) return this.#resetFaulty(stream, ERROR.streamClosed);
    if (!endsStream || !fields || !areTrailers(fields) || !stream.receiveEnd())
      this.#resetFaulty(stream, ERROR.protocolError);
  }

  #onRequest(streamId: number, endsStream: boolean, fields: string[] | undefined): void {
    this.lastStreamId = streamId;
    if (this.isFull) return this.#refuse(streamId, ERROR.refusedStream);
    const request = fields && checkRequest(fields);
    if (!fields || !request) return this.#refuse(streamId, ERROR.enhanceYourCalm);
    if (request === 'malformed') return this.#refuse(streamId, ERROR.protocolError);
    if (this.#streams.size >= LIMITS.streamsPerSessionMax) return this.#refuse(streamId, ERROR.refusedStream);
    const { bodyBytes } = request;
    const stream = new Stream(streamId, this, { headers: new HeaderFields(fields), bodyBytes }, this.#peerWindow);
    this.#streams.add(stream);
    stream.listen(this.#owner.onRequest(stream));
    if (endsStream && !stream.closed && !stream.receiveEnd()) this.#resetFaulty(stream, ERROR.protocolError);
  }

  #onReset(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.frameSizeError, 'RST_STREAM has not four octets');
    const stream = this.#streamOf(streamId);
    this.#countReset();
    stream?.close();
  }

  #onWindowUpdate(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.frameSizeError, 'WINDOW_UPDATE has not four octets');
    const bytes = payload.readUInt32BE(0) & WINDOW_BYTES_MAX;
    if (streamId !== 0) return this.#onStreamWindow(streamId, bytes);
    if (bytes === 0) throw new ConnectionError(ERROR.protocolError, 'WINDOW_UPDATE of nothing');
    const wasUsedUp = this.sendWindow <= 0;
    this.sendWindow += bytes;
    if (this.sendWindow > WINDOW_BYTES_MAX)
      throw new ConnectionError(ERROR.flowControlError, 'the window is too large');
    if (wasUsedUp) this.sendHeldUp();
  }

  #onStreamWindow(streamId: number, bytes: number): void {
    const stream = this.#streamOf(streamId);
    if (!stream) return;
    if (bytes === 0) this.#resetFaulty(stream, ERROR.protocolError);
    else if (!stream.changeSendWindow(bytes)) this.#resetFaulty(stream, ERROR.flowControlError);
    else stream.send();
  }

  #onSettings(flags: number, streamId: number, payload: Buffer): void {
    expectOnConnection(streamId);
    this.begun = true;
    if ((flags & FLAG.ack) !== 0) {
      if (payload.length > 0) throw new ConnectionError(ERROR.frameSizeError, 'an acknowledgement has a payload');
      return;
    }
    const window = initialWindowIn(payload) ?? this.#peerWindow;
    const change = window - this.#peerWindow;
    this.#peerWindow = window;
    this.writer.frame(FRAME.settings, FLAG.ack, 0, NOTHING);
    if (change === 0) return;
    for (const stream of this.#streams.all()) {
      if (!stream.changeSendWindow(change)) throw new ConnectionError(ERROR.flowControlError, 'a window is too large');
    }
    if (change > 0) this.sendHeldUp();
  }

  #onPing(flags: number, streamId: number, payload: Buffer): void {
    expectOnConnection(streamId);
    if (payload.length !== PING_BYTES) throw new ConnectionError(ERROR.frameSizeError, 'PING has not eight octets');
    if ((flags & FLAG.ack) === 0) this.writer.frame(FRAME.ping, FLAG.ack, 0, payload);
    else this.#owner.onPong();
  }

  /** RFC 9113 section 5.3.2: what it says has no meaning any more. */
  #onPriority(streamId: number, payload: Buffer): void {
    if (streamId === 0) throw new ConnectionError(ERROR.protocolError, 'PRIORITY names no stream');
    if (payload.length !== PRIORITY_BYTES)
      throw new ConnectionError(ERROR.frameSizeError, 'PRIORITY has not five octets');
  }

  /** The open stream that a frame names. Throws ConnectionError when there was never such a one. */
  #streamOf(streamId: number): Stream | undefined {
    if (streamId === 0 || streamId % 2 === 0 || streamId > this.lastStreamId)
      throw new ConnectionError(ERROR.protocolError, 'a frame names a stream that never began');
    return this.#streams.get(streamId);
  }

  /** DATA for a stream on which the peer has ended its direction (RFC 9113 section 5.1). */
  #onClosedStream(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream) this.#resetFaulty(stream, ERROR.streamClosed);
    else if (!this.#wasResetByUs(streamId)) this.#refuse(streamId, ERROR.streamClosed);
  }

  #wasResetByUs(streamId: number): boolean {
    return this.#resetIds.includes(streamId);
  }

  /** Resets that a peer provokes count like those that he sends (CVE-2025-8671). */
  #resetFaulty(stream: Stream, code: ErrorCode): void {
    this.#countReset();
    stream.reset(code);
  }

  /** Resets a stream that is not, or no longer, open. */
  #refuse(streamId: number, code: ErrorCode): void {
    this.#countReset();
    this.writer.number(FRAME.rstStream, streamId, code);
    this.wasReset(streamId);
  }

  #countReset(): void {
    if (!this.#resets.take(performance.now())) throw new ConnectionError(ERROR.enhanceYourCalm, 'too many resets');
  }
}

/** Throws ConnectionError for a frame that names a stream where none can be named. */
function expectOnConnection(streamId: number): void {
  if (streamId !== 0) throw new ConnectionError(ERROR.protocolError, 'a frame of the connection names a stream');
}
