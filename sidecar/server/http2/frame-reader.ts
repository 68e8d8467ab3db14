import { ConnectionError, ERROR, FRAME_BYTES_MAX, FRAME_HEADER_BYTES, PREFACE } from './protocol.js';

/** Gets every frame once it is whole. `payload` lies in memory that is used again afterwards. May throw, which ends the reading. */
export type FrameListener = (type: number, flags: number, streamId: number, payload: Buffer) => void;

/** Cuts what a client sends into frames (RFC 9113 sections 3.4 and 4.1). Keeps at most one frame that is not whole. */
export class FrameReader {
  readonly #onFrame: FrameListener;
  #prefaceBytes = 0;
  /** The beginning of a frame whose end is still to come; made when first needed. */
  #begun: Buffer | undefined;
  #begunBytes = 0;

  constructor(onFrame: FrameListener) {
    this.#onFrame = onFrame;
  }

  /** Takes what was received. Throws ConnectionError when it is no HTTP/2 or a frame is too large. */
  read(chunk: Buffer): void {
    let at = this.#prefaceBytes < PREFACE.length ? this.#readPreface(chunk) : 0;
    if (this.#begunBytes > 0) at = this.#complete(chunk, at);
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const end = at + frameBytes(chunk, at);
      if (end > chunk.length) break;
      this.#deliver(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  #readPreface(chunk: Buffer): number {
    const from = this.#prefaceBytes;
    const bytes = Math.min(PREFACE.length - from, chunk.length);
    if (PREFACE.compare(chunk, 0, bytes, from, from + bytes) !== 0)
      throw new ConnectionError(ERROR.protocolError, 'this is not the preface of HTTP/2');
    this.#prefaceBytes += bytes;
    return bytes;
  }

  /** Adds to the frame that has begun what belongs to it; returns where the next one begins. */
  #complete(chunk: Buffer, from: number): number {
    const begun = this.#begun as Buffer;
    let at = from;
    if (this.#begunBytes < FRAME_HEADER_BYTES) {
      at = this.#keep(chunk, at, Math.min(chunk.length, at + FRAME_HEADER_BYTES - this.#begunBytes));
      if (this.#begunBytes < FRAME_HEADER_BYTES) return at;
    }
    const bytes = frameBytes(begun, 0);
    at = this.#keep(chunk, at, Math.min(chunk.length, at + bytes - this.#begunBytes));
    if (this.#begunBytes < bytes) return at;
    this.#begunBytes = 0;
    this.#deliver(begun, 0, bytes);
    return at;
  }

  #keep(chunk: Buffer, from: number, to: number): number {
    this.#begun ??= Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + FRAME_BYTES_MAX);
    this.#begunBytes += chunk.copy(this.#begun, this.#begunBytes, from, to);
    return to;
  }

  #deliver(bytes: Buffer, at: number, end: number): void {
    const streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff; // the first bit is reserved and ignored
    this.#onFrame(
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      streamId,
      bytes.subarray(at + FRAME_HEADER_BYTES, end),
    );
  }
}

/** Size of the frame that begins here, with its header. */
function frameBytes(bytes: Buffer, at: number): number {
  const length = bytes.readUIntBE(at, 3);
  if (length > FRAME_BYTES_MAX) throw new ConnectionError(ERROR.frameSizeError, 'a frame is too large');
  return FRAME_HEADER_BYTES + length;
}
