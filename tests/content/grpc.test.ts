import { isUtf8 } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { type Fields, frameOf, protobufOf } from './grpc-bodies.js';
import { readTestBody } from './read-test-body.js';

interface Headers {
  readonly contentType: string;
  readonly messageEncoding?: string;
}

const GRPC: Headers = { contentType: 'application/grpc' };
const WEB: Headers = { contentType: 'application/grpc-web+proto' };
const WEB_TEXT: Headers = { contentType: 'application/grpc-web-text' };
const JSON_MESSAGES: Headers = { contentType: 'application/grpc+json' };
const PROTOBUF: Headers = { contentType: 'application/x-protobuf' };

/** `[pointer, text]` of every segment, with `derived` behind it where it is so; and the gaps. */
function read(body: Uint8Array | string, headers: Headers) {
  const { segments, gaps } = readTestBody(body, headers);
  return {
    texts: segments.map(({ pointer, text, derived }) => (derived ? [pointer, text, 'derived'] : [pointer, text])),
    gaps: gaps.map(({ kind }) => kind as string),
  };
}

const gives = test.macro(
  (t, body: Uint8Array | string, headers: Headers, texts: readonly string[][], ...gaps: string[]) => {
    t.deepEqual(read(body, headers), { texts: [...texts], gaps });
  },
);

const LONG = 'x'.repeat(200);
const CHAT: Fields = {
  1: 'models/m',
  2: [{ 1: { 1: LONG }, 2: 'user' }, { 1: { 1: `${LONG}y` } }],
  4: 17,
  5: 4111111111111111n,
};
const CHAT_TEXTS = (at: string) => [
  [`${at}/1`, 'models/m'],
  [`${at}/2/1/1`, LONG],
  [`${at}/2/2`, 'user'],
  [`${at}/2.1/1/1`, `${LONG}y`],
  [`${at}/5`, '4111111111111111'],
];
const OPAQUE = 'uninspectable:protobuf';

