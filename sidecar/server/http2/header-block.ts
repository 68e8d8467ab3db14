import { ConnectionError, ERROR, FLAG } from './protocol.js';

/** Frames after the first one that a block may take: one of 64 KiB takes three. Stops floods of small ones (CVE-2024-27316). */
const CONTINUATIONS_MAX = 8;

/** A header block that is being received (RFC 9113 section 4.3). */
export class HeaderBlock {
  readonly streamId: number;
  readonly endsStream: boolean;
  readonly #bytesMax: number;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(streamId: number, flags: number, bytesMax: number) {
    this.streamId = streamId;
    this.endsStream = (flags & FLAG.endStream) !== 0;
    this.#bytesMax = bytesMax;
  }

  /** Takes a further piece, which is copied. Throws ConnectionError when the block grows too large or has too many. */
  add(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#bytesMax || this.#pieces.length > CONTINUATIONS_MAX)
      throw new ConnectionError(ERROR.enhanceYourCalm, 'a header block is too large');
    this.#pieces.push(Buffer.from(piece));
  }

  whole(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

/** The payload of DATA or HEADERS without its padding (RFC 9113 sections 6.1 and 6.2). */
export function withoutPadding(flags: number, payload: Buffer): Buffer {
  if ((flags & FLAG.padded) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined || padding >= payload.length)
    throw new ConnectionError(ERROR.protocolError, 'a frame has more padding than content');
  return payload.subarray(1, payload.length - padding);
}

/** The part of HEADERS that is a header block. What it says of priority has no meaning any more (RFC 9113 section 5.3.2). */
export function blockOf(flags: number, payload: Buffer): Buffer {
  const rest = withoutPadding(flags, payload);
  if ((flags & FLAG.priority) === 0) return rest;
  if (rest.length < PRIORITY_BYTES) throw new ConnectionError(ERROR.frameSizeError, 'HEADERS are cut off');
  return rest.subarray(PRIORITY_BYTES);
}

/** RFC 9113 section 6.3. */
export const PRIORITY_BYTES = 5;
