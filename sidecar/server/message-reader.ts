import { GatheredMessage } from './gathered-message.js';
import { type GrpcStatus, status } from './grpc-status.js';

/** What stands in front of a message: whether it is compressed, and its length (PROTOCOL-HTTP2.md, Length-Prefixed-Message). */
const PREFIX_BYTES = 5;

/** Who is given the messages. */
export interface MessageSink {
  /** A message is whole, and has memory of its own or a part of Node's pool. */
  onMessage(message: Buffer): void;
  /** The message that comes next is not accepted, and none after it. */
  onUnacceptable(why: GrpcStatus): void;
}

/** Puts messages together out of the pieces of a body, which may be cut anywhere. Copies what it keeps: the pieces lie in memory of others. */
export class MessageReader {
  readonly #bytesMax: number;
  readonly #sink: MessageSink;
  #isOver = false;
  /** Octets of the prefix that are there. */
  #prefixed = 0;
  #flags = 0;
  #bytes = 0;
  /** A message that does not lie in one piece. */
  #gathered: GatheredMessage | undefined;

  /** `bytesMax`: largest message. */
  constructor(bytesMax: number, sink: MessageSink) {
    this.#bytesMax = bytesMax;
    this.#sink = sink;
  }

  /** Nothing of a message is there that is not whole. */
  get isBetween(): boolean {
    return this.#prefixed === 0;
  }

  add(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && !this.#isOver) {
      at = this.#prefixed < PREFIX_BYTES ? this.#readPrefix(piece, at) : this.#readMessage(piece, at);
    }
  }

  /** Lets go of what is there. Nothing is given any more. */
  stop(): void {
    this.#isOver = true;
    this.#gathered = undefined;
  }

  /** Reads octets of the prefix from `start` on; returns where they end. */
  #readPrefix(piece: Buffer, start: number): number {
    let at = start;
    for (; at < piece.length && this.#prefixed < PREFIX_BYTES; at += 1) {
      const octet = piece[at] as number;
      if (this.#prefixed === 0) this.#flags = octet;
      else this.#bytes = this.#bytes * 256 + octet;
      this.#prefixed += 1;
    }
    if (this.#prefixed < PREFIX_BYTES) return at;
    if (this.#flags !== 0) this.#refuse(COMPRESSED);
    else if (this.#bytes > this.#bytesMax) this.#refuse(TOO_LARGE);
    else if (this.#bytes === 0) this.#give(Buffer.alloc(0));
    return at;
  }

  /** Likewise of the message. */
  #readMessage(piece: Buffer, at: number): number {
    const end = Math.min(piece.length, at + (this.#gathered?.bytesLeft ?? this.#bytes));
    if (end - at === this.#bytes) {
      const message = Buffer.allocUnsafe(this.#bytes);
      piece.copy(message, 0, at, end);
      this.#give(message);
    } else {
      this.#gathered ??= new GatheredMessage(this.#bytes);
      const message = this.#gathered.add(piece.subarray(at, end));
      if (message) this.#give(message);
    }
    return end;
  }

  #give(message: Buffer): void {
    this.#prefixed = 0;
    this.#bytes = 0;
    this.#gathered = undefined;
    this.#sink.onMessage(message);
  }

  #refuse(why: GrpcStatus): void {
    this.stop();
    this.#sink.onUnacceptable(why);
  }
}

/** A compressed message grows a thousandfold after it was counted, and no proxy compresses its checks: refused. */
export const COMPRESSED: GrpcStatus = {
  code: status.UNIMPLEMENTED,
  details: 'compressed messages are not accepted; send grpc-encoding: identity',
};
const TOO_LARGE: GrpcStatus = { code: status.RESOURCE_EXHAUSTED, details: 'the message is too large' };
