import { collectYoung } from '../kernel/slices.js';

/**
 * So much of a message is garbage as soon as it is copied, and counts as memory until the next collection of young objects. More
 * would bring on collections of everything, which stop the thread for tens of milliseconds.
 */
const COLLECTED_BYTES = 8 * 1024 * 1024;

/** Puts messages together out of what a stream receives, as grpc-js does. `write` gives those that are whole, each behind its prefix. */
export interface MessageDecoder {
  write(data: Buffer): Buffer[];
  /** What was received of the message that is not whole yet. */
  readPartialMessage: Buffer[];
}

/** A message of which a part was received already. */
export interface BegunMessage {
  /** What stands in front of it. */
  readonly prefix: Buffer;
  /** Without the prefix. */
  readonly bytes: number;
  readonly pieces: readonly Buffer[];
}

/**
 * Puts the rest of one large message together, in the place of a decoder that keeps all pieces to the end. That would copy
 * them all at once then, which stops the thread for a hundredth of a second at 32 MiB, and count twice what was received as
 * memory, which brings collections on. Here each piece is copied when it comes, and with it as much of those before.
 */
export class LargeMessage implements MessageDecoder {
  /** Those not copied yet; the ones before `#next` are. */
  readPartialMessage: Buffer[];
  readonly #whole: Buffer;
  readonly #onWhole: (rest: Buffer) => Buffer[];
  #next = 0;
  #copiedTo: number;
  #receivedTo: number;
  #uncollected = 0;

  /** `onWhole` gets what follows the message, and gives the messages in it. */
  constructor({ prefix, bytes, pieces }: BegunMessage, onWhole: (rest: Buffer) => Buffer[]) {
    this.#whole = Buffer.allocUnsafeSlow(prefix.length + bytes);
    this.#copiedTo = prefix.copy(this.#whole);
    this.#receivedTo = pieces.reduce((sum, { length }) => sum + length, prefix.length);
    this.readPartialMessage = [...pieces];
    this.#onWhole = onWhole;
  }

  write(data: Buffer): Buffer[] {
    const copied = data.copy(this.#whole, this.#receivedTo);
    this.#receivedTo += copied;
    this.#collect(copied);
    const isWhole = this.#receivedTo === this.#whole.length;
    this.#catchUp(isWhole ? this.#whole.length : copied);
    return isWhole ? [this.#whole, ...this.#onWhole(data.subarray(copied))] : [];
  }

  #collect(bytes: number): void {
    this.#uncollected += bytes;
    if (this.#uncollected < COLLECTED_BYTES) return;
    this.#uncollected = 0;
    collectYoung();
  }

  /** Copies so many bytes of the pieces received before, up to the end of one. */
  #catchUp(bytes: number): void {
    const pieces = this.readPartialMessage;
    const enough = this.#copiedTo + bytes;
    for (; this.#next < pieces.length && this.#copiedTo < enough; this.#next++) {
      this.#copiedTo += (pieces[this.#next] as Buffer).copy(this.#whole, this.#copiedTo);
      pieces[this.#next] = NOTHING; // let go of
    }
  }
}

const NOTHING = Buffer.alloc(0);
