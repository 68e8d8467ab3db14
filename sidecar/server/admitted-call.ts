import { constants, type ServerHttp2Stream } from 'node:http2';
import { Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { Access, Principal } from './access/gate.js';
import type { Admission, EvictionReason, Ticket } from './admission.js';
import {
  credentialsOf,
  dropReceivedPieces,
  emptyStream,
  keepPiece,
  mayBeCompressed,
  streamOf,
} from './grpc-internals.js';
import { type GrpcStatus, grpcStatusOf } from './grpc-status.js';
import type { InOrder, Linked } from './in-order.js';
import { Received } from './received.js';

/** The listener that grpc-js hands to `start`; it does not export these types. */
type Listener = Parameters<ServerInterceptingCall['start']>[0];
type Status = Parameters<ServerInterceptingCall['sendStatus']>[0];

/** How the calls of one method are treated. */
export interface CallRules {
  /** Who may call; absent = everybody. */
  readonly access?: ReturnType<Access['of']> | undefined;
  readonly admission: Admission;
  /** Largest message, bytes. */
  readonly messageBytesMax: number;
  /** Answer for a call that is turned away: the method's own message, or an error. */
  readonly overloaded: () => Uint8Array | JiminiError;
  /**
   * True: the handler gets a `Received` and says itself when it has finished. False: it gets the message as decoded, and
   * holds nothing once the stream is closed.
   */
  readonly handsOver: boolean;
}

/** grpc-js would announce gzip and deflate. */
const IDENTITY_ONLY = new Metadata();
IDENTITY_ONLY.set('grpc-accept-encoding', 'identity');

/**
 * One call between grpc-js and its handler: takes a place in the admission when the headers arrive, counts every byte
 * while the message is still incomplete, and gives the place back when the stream is closed and the handler is done.
 * Reads and answers go straight through.
 */
export class AdmittedCall extends ServerInterceptingCall implements Linked<AdmittedCall> {
  before: AdmittedCall | undefined;
  after: AdmittedCall | undefined;
  /** Milliseconds of the monotonic clock when the headers arrived. */
  readonly openedMs: number;
  readonly #inner: ServerInterceptingCallInterface;
  readonly #stream: ServerHttp2Stream;
  readonly #rules: CallRules;
  readonly #among: InOrder<AdmittedCall> | undefined;
  #listener: Listener | undefined;
  #principal: Principal | undefined;
  #ticket: Ticket | undefined;
  #partialBytes = 0;
  #abort: AbortController | undefined;
  #abortReason: JiminiError | undefined;
  /** A message is handed over; without one grpc-js does not call the handler. */
  #received = false;
  #working = false;
  /** When the headers arrived, or the handler has finished. */
  #idleSinceMs: number;
  #sentMessage = false;
  #answered = false;
  #closed = false;

  constructor(
    inner: ServerInterceptingCallInterface,
    rules: CallRules,
    life: { openedMs: number; among: InOrder<AdmittedCall> | undefined },
  ) {
    super(inner);
    this.#inner = inner;
    this.#stream = streamOf(inner);
    this.#rules = rules;
    this.openedMs = life.openedMs;
    this.#idleSinceMs = life.openedMs;
    this.#among = life.among;
    this.#among?.add(this);
  }

  override start(listener: Listener): void {
    this.#listener = listener;
    this.#stream.on('close', () => this.#onClose());
    const caller = this.#rules.access?.admit(credentialsOf(this.#inner));
    if (caller instanceof JiminiError) this.#refuse(grpcStatusOf(caller));
    else {
      this.#principal = caller;
      // A compressed message grows a thousandfold after it was counted, and no proxy compresses its checks: refused.
      if (mayBeCompressed(this.#inner)) this.#refuse(COMPRESSED);
      else this.#enter();
    }
    if (this.#answered) return;
    this.#stream.on('data', (piece: Buffer) => this.#onPiece(piece));
    this.#inner.start({
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage: (message) => this.#onMessage(message),
      onReceiveHalfClose: () => this.#onHalfClose(),
      onCancel: () => this.#onCancel(),
    });
  }

  override sendMetadata(metadata: Metadata): void {
    this.#inner.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    if (!this.#answered) this.#send(message, callback);
  }

  override sendStatus(answer: Status): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#inner.sendStatus(answer);
  }

  /** See `Received.signal`. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#abortReason) this.#abort.abort(this.#abortReason);
    }
    return this.#abort.signal;
  }

  /** See `Received.finished`. */
  handlerFinished(): void {
    this.#working = false;
    this.#idleSinceMs = performance.now();
    this.#leaveWhenOver();
  }

  /** See `Received.principal`. */
  get principal(): Principal | undefined {
    return this.#principal;
  }

  /** Ends the call before its handler does: answers it if nobody has, else closes its stream. */
  cut(reason: JiminiError): void {
    if (!this.#answered) {
      this.#cancelWork(reason);
      this.#refuse(grpcStatusOf(reason));
    } else if (!this.#closed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Of a call that may last: cuts it when the caller may not go on, or has neither sent nor read since then what is due. */
  review(sinceMs: number): void {
    const asked = this.#answered ? undefined : this.#principal;
    const refusal = asked && this.#rules.access?.refuses(asked);
    if (refusal) this.cut(refusal);
    else if (!this.#working && this.#idleSinceMs <= sinceMs) this.cut(LATE);
  }

  #enter(): void {
    this.#ticket = this.#rules.admission.enter((reason) => this.#evicted(reason));
    if (this.#ticket) this.#ticket.grow(LIMITS.callOverheadBytes);
    else this.#turnAway();
  }

  #onPiece(piece: Buffer): void {
    this.#partialBytes += piece.length;
    this.#ticket?.grow(piece.length + LIMITS.chunkOverheadBytes);
    if (this.#answered) return;
    // grpc-js pauses the stream when a message is whole; until then it keeps the piece.
    if (!this.#stream.isPaused()) keepPiece(this.#inner);
    if (this.#partialBytes > this.#rules.messageBytesMax + FRAME_SLACK_BYTES) this.#refuse(TOO_LARGE);
  }

  #onMessage(message: unknown): void {
    if (this.#answered) return;
    const size = Buffer.isBuffer(message) ? message.length : 0;
    dropReceivedPieces(this.#inner);
    this.#partialBytes = 0;
    this.#ticket?.resize(LIMITS.callOverheadBytes + size);
    if (this.#answered) return;
    this.#received = this.#rules.handsOver;
    this.#listener?.onReceiveMessage(this.#rules.handsOver ? new Received(this, message as Buffer) : message);
  }

  #onHalfClose(): void {
    if (this.#answered) return;
    // A stream of health or reflection stays evictable: it may last as long as its caller likes.
    if (this.#rules.handsOver) this.#ticket?.complete();
    this.#working = this.#received;
    this.#listener?.onReceiveHalfClose();
  }

  /** grpc-js says so after every call, answered ones included. */
  #onCancel(): void {
    if (!this.#answered) {
      const late = Number(this.#inner.getDeadline()) <= Date.now();
      this.#cancelWork(
        late
          ? new JiminiError('JIMINI_DEADLINE_EXCEEDED', 'deadline exceeded')
          : new JiminiError('JIMINI_CANCELLED', 'the caller is gone'),
      );
      this.#answered = true;
      this.#letGo();
    }
    this.#listener?.onCancel();
  }

  #onClose(): void {
    this.#closed = true;
    emptyStream(this.#stream);
    this.#leaveWhenOver();
    this.#among?.delete(this);
  }

  #leaveWhenOver(): void {
    if (this.#closed && !this.#working) this.#ticket?.leave();
  }

  #cancelWork(reason: JiminiError): void {
    this.#abortReason = reason;
    this.#abort?.abort(reason);
  }

  #evicted(reason: EvictionReason): void {
    if (this.#answered) return;
    if (reason === 'draining') this.cut(DRAINING);
    else this.#turnAway();
  }

  #turnAway(): void {
    const answer = this.#rules.overloaded();
    if (answer instanceof JiminiError) {
      this.#refuse(grpcStatusOf(answer));
      return;
    }
    this.#answered = true;
    this.#send(answer, () => this.#inner.sendStatus({ code: status.OK, details: 'OK', metadata: null }));
    this.#letGo();
  }

  #send(message: unknown, callback: () => void): void {
    this.#sentMessage = true;
    this.#inner.sendMetadata(IDENTITY_ONLY); // grpc-js ignores it when headers are out already
    this.#inner.sendMessage(message, callback);
  }

  #refuse(answer: GrpcStatus): void {
    if (this.#answered) return;
    this.#answered = true;
    const metadata = answer.code === status.UNIMPLEMENTED ? IDENTITY_ONLY : null;
    this.#inner.sendStatus({ ...answer, metadata });
    this.#letGo();
  }

  /** Frees what has been received of a call that is answered before its end, and ends the stream. */
  #letGo(): void {
    this.#stream.removeAllListeners('data');
    dropReceivedPieces(this.#inner);
    this.#stream.resume();
    this.#closeSoon();
  }

  /**
   * RFC 9113 8.1: after a complete answer, a reset without error asks the caller to stop sending. A caller that does not
   * read the answer is reset all the same after a moment.
   */
  #closeSoon(): void {
    const stream = this.#stream;
    if (stream.destroyed) return;
    const close = () => setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
    // The status of an answer with a message follows it, one turn after 'wantTrailers': closing earlier would cut it off.
    if (this.#sentMessage) stream.once('wantTrailers', () => setImmediate(close));
    else close();
    const linger = setTimeout(() => stream.destroyed || stream.close(constants.NGHTTP2_CANCEL), LIMITS.lingerMs);
    linger.unref();
    stream.once('close', () => clearTimeout(linger));
  }
}

/** The server takes no more calls. */
export const DRAINING = new JiminiError('JIMINI_DRAINING', 'the server is shutting down');
/** A call has lasted too long. */
export const LATE = new JiminiError('JIMINI_DEADLINE_EXCEEDED', 'deadline exceeded');
/** Frame headers of gRPC, and the part of a following message in the same piece. */
const FRAME_SLACK_BYTES = 64 * 1024;
const COMPRESSED: GrpcStatus = {
  code: status.UNIMPLEMENTED,
  details: 'compressed messages are not accepted; send grpc-encoding: identity',
};
const TOO_LARGE: GrpcStatus = { code: status.RESOURCE_EXHAUSTED, details: 'the message is too large' };
