import type { Socket } from 'node:net';
import { LIMITS } from '../../kernel/limits.js';
import type { FrameWriter } from './frame-writer.js';
import { blockOf, HeaderBlock, PRIORITY_BYTES, withoutPadding } from './header-block.js';
import { HeaderFields } from './header-fields.js';
import { HpackDecoder } from './hpack-decoder.js';
import { ConnectionError, ERROR, type ErrorCode, FLAG, FRAME, WINDOW_BYTES, WINDOW_BYTES_MAX } from './protocol.js';
import { ReceiveWindow } from './receive-window.js';
import { areTrailers, checkRequest } from './request-fields.js';
import { Resets } from './resets.js';
import type { RequestListener } from './server-stream.js';
import { CONNECTION_WINDOW_BYTES, initialWindowIn, OUR_SETTINGS } from './settings.js';
import { Stream, type StreamHost } from './stream.js';
import { StreamTable } from './stream-table.js';

/** Who owns a session. */
export interface SessionOwner {
  readonly onRequest: RequestListener;
  /** The peer has answered a PING with this payload. */
  onPong(payload: Buffer): void;
  /** The last open stream is over. */
  onEmpty(): void;
}

const NOTHING = Buffer.alloc(0);
const PING_BYTES = 8;
const GOAWAY_BYTES_MIN = 8;

/** What the frames of one connection mean (RFC 9113 sections 5 and 6): its streams, its windows, its header table. */
export class Session implements StreamHost {
  readonly socket: Socket;
  readonly writer: FrameWriter;
  sendWindow = WINDOW_BYTES;
  asked = 0;
  askedMs = performance.now();
  /** The peer has sent its settings. */
  hasSettings = false;
  /** Highest id of a stream that was looked at. */
  lastStreamId = 0;
  /** New streams are turned away. */
  refusesStreams = false;
  readonly #owner: SessionOwner;
  readonly #hpack = new HpackDecoder(LIMITS.headerBytesMax);
  readonly #streams = new StreamTable();
  readonly #receiveWindow = new ReceiveWindow(CONNECTION_WINDOW_BYTES);
  readonly #resets = new Resets();
  /** Window that the peer gives to new streams. */
  #peerWindow = WINDOW_BYTES;
  #block: HeaderBlock | undefined;
  #isOver = false;

  constructor(socket: Socket, writer: FrameWriter, owner: SessionOwner) {
    this.socket = socket;
    this.writer = writer;
    this.#owner = owner;
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
    for (const stream of [...this.#streams]) stream.close();
  }

  /** Sends what was held up, once the peer reads again. */
  sendHeldUp(): void {
    for (const stream of this.#streams) {
      if (this.sendWindow <= 0) return; // a peer may open it octet by octet (CVE-2019-9511)
      if (stream.isHeldUp) stream.send();
    }
  }

  wasReset(streamId: number): void {
    this.#resets.remember(streamId);
  }

  wasClosed(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#owner.onEmpty();
  }

  /** See `FrameListener`. Throws ConnectionError when the peer breaks a rule that ends the connection. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (this.#isOver) return;
    if (!this.hasSettings && (type !== FRAME.settings || (flags & FLAG.ack) !== 0))
      throw new ConnectionError(ERROR.protocolError, 'SETTINGS must come first');
    if (this.#block && (type !== FRAME.continuation || streamId !== this.#block.streamId))
      throw new ConnectionError(ERROR.protocolError, 'a header block is interrupted');
    switch (type) {
      case FRAME.data:
        this.#onData(flags, streamId, payload);
        break;
      case FRAME.headers:
        this.#onHeaders(flags, streamId, payload);
        break;
      case FRAME.continuation:
        this.#onContinuation(flags, payload);
        break;
      case FRAME.rstStream:
        this.#onReset(streamId, payload);
        break;
      case FRAME.windowUpdate:
        this.#onWindowUpdate(streamId, payload);
        break;
      case FRAME.settings:
        this.#onSettings(flags, streamId, payload);
        break;
      case FRAME.ping:
        this.#onPing(flags, streamId, payload);
        break;
      case FRAME.priority:
        this.#onPriority(streamId, payload);
        break;
      case FRAME.goaway:
        expectOnConnection(streamId);
        if (payload.length < GOAWAY_BYTES_MIN) throw new ConnectionError(ERROR.frameSizeError, 'GOAWAY is cut off');
        break;
      case FRAME.pushPromise:
        throw new ConnectionError(ERROR.protocolError, 'a client does not push');
      default: // RFC 9113 section 5.5: unknown types are ignored
    }
  }

  #onData(flags: number, streamId: number, payload: Buffer): void {
    const stream = this.#streamOf(streamId);
    const refill = this.#receiveWindow.receive(payload.length);
    if (refill > 0) this.writer.number(FRAME.windowUpdate, 0, refill);
    const piece = withoutPadding(flags, payload);
    if (!stream) this.#onClosedStream(streamId);
    else if (stream.remoteEnded) this.#resetFaulty(stream, ERROR.streamClosed);
    else if (!stream.receive(piece)) this.#resetFaulty(stream, ERROR.protocolError);
    else if ((flags & FLAG.endStream) !== 0) this.#endOf(stream);
    else if (!stream.closed) this.#refill(stream, payload.length);
  }

  #refill(stream: Stream, bytes: number): void {
    const refill = stream.receiveWindow.receive(bytes);
    if (refill > 0) this.writer.number(FRAME.windowUpdate, stream.id, refill);
  }

  /** The peer has ended its direction of a stream. */
  #endOf(stream: Stream): void {
    if (!stream.closed && !stream.receiveEnd()) this.#resetFaulty(stream, ERROR.protocolError);
  }

  #onHeaders(flags: number, streamId: number, payload: Buffer): void {
    if (streamId % 2 === 0) throw new ConnectionError(ERROR.protocolError, 'streams of a client have odd ids');
    const piece = blockOf(flags, payload);
    if ((flags & FLAG.endHeaders) !== 0) this.#onBlock(streamId, (flags & FLAG.endStream) !== 0, piece);
    else {
      this.#block = new HeaderBlock(streamId, flags, LIMITS.headerBytesMax);
      this.#block.add(piece);
    }
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
    const stream = this.#streams.get(streamId);
    if (streamId > this.lastStreamId) this.#onRequest(streamId, endsStream, fields);
    else if (stream) this.#onTrailers(stream, endsStream, fields);
    else if (!this.#resets.remembers(streamId))
      throw new ConnectionError(ERROR.streamClosed, 'HEADERS for a stream that is closed');
  }

  #onTrailers(stream: Stream, endsStream: boolean, fields: string[] | undefined): void {
    if (stream.remoteEnded) this.#resetFaulty(stream, ERROR.streamClosed);
    else if (endsStream && fields && areTrailers(fields)) this.#endOf(stream);
    else this.#resetFaulty(stream, ERROR.protocolError);
  }

