import { percentEncoded } from '../kernel/grpc-message.js';
import { LIMITS } from '../kernel/limits.js';
import { type GrpcStatus, status } from './grpc-status.js';
import { encodeHeaderBlock } from './http2/hpack-encoder.js';

/** What answers look like on the wire (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md, Responses). */
type Field = readonly [name: string, value: string];

const HTTP_OK: readonly Field[] = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
];

/** In front of the messages. */
export const HEAD = encodeHeaderBlock(HTTP_OK);
/** Behind the messages of a call that has succeeded. */
export const OK_TRAILERS = encodeHeaderBlock([['grpc-status', String(status.OK)]]);
/** The whole answer of a call that has succeeded without a message. */
export const OK_WITHOUT_MESSAGE = encodeHeaderBlock([...HTTP_OK, ['grpc-status', String(status.OK)]]);

/** Behind the messages of a call that has failed. */
export function failureTrailers(failure: GrpcStatus): Buffer {
  return encodeHeaderBlock(fieldsOf(failure));
}

/** The whole answer of a call that has failed before its first message. */
export function failureAlone(failure: GrpcStatus): Buffer {
  return encodeHeaderBlock([...HTTP_OK, ...fieldsOf(failure)]);
}

function fieldsOf({ code, details }: GrpcStatus): Field[] {
  const fields: Field[] = [
    ['grpc-status', String(code)],
    ['grpc-message', percentEncoded(details.slice(0, LIMITS.grpcMessageCharsMax))],
  ];
  // doc/compression.md: a caller that compresses is told what would be accepted.
  if (code === status.UNIMPLEMENTED) fields.push(['grpc-accept-encoding', 'identity']);
  return fields;
}

/** A message behind its prefix: not compressed, and its length. */
export function prefixed(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

/** The request is no gRPC: these two are answers of HTTP, as a caller of anything else understands them. */
export const NOT_POST = encodeHeaderBlock([
  [':status', '405'],
  ['allow', 'POST'],
  ['content-length', '0'],
]);
export const NOT_GRPC = encodeHeaderBlock([
  [':status', '415'],
  ['content-length', '0'],
]);
