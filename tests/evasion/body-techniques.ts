import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { requestOf } from './formats.js';
import { inJson, onBody, type Technique, type Techniques } from './technique.js';
import { type WireRequest, withHeader } from './wire-request.js';

const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const utf16be = (text: string) => utf16(text).swap16();
const utf32 = (text: string, isLittleEndian: boolean) => {
  const points = Array.from(text, (one) => one.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(points.length * 4);
  for (const [i, one] of points.entries()) {
    if (isLittleEndian) bytes.writeUInt32LE(one, i * 4);
    else bytes.writeUInt32BE(one, i * 4);
  }
  return bytes;
};

/** The body in a coding, and what the headers say of it. */
function coded(code: (bytes: Buffer) => Buffer, ...contentEncoding: readonly string[]): Technique {
  return onBody((request) =>
    withHeader({ ...request, body: code(request.body) }, 'content-encoding', ...contentEncoding),
  );
}

const declared = (...contentType: readonly string[]) =>
  onBody((request) => withHeader(request, 'content-type', ...contentType));
/** JSON under another media type. */
const jsonAs = (contentType: string): Technique => {
  const { apply } = declared(...(contentType === '' ? [] : [contentType]));
  return { apply: (format, text) => format.value && apply(format, text) };
};
/** The media type of the format with a parameter behind it. */
const withParameter = (parameter: string, recode = (bytes: Buffer) => bytes): Technique =>
  onBody((request) => {
    const [, type = ''] = request.headers.find(([name]) => name === 'content-type') ?? [];
    return withHeader({ ...request, body: recode(request.body) }, 'content-type', `${type}${parameter}`);
  });
const direct = (name: string, ...values: readonly string[]): Technique => ({
  ...onBody((request) => withHeader(request, name, ...values)),
  isDirect: true,
});

/** gRPC: a flag byte, a length of four bytes, and the message (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). */
const framed = (message: Buffer, flag = 0) => {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};
/** A protobuf message with one string as its field 1. */
const protobuf = (text: string) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
};
const grpc = (contentType: string, frame: (text: string) => Buffer): Technique => ({
  apply: (format, text) => {
    if (format.isQuery || !format.value) return undefined;
    const request: WireRequest = { ...requestOf(format, ''), body: frame(text) };
    return withHeader(request, 'content-type', contentType);
  },
});

