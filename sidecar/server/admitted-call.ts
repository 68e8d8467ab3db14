import type { CallContext } from '../kernel/call.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { Principal } from './access/gate.js';
import type { EvictionReason, Ticket } from './admission.js';
import type { CallRules, Conversation } from './call-rules.js';
import { credentialsOf } from './credentials.js';
import { failureAlone, failureTrailers, HEAD, OK_TRAILERS, OK_WITHOUT_MESSAGE, prefixed } from './grpc-answer.js';
import { type GrpcStatus, grpcStatusOf, status } from './grpc-status.js';
import { timeoutMsOf } from './grpc-timeout.js';
import { ERROR } from './http2/protocol.js';
import type { ServerStream, StreamListener } from './http2/server-stream.js';
import type { Linked } from './in-order.js';
import { COMPRESSED, MessageReader, type MessageSink } from './message-reader.js';

/**
 * One call, from its headers to the end of its stream: takes a place in the admission when the headers arrive, counts every byte
 * while the message is still incomplete, and gives the place back when the stream is closed and the handler is done.
 */
export class AdmittedCall implements StreamListener, MessageSink, CallContext, Linked<AdmittedCall> {
  before: AdmittedCall | undefined;
  after: AdmittedCall | undefined;
  readonly #stream: ServerStream;
  readonly #rules: CallRules;
  #ticket: Ticket | undefined;
  #principal: Principal | undefined;
  /** Absent when no more is to be received. */
  #reader: MessageReader | undefined;
  /** What the call holds beside its messages. */
  readonly #overheadBytes: number;
  /** What is held of the message that is being received. */
  #begunBytes = 0;
  /** Of the last message that was sent: those before it have left. */
  #answerBytes = 0;
  /** Of a method with one message, until the caller has ended. */
  #message: Buffer | undefined;
  #conversation: Conversation | undefined;
  #abort: AbortController | undefined;
  #abortReason: JiminiError | undefined;
  /** When the headers arrived, or the handler has finished. Milliseconds of the monotonic clock, like all here. */
  #idleSinceMs: number;
  /** When it is cut, at the latest. */
  #endsMs: number;
  #working = false;
  #sentHead = false;
  #answered = false;
  #closed = false;

  constructor(stream: ServerStream, rules: CallRules, nowMs: number) {
    this.#stream = stream;
    this.#rules = rules;
    this.#overheadBytes = LIMITS.callOverheadBytes + stream.headers.bytes;
    this.#idleSinceMs = nowMs;
    this.#endsMs = nowMs + rules.callMsMax;
    rules.pool.open.add(this);
    this.#open(nowMs);
  }

  /** Who calls; undefined where everybody may. */
  get principal(): Principal | undefined {
    return this.#principal;
  }

  /** Aborts when the deadline has passed, the caller is gone, or the call is cut. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#abortReason) this.#abort.abort(this.#abortReason);
    }
    return this.#abort.signal;
  }

  header(name: string): string | undefined {
    return name.endsWith('-bin') ? undefined : this.#stream.headers.get(name);
  }

  onData(piece: Buffer): void {
    if (!this.#reader) return;
    const bytes = piece.length + LIMITS.chunkOverheadBytes;
    this.#begunBytes += bytes;
    this.#ticket?.grow(bytes); // which may evict this call
    this.#reader?.add(piece);
  }

  onMessage(message: Buffer): void {
    this.#begunBytes = 0; // what the last piece has of the next message is less than a frame
    if (this.#conversation) this.#conversation.onMessage(message);
    else if (this.#message) this.#refuse(NOT_ONE_MESSAGE);
    else {
      this.#message = message;
      this.holds(message.length);
    }
  }

  onUnacceptable(why: GrpcStatus): void {
    this.#refuse(why);
  }

  onEnd(): void {
    const reader = this.#reader;
    if (!reader) return;
    this.#reader = undefined;
    if (!reader.isBetween) this.#refuse(CUT_OFF);
    else if (this.#conversation) this.#conversation.onEnd();
    else this.#serve();
  }

  onClose(): void {
    this.#closed = true;
    this.#letGo();
    if (!this.#answered) {
      this.#answered = true;
      this.#cancelWork(performance.now() >= this.#endsMs ? LATE : GONE);
    }
    this.#leaveWhenOver();
    this.#rules.pool.open.delete(this);
  }

  /** So many bytes of messages are held for this call, apart from the one that is being received. */
  holds(bytes: number): void {
    this.#ticket?.resize(this.#overheadBytes + this.#begunBytes + bytes);
  }