  #onRequest(streamId: number, endsStream: boolean, fields: string[] | undefined): void {
    this.lastStreamId = streamId;
    const request = fields && checkRequest(fields);
    if (this.refusesStreams || this.#streams.size >= LIMITS.streamsPerSessionMax)
      this.#refuse(streamId, ERROR.refusedStream);
    else if (!fields || !request) this.#refuse(streamId, ERROR.enhanceYourCalm);
    else if (request === 'malformed') this.#refuse(streamId, ERROR.protocolError);
    else {
      const { bodyBytes } = request;
      const stream = new Stream(streamId, this, { headers: new HeaderFields(fields), bodyBytes }, this.#peerWindow);
      this.#streams.add(stream);
      stream.listen(this.#owner.onRequest(stream));
      if (endsStream) this.#endOf(stream);
    }
  }

  #onReset(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.frameSizeError, 'RST_STREAM has not four octets');
    const stream = this.#streamOf(streamId);
    this.#resets.count();
    stream?.close();
  }

  #onWindowUpdate(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.frameSizeError, 'WINDOW_UPDATE has not four octets');
    const bytes = payload.readUInt32BE(0) & WINDOW_BYTES_MAX;
    if (streamId === 0) this.#onConnectionWindow(bytes);
    else this.#onStreamWindow(streamId, bytes);
  }

  #onConnectionWindow(bytes: number): void {
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
    this.hasSettings = true;
    if ((flags & FLAG.ack) !== 0) {
      if (payload.length > 0) throw new ConnectionError(ERROR.frameSizeError, 'an acknowledgement has a payload');
      return;
    }
    this.#resets.count(); // each may change all streams
    const window = initialWindowIn(payload) ?? this.#peerWindow;
    const change = window - this.#peerWindow;
    this.#peerWindow = window;
    this.writer.frame(FRAME.settings, FLAG.ack, 0, NOTHING);
    if (change === 0) return;
    for (const stream of this.#streams) {
      if (!stream.changeSendWindow(change)) throw new ConnectionError(ERROR.flowControlError, 'a window is too large');
    }
    if (change > 0) this.sendHeldUp();
  }

  #onPing(flags: number, streamId: number, payload: Buffer): void {
    expectOnConnection(streamId);
    if (payload.length !== PING_BYTES) throw new ConnectionError(ERROR.frameSizeError, 'PING has not eight octets');
    if ((flags & FLAG.ack) === 0) this.writer.frame(FRAME.ping, FLAG.ack, 0, payload);
    else this.#owner.onPong(payload);
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

  /** DATA for a stream that is over (RFC 9113 section 5.1). */
  #onClosedStream(streamId: number): void {
    if (!this.#resets.remembers(streamId)) this.#refuse(streamId, ERROR.streamClosed);
  }

  #resetFaulty(stream: Stream, code: ErrorCode): void {
    this.#resets.count();
    stream.reset(code);
  }

  /** Resets a stream that is not, or no longer, open. */
  #refuse(streamId: number, code: ErrorCode): void {
    this.#resets.count();
    this.writer.number(FRAME.rstStream, streamId, code);
    this.#resets.remember(streamId);
  }
}

/** Throws ConnectionError for a frame that names a stream where none can be named. */
function expectOnConnection(streamId: number): void {
  if (streamId !== 0) throw new ConnectionError(ERROR.protocolError, 'a frame of the connection names a stream');
}