/** Ways to pack a body, and to say how it is packed. */
export const BODY_TECHNIQUES: Techniques = {
  gzip: coded(gzipSync, 'gzip'),
  'x-gzip': coded(gzipSync, 'x-gzip'),
  'gzip without compression': coded((bytes) => gzipSync(bytes, { level: 0 }), 'gzip'),
  deflate: coded(deflateSync, 'deflate'),
  'deflate without its wrapper': coded(deflateRawSync, 'deflate'),
  brotli: coded(brotliCompressSync, 'br'),
  zstd: coded(zstdCompressSync, 'zstd'),
  'gzip in brotli': coded((bytes) => brotliCompressSync(gzipSync(bytes)), 'gzip, br'),
  'three codings in two headers': coded(
    (bytes) => gzipSync(deflateSync(zstdCompressSync(bytes))),
    'zstd',
    'deflate,gzip',
  ),
  'four codings': coded((bytes) => gzipSync(gzipSync(gzipSync(gzipSync(bytes)))), 'gzip, gzip, gzip, gzip'),
  'codings in the wrong order': coded((bytes) => brotliCompressSync(gzipSync(bytes)), 'br, gzip'),
  'the coding in capitals and blanks': coded(gzipSync, ' GZip ,'),
  'identity beside a coding': coded(gzipSync, 'identity, gzip, identity'),
  'identity alone': coded((bytes) => bytes, 'identity'),
  'a coding that is not there': coded((bytes) => bytes, 'gzip'),
  'a coding that nobody says': coded(gzipSync),
  'an unknown coding': coded((bytes) => bytes, 'rot13'),
  'a coding with a weight': coded(gzipSync, 'gzip;q=1.0'),
  'chunks as a coding': coded((bytes) => bytes, 'aws-chunked'),
  'two members of gzip': coded((bytes) => Buffer.concat([gzipSync('{"x":1}'), gzipSync(bytes)]), 'gzip'),
  'bytes behind the gzip stream': coded((bytes) => Buffer.concat([gzipSync(bytes), Buffer.from('more')]), 'gzip'),
  'two frames of zstd': coded((bytes) => Buffer.concat([zstdCompressSync('{}'), zstdCompressSync(bytes)]), 'zstd'),
  'a gzip stream that is cut': coded((bytes) => gzipSync(bytes).subarray(0, -6), 'gzip'),
  'a coding that is named twice and used once': coded(gzipSync, 'gzip', 'gzip'),

  'no media type': jsonAs(''),
  'JSON as plain text': jsonAs('text/plain'),
  'JSON as HTML': jsonAs('text/html'),
  'JSON as a form': jsonAs('application/x-www-form-urlencoded'),
  'JSON as bytes': jsonAs('application/octet-stream'),
  'JSON as an image': jsonAs('image/png'),
  'JSON as multipart': jsonAs('multipart/form-data; boundary=x'),
  'JSON as XML': jsonAs('application/xml'),
  'JSON by suffix': jsonAs('application/vnd.api+json'),
  'JSON with lines declared': jsonAs('application/x-ndjson'),
  'a media type that is none': jsonAs('}{;;=,"'),
  'a media type in capitals': jsonAs('APPLICATION/JSON'),
  'a very long media type': jsonAs(`application/json; x="${'x'.repeat(2000)}"`),
  'two media types': declared('application/json', 'image/png'),

  'the charset in quotes': withParameter('; charset="UTF-8"'),
  'an unknown charset': withParameter('; charset=ibm037'),
  'UTF-7 as charset': withParameter('; charset=utf-7'),
  'two charsets': withParameter('; charset=utf-8; charset=utf-16'),
  'a charset in the form of RFC 8187': withParameter("; charset*=utf-8''utf-16"),
  'Latin-1 as charset': withParameter('; charset=iso-8859-1'),
  'a charset that is not used': withParameter('; charset=utf-16le'),
  'UTF-16 as declared': withParameter('; charset=utf-16le', (bytes) => utf16(bytes.toString())),
  'UTF-16 with its mark': onBody((request) => ({ ...request, body: utf16(`\ufeff${request.body}`) })),
  'UTF-16 with its mark, high bytes first': onBody((request) => ({
    ...request,
    body: utf16be(`\ufeff${request.body}`),
  })),
  'UTF-16 without a mark': inJson((json) => utf16(json)),
  'UTF-16 without a mark, high bytes first': inJson((json) => utf16be(json)),
  'UTF-32 with its mark': onBody((request) => ({ ...request, body: utf32(`\ufeff${request.body}`, true) })),
  'UTF-32 with its mark, high bytes first': onBody((request) => ({
    ...request,
    body: utf32(`\ufeff${request.body}`, false),
  })),
  'UTF-32 without a mark': inJson((json) => utf32(json, true)),
  'UTF-8 that is overlong': inJson((json, text) => {
    const [before = '', after = ''] = json.split(text);
    const bytes = [...Buffer.from(text)].flatMap((byte) => [0xc0 | (byte >> 6), 0x80 | (byte & 0x3f)]);
    return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
  }),
  'bytes between that are no UTF-8': inJson((json, text) => {
    const [before = '', after = ''] = json.split(text);
    const bytes = [...Buffer.from(text)].flatMap((byte) => [byte, 0xff]);
    return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
  }),

  'no length and an empty coding': coded((bytes) => bytes, ''),
  'a length of zero': direct('content-length', '0'),
  'a length that is too small': direct('content-length', '5'),
  'a body that the proxy cut': direct('x-envoy-auth-partial-body', 'true'),
  'the mark of a whole body, twice': direct('x-envoy-auth-partial-body', 'false', 'true'),

  'gRPC with JSON': grpc('application/grpc+json', (text) => framed(Buffer.from(JSON.stringify({ text })))),
  'gRPC with protobuf': grpc('application/grpc', (text) => framed(protobuf(text))),
  'gRPC with a compressed message': grpc('application/grpc', (text) => framed(gzipSync(protobuf(text)), 1)),
  'gRPC-Web': grpc('application/grpc-web+proto', (text) => framed(protobuf(text))),
  'gRPC-Web in base64': grpc('application/grpc-web-text', (text) =>
    Buffer.from(framed(protobuf(text)).toString('base64')),
  ),
  'gRPC frames that nobody declares': grpc('application/octet-stream', (text) => framed(protobuf(text))),
};
