import { LIMITS } from '../kernel/limits.js';
import { runEnd } from '../kernel/run-end.js';
import type { FramedType } from './media-type.js';

/** One length-prefixed piece of a body. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly isCompressed: boolean;
  /** It ends the stream and holds trailers, not a message. */
  readonly isTrailers: boolean;
}

/** Flag byte, and length as four bytes, most significant first. */
const HEAD_BYTES = 5;
const COMPRESSED = 0x01;
/** The bit of the flag byte that marks what ends a stream: HTTP/1 header lines in gRPC-Web, a JSON object in Connect. */
const TRAILERS_BIT = { grpc: 0, 'grpc-web': 0x80, 'grpc-web-text': 0x80, connect: 0x02 } as const;
const BASE64 = /[A-Za-z0-9+/]{1,1000}/y;

/**
 * The frames of a body of length-prefixed messages; undefined when it does not fall into them to its last byte: a length
 * that points elsewhere, a flag that is none, something behind the trailers, base64 that is none, or more than
 * `LIMITS.grpcMessagesMax`.
 */
export function splitFrames(body: Uint8Array, protocol: FramedType['protocol']): readonly Frame[] | undefined {
  const bytes = protocol === 'grpc-web-text' ? fromBase64(body) : body;
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const trailersBit = TRAILERS_BIT[protocol];
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (frames.length >= LIMITS.grpcMessagesMax || frames.at(-1)?.isTrailers) return undefined;
    if (at + HEAD_BYTES > bytes.length) return undefined;
    const flags = view.getUint8(at);
    const end = at + HEAD_BYTES + view.getUint32(at + 1);
    if (end > bytes.length || (flags & ~(COMPRESSED | trailersBit)) !== 0) return undefined;
    frames.push({
      bytes: bytes.subarray(at + HEAD_BYTES, end),
      isCompressed: (flags & COMPRESSED) !== 0,
      isTrailers: (flags & trailersBit) !== 0,
    });
    at = end;
  }
  return frames;
}

function fromBase64(body: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  const pieces: Buffer[] = [];
  // Each piece that a client wrote by itself may end with padding (PROTOCOL-WEB.md).
  for (let at = 0; at < text.length; ) {
    const start = at;
    at = runEnd(text, start, BASE64);
    if (at === start) return undefined;
    for (let padding = 0; padding < 2 && text[at] === '='; padding++) at++;
    if ((at - start) % 4 !== 0 || pieces.length >= LIMITS.grpcMessagesMax) return undefined;
    pieces.push(Buffer.from(text.slice(start, at), 'base64'));
  }
  return Buffer.concat(pieces);
}