test(
  'texts and long numbers of a message are read, wherever they stand',
  gives,
  frameOf(protobufOf(CHAT)),
  GRPC,
  CHAT_TEXTS('grpc:/0'),
  OPAQUE,
);
test('so are those of a message without a frame', gives, protobufOf(CHAT), PROTOBUF, CHAT_TEXTS('proto:'), OPAQUE);
test(
  'and those of the Connect protocol',
  gives,
  protobufOf(CHAT),
  { contentType: 'application/proto' },
  CHAT_TEXTS('proto:'),
  OPAQUE,
);
test(
  'each message has its number',
  gives,
  Buffer.concat([frameOf(protobufOf({ 1: 'one' })), frameOf(''), frameOf(protobufOf({ 1: 'two' }))]),
  GRPC,
  [
    ['grpc:/0/1', 'one'],
    ['grpc:/2/1', 'two'],
  ],
  OPAQUE,
);
test(
  'a short message inside is a text as well, and what it says is not counted twice',
  gives,
  frameOf(protobufOf({ 2: { 1: 'hi there' } })),
  GRPC,
  [
    ['grpc:/0/2', '\n\bhi there'],
    ['grpc:/0/2/1', 'hi there', 'derived'],
  ],
  OPAQUE,
);
test(
  'JSON in a field is read',
  gives,
  frameOf(protobufOf({ 1: '{"q":"\\u0068i"}' })),
  GRPC,
  [
    ['grpc:/0/1', '{"q":"\\u0068i"}'],
    ['grpc:/0/1', 'q', 'derived'],
    ['grpc:/0/1', 'hi', 'derived'],
  ],
  OPAQUE,
);
test('an empty call has nothing to read', gives, frameOf(''), GRPC, []);
test('a body without a message neither', gives, '', GRPC, []);
test(
  'what a field holds besides text is named',
  gives,
  frameOf(protobufOf({ 1: Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex') })),
  GRPC,
  [],
  OPAQUE,
  'uninspectable:image',
);
test(
  'JSON messages are read as JSON',
  gives,
  Buffer.concat([frameOf('{"a":"b"}'), frameOf('{"a":')]),
  JSON_MESSAGES,
  [
    ['grpc:/0/a#', 'a'],
    ['grpc:/0/a', 'b'],
    ['grpc:/1/a#', 'a', 'derived'],
    ['grpc:/1', '{"a":'],
  ],
  'json:malformed',
);
test(
  'messages in another form are read as what they look like',
  gives,
  frameOf('hi'),
  { contentType: 'application/grpc+own' },
  [['grpc:/0', 'hi']],
);
test(
  'or named',
  gives,
  frameOf(Buffer.from([0xff, 0])),
  { contentType: 'application/grpc+own' },
  [],
  'uninspectable:binary',
);

const sized = (text: string) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
};
test(
  'the strings of a tensor are read',
  gives,
  frameOf(protobufOf({ 7: Buffer.concat([sized(LONG), sized(''), sized('hi')]) })),
  GRPC,
  [
    ['grpc:/0/7', LONG],
    ['grpc:/0/7', 'hi'],
  ],
  OPAQUE,
);
test(
  'what is no tensor to its end is none',
  gives,
  frameOf(protobufOf({ 7: sized(LONG).subarray(0, -1) })),
  GRPC,
  [],
  OPAQUE,
);
test('a tensor of millions of strings ends in a gap', (t) => {
  const tensor = Buffer.concat(Array.from({ length: 300_000 }, () => Buffer.from([1, 0, 0, 0, 0x61])));
  const { gaps } = read(frameOf(protobufOf({ 7: Buffer.concat([sized(LONG), tensor]) })), GRPC);
  t.deepEqual(gaps, [OPAQUE, 'json:too_many_segments']);
});

const ZIPPED = frameOf(gzipSync(protobufOf({ 1: 'hi' })), 1);
test(
  'a compressed message is undone',
  gives,
  ZIPPED,
  { ...GRPC, messageEncoding: 'gzip' },
  [['grpc:/0/1', 'hi']],
  OPAQUE,
);
test('one of which nobody says how is named', gives, ZIPPED, GRPC, [], 'coding:unknown');
test('and one that says it is not', gives, ZIPPED, { ...GRPC, messageEncoding: 'identity' }, [], 'coding:unknown');
test(
  'one that is not so compressed',
  gives,
  frameOf('hi', 1),
  { ...GRPC, messageEncoding: 'gzip' },
  [],
  'coding:malformed',
);
test(
  'one that a coding is named for, and that is not compressed',
  gives,
  frameOf(protobufOf({ 1: 'hi' })),
  { ...GRPC, messageEncoding: 'gzip' },
  [['grpc:/0/1', 'hi']],
  OPAQUE,
);
test('small messages that unpack to more than one body may be', (t) => {
  const bomb = frameOf(gzipSync(Buffer.alloc(LIMITS.codingBytesFree, 'a')), 1);
  const { gaps } = read(Buffer.concat(Array.from({ length: 40 }, () => bomb)), {
    ...JSON_MESSAGES,
    messageEncoding: 'gzip',
  });
  t.deepEqual(gaps, ['json:malformed', 'coding:too_large']);
});

const TRAILERS = frameOf('grpc-status: 0\r\nnote: hi\r\n', 0x80);
const MESSAGE = frameOf(protobufOf({ 1: 'hi' }));
const WITH_TRAILERS = [
  ['grpc:/0/1', 'hi'],
  ['grpc:/1', 'grpc-status: 0\r\nnote: hi\r\n'],
];
test('gRPC-Web ends in trailers', gives, Buffer.concat([MESSAGE, TRAILERS]), WEB, WITH_TRAILERS, OPAQUE);
test(
  'gRPC-Web in base64',
  gives,
  Buffer.concat([MESSAGE, TRAILERS]).toString('base64'),
  WEB_TEXT,
  WITH_TRAILERS,
  OPAQUE,
);
test(
  'gRPC-Web in pieces of base64',
  gives,
  MESSAGE.toString('base64') + TRAILERS.toString('base64'),
  WEB_TEXT,
  WITH_TRAILERS,
  OPAQUE,
);
test(
  'Connect ends in JSON',
  gives,
  Buffer.concat([frameOf('{"a":"b"}'), frameOf('{"error":"hi"}', 2)]),
  { contentType: 'application/connect+json' },
  [
    ['grpc:/0/a#', 'a'],
    ['grpc:/0/a', 'b'],
    ['grpc:/1/error#', 'error'],
    ['grpc:/1/error', 'hi'],
  ],
);

const isRefused = test.macro((t, body: Uint8Array | string, headers: Headers) => {
  const { texts, gaps } = read(body, headers);
  t.true(gaps.includes('format:grpc'), JSON.stringify(gaps));
  // What is text is judged all the same.
  if (isUtf8(Buffer.from(body)) && Buffer.from(body).includes('hi'))
    t.true(texts.some(([, text]) => text?.includes('hi')));
});
test('a body that is no gRPC', isRefused, '{"a":"hi"}', GRPC);
test('a frame that is cut', isRefused, MESSAGE.subarray(0, -1), GRPC);
test('a head that is cut', isRefused, Buffer.concat([MESSAGE, Buffer.from([0, 0])]), GRPC);
test('a flag that is none', isRefused, frameOf('hi', 4), GRPC);
test('trailers where there are none', isRefused, TRAILERS, GRPC);
test('a message behind the trailers', isRefused, Buffer.concat([TRAILERS, MESSAGE]), WEB);
test('base64 that is none', isRefused, `${MESSAGE.toString('base64')} hi`, WEB_TEXT);
test('base64 that is cut', isRefused, MESSAGE.toString('base64').slice(0, -1), WEB_TEXT);
test('more messages than are read', isRefused, Buffer.alloc(5 * (LIMITS.grpcMessagesMax + 1)), GRPC);
test('a body that is two things', isRefused, MESSAGE, { contentType: 'application/grpc, application/json' });

test('messages nested deeper than is read', (t) => {
  let message: Fields = { 1: LONG };
  for (let depth = 0; depth < LIMITS.protobufDepthMax; depth++) message = { 1: message };
  t.deepEqual(read(protobufOf(message), PROTOBUF).gaps, [OPAQUE, 'format:protobuf']);
});

test('a message of two million fields ends in a gap', (t) => {
  t.deepEqual(read(Buffer.from('0a0161'.repeat(1e6), 'hex'), PROTOBUF).gaps, [OPAQUE, 'json:too_many_segments']);
});

test('ten million fields that are nothing are passed over', (t) => {
  t.deepEqual(read(Buffer.from('0a01ff'.repeat(1e7), 'hex'), PROTOBUF), { texts: [], gaps: [OPAQUE] });
});

test('thirty megabytes that are text and message at every level are not multiplied', (t) => {
  // A length in three bytes that is valid UTF-8: 0x42 + 0x00 << 7 + n << 14.
  let bytes = Buffer.from('a'.repeat(0x42 + (127 << 14)));
  for (let level = 0; level < 3; level++)
    bytes = Buffer.concat([Buffer.from([0x0a, 0xc2, 0x80, 0x7f]), bytes.subarray(0, 0x42 + (127 << 14))]);
  const { segments } = readTestBody(Buffer.concat(Array.from({ length: 15 }, () => bytes)), PROTOBUF);
  const chars = segments.reduce((sum, { text }) => sum + text.length, 0);
  t.true(chars <= 2 * LIMITS.bodyBytesMax);
});

const field: fc.Arbitrary<Fields> = fc.letrec<{ fields: Fields }>((tie) => ({
  fields: fc.dictionary(
    fc.integer({ min: 1, max: 100 }).map(String),
    fc.oneof(
      { maxDepth: 5 },
      fc.string({ unit: 'binary' }),
      fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      fc.uint8Array({ maxLength: 20 }),
      fc.array(fc.string(), { maxLength: 3 }),
      tie('fields'),
    ),
    { maxKeys: 5 },
  ) as fc.Arbitrary<Fields>,
})).fields;

test('every text and long number of any message is read', (t) => {
  fc.assert(
    fc.property(field, (message) => {
      const found = new Set(read(frameOf(protobufOf(message)), GRPC).texts.map(([, text]) => text));
      return [...textsOf(message)].every((text) => found.has(text));
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('random bytes under any of these headers never throw', (t) => {
  const headers = fc.record({
    contentType: fc.constantFrom(
      ...[GRPC, WEB, WEB_TEXT, JSON_MESSAGES, PROTOBUF].map(({ contentType }) => contentType),
    ),
    messageEncoding: fc.constantFrom('', 'gzip', 'x'),
  });
  const framed = fc.uint8Array().map((bytes) => frameOf(bytes, (bytes[0] ?? 0) & 1));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), framed), headers, (bytes, header) => Array.isArray(read(bytes, header).gaps)),
    { numRuns: 2000 },
  );
  t.pass();
});

function* textsOf(fields: Fields): Generator<string> {
  for (const value of Object.values(fields).flat() as (Fields | string | bigint | Uint8Array)[]) {
    if (typeof value === 'string') {
      if (value !== '') yield value;
    } else if (typeof value === 'bigint') {
      if (value > 99_999n) yield value.toString();
    } else if (!(value instanceof Uint8Array)) yield* textsOf(value);
  }
}
