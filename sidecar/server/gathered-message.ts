import { collectYoung } from '../kernel/slices.js';

/**
 * So much of what was read is garbage as soon as it is copied, and counts as memory until the next collection of young objects. More
 * would bring on collections of everything, which stop the thread for tens of milliseconds.
 */
const COLLECTED_BYTES = 8 * 1024 * 1024;

/** What is there of a message before it gets its memory: a hostile caller, who announces much and sends little, would be given memory. */
const BEGUN_SHARE = 0.25;

/**
 * One message that comes in several pieces. Until a part of it is there, copies of the pieces are kept; from then on each piece is
 * copied to its place when it comes, and with it as much of those before. To copy all of them at the end would stop the thread
 * for a hundredth of a second at 32 MiB, and count twice what was received as memory, which brings collections on.
 */
export class GatheredMessage {
  readonly #bytes: number;
  #received = 0;
  #whole: Buffer | undefined;
  /** Those of the beginning; the ones before `#next` have been copied to their place. */
  readonly #pieces: Buffer[] = [];
  #next = 0;
  #copiedTo = 0;
  #uncollected = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** How much is to come. */
  get bytesLeft(): number {
    return this.#bytes - this.#received;
  }

  /** Takes a copy of the next piece, which is no longer than what is to come. Gives the message once it is whole. */
  add(piece: Buffer): Buffer | undefined {
    const at = this.#received;
    this.#received += piece.length;
    this.#whole ??= this.#received < BEGUN_SHARE * this.#bytes ? undefined : Buffer.allocUnsafe(this.#bytes);
    if (!this.#whole) {
      this.#pieces.push(copyOf(piece));
      return undefined;
    }
    piece.copy(this.#whole, at);
    this.#collect(piece.length);
    const isWhole = this.#received === this.#bytes;
    this.#catchUp(this.#whole, isWhole ? this.#bytes : piece.length);
    return isWhole ? this.#whole : undefined;
  }

  #collect(bytes: number): void {
    this.#uncollected += bytes;
    if (this.#uncollected < COLLECTED_BYTES) return;
    this.#uncollected = 0;
    collectYoung();
  }

  /** Copies so many bytes of the pieces received before, up to the end of one. */
  #catchUp(whole: Buffer, bytes: number): void {
    const enough = this.#copiedTo + bytes;
    for (; this.#next < this.#pieces.length && this.#copiedTo < enough; this.#next++) {
      this.#copiedTo += (this.#pieces[this.#next] as Buffer).copy(whole, this.#copiedTo);
      this.#pieces[this.#next] = NOTHING; // let go of
    }
  }
}

const NOTHING = Buffer.alloc(0);

/** Not in Node's pool: a piece of one byte would keep all of the memory that it shares with others which are gone. */
function copyOf(piece: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(piece.length);
  piece.copy(copy);
  return copy;
}