  /** Sends an answer. `onSent` is called once it has left and there is room for more; not when the call ends before. */
  send(answer: Uint8Array, onSent?: () => void): void {
    if (this.#answered) return;
    this.#sendHead();
    this.#answerBytes = answer.length;
    this.#stream.write(prefixed(answer), onSent);
  }

  /** Ends the call: all is well. */
  end(): void {
    if (this.#answered) return;
    this.#answered = true;
    if (this.#sentHead) this.#stream.end(OK_TRAILERS);
    else this.#stream.respond(OK_WITHOUT_MESSAGE, true);
    this.#leaveWhenOver();
  }

  /** Ends the call with an error. */
  fail(why: GrpcStatus): void {
    if (this.#answered) return;
    this.#answered = true;
    if (this.#sentHead) this.#stream.end(failureTrailers(why));
    else this.#stream.respond(failureAlone(why), true);
    this.#leaveWhenOver();
  }

  /** The handler has finished and holds nothing of the message any more. */
  handlerFinished(): void {
    this.#working = false;
    this.#idleSinceMs = performance.now();
    this.#leaveWhenOver();
  }

  /** Ends the call before its handler does: answers it if nobody has, else closes its stream. */
  cut(reason: JiminiError): void {
    if (!this.#answered) {
      this.#cancelWork(reason);
      this.#refuse(grpcStatusOf(reason));
    } else if (!this.#closed) this.#stream.reset(ERROR.cancel);
  }

  /** Cuts the call when its time is over. */
  expire(nowMs: number): void {
    if (nowMs >= this.#endsMs) this.cut(LATE);
  }

  /** Of a call that may last: cuts it when the caller may not go on, or has neither sent nor read since then what is due. */
  review(sinceMs: number): void {
    const asked = this.#answered ? undefined : this.#principal;
    const refusal = asked && this.#rules.access?.refuses(asked);
    if (refusal) this.cut(refusal);
    else if (!this.#working && this.#idleSinceMs <= sinceMs) this.cut(LATE);
  }

  #open(nowMs: number): void {
    const { method, messageBytesMax } = this.#rules;
    const refusal = this.#refusalAtOnce(nowMs);
    if (refusal) this.#refuse(refusal);
    else {
      this.#reader = new MessageReader(messageBytesMax, this);
      this.#enter();
      if (!this.#answered && 'converse' in method) this.#conversation = method.converse(this);
    }
  }

  /** Why the call is not taken, as far as its headers say. */
  #refusalAtOnce(nowMs: number): GrpcStatus | undefined {
    const { access, pool, callMsMax } = this.#rules;
    const caller = access?.admit(credentialsOf(this.#stream));
    if (caller instanceof JiminiError) return grpcStatusOf(caller);
    this.#principal = caller;
    if (pool.isDraining && callMsMax === Number.POSITIVE_INFINITY) return grpcStatusOf(DRAINING);
    const { headers } = this.#stream;
    if ((headers.get('grpc-encoding') ?? 'identity') !== 'identity') return COMPRESSED;
    const timeout = headers.get('grpc-timeout');
    const timeoutMs = timeout === undefined ? Number.POSITIVE_INFINITY : timeoutMsOf(timeout);
    if (timeoutMs === undefined) return NO_TIMEOUT;
    this.#endsMs = Math.min(this.#endsMs, nowMs + timeoutMs);
    return undefined;
  }

  /** The caller has ended, and what he sent was whole. */
  #serve(): void {
    const message = this.#message;
    this.#message = undefined;
    const { method, isWork } = this.#rules;
    if (message && 'serve' in method) {
      if (isWork) this.#ticket?.complete();
      this.#working = isWork;
      method.serve(message, this);
    } else this.#refuse(NOT_ONE_MESSAGE);
  }

  #enter(): void {
    this.#ticket = this.#rules.pool.admission.enter((reason) => this.#evicted(reason));
    if (this.#ticket) this.#ticket.grow(this.#overheadBytes);
    else this.#turnAway();
  }

  #evicted(reason: EvictionReason): void {
    const mayBeHeldUp = this.#sentHead || this.#answered;
    if (reason === 'draining') {
      if (!this.#answered) this.cut(DRAINING);
      return;
    }
    if (!this.#answered) {
      this.#cancelWork(CROWDED_OUT); // one that may last is remembered by its method until it hears this
      this.#turnAway();
    }
    if (mayBeHeldUp) this.#stream.reset(ERROR.enhanceYourCalm); // with what its caller does not take
  }

  #turnAway(): void {
    const answer = this.#rules.overloaded();
    if (answer instanceof JiminiError) this.#refuse(grpcStatusOf(answer));
    else {
      this.send(answer);
      this.end();
      this.#closeSoon();
    }
  }

  /** Ends the call without waiting for what its caller has still to send. */
  #refuse(why: GrpcStatus): void {
    if (this.#answered) return;
    this.fail(why);
    this.#closeSoon();
  }

  /**
   * RFC 9113 section 8.1: after a complete answer, a reset without error asks the caller to stop sending. A caller that does not
   * read the answer is reset all the same after a moment.
   */
  #closeSoon(): void {
    this.#letGo();
    this.#endsMs = Math.min(this.#endsMs, performance.now() + LIMITS.lingerMs);
    this.#stream.stopReceiving();
  }

  #sendHead(): void {
    if (this.#sentHead) return;
    this.#sentHead = true;
    this.#stream.respond(HEAD, false);
  }

  /** Frees what was received. */
  #letGo(): void {
    this.#reader?.stop();
    this.#reader = undefined;
    this.#message = undefined;
    this.#conversation = undefined;
  }

  /** Whoever does not read his answer keeps his place for as long as nobody else needs it. */
  #leaveWhenOver(): void {
    if (this.#working) return;
    if (this.#closed) this.#ticket?.leave();
    else if (this.#answered) this.#ticket?.giveWay(this.#overheadBytes + this.#answerBytes);
  }

  #cancelWork(reason: JiminiError): void {
    this.#abortReason = reason;
    this.#abort?.abort(reason);
  }
}

/** The server takes no more calls. */
export const DRAINING = new JiminiError('JIMINI_DRAINING', 'the server is shutting down');
/** A call has lasted too long. */
const LATE = new JiminiError('JIMINI_DEADLINE_EXCEEDED', 'deadline exceeded');
const CROWDED_OUT = new JiminiError('JIMINI_OVERLOADED', 'another call has taken the place of this one');
const GONE = new JiminiError('JIMINI_CANCELLED', 'the caller is gone');
/** doc/statuscodes.md of gRPC names this code for a call with another number of messages than its method takes. */
const NOT_ONE_MESSAGE: GrpcStatus = { code: status.UNIMPLEMENTED, details: 'expected one message' };
const CUT_OFF: GrpcStatus = { code: status.UNIMPLEMENTED, details: 'the message is cut off' };
const NO_TIMEOUT: GrpcStatus = { code: status.INTERNAL, details: 'the value of grpc-timeout is none' };
