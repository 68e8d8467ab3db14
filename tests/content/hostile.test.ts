import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { readContent } from '../../sidecar/content/read-content.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { readTestBody } from './read-test-body.js';

const kindsOf = (body: string | Uint8Array, contentType = 'application/json') =>
  readTestBody(body, { contentType }).gaps.map(({ kind }) => kind);

test('a million open brackets are named, and what came before them is judged', (t) => {
  const { segments, gaps } = readTestBody(`{"a":"before","b":${'['.repeat(1e6)}`);
  t.deepEqual(gaps, [{ kind: 'json:depth' }]);
  t.true(segments.some(({ text }) => text === 'before'));
});

test('a million levels of objects are named', (t) => {
  t.deepEqual(kindsOf('{"a":'.repeat(1e6)), ['json:depth']);
});

test('nesting up to the limit is read, one more is not', (t) => {
  const nested = (depth: number) => `${'['.repeat(depth)}"deep"${']'.repeat(depth)}`;
  const { segments, gaps } = readTestBody(nested(LIMITS.jsonDepthMax));
  t.deepEqual(gaps, []);
  t.deepEqual(segments, [{ text: 'deep', role: 'user', pointer: '/0'.repeat(LIMITS.jsonDepthMax) }]);
  t.deepEqual(kindsOf(nested(LIMITS.jsonDepthMax + 1)), ['json:depth']);
});

test('a million names end in a gap and the body as one text', (t) => {
  const body = `{${Array.from({ length: 1e6 }, (_, at) => `"k${at}":0`).join(',')}}`;
  const { segments, gaps } = readTestBody(body);
  t.deepEqual(gaps, [{ kind: 'json:too_many_segments' }]);
  t.is(segments.length, LIMITS.segmentsMax + 1);
  t.is(segments.at(-1)?.text, body);
});

test('a million numbers need no segments', (t) => {
  const { segments, gaps } = readTestBody(`[${'1,'.repeat(1e6)}"end"]`);
  t.deepEqual([segments.map(({ text }) => text), gaps], [['end'], []]);
});

test('strings inside strings do not get round the bound on segments', (t) => {
  const inner = JSON.stringify(Array.from({ length: LIMITS.segmentsMax }, () => ''));
  const { segments, gaps } = readTestBody(JSON.stringify([inner]));
  t.deepEqual(gaps, [{ kind: 'json:too_many_segments' }]);
  t.true(segments.length <= LIMITS.segmentsMax + 1);
});

test('a string of four megabytes is read whole', (t) => {
  const text = 'x'.repeat(4 * 1024 * 1024);
  const { segments, gaps } = readTestBody(JSON.stringify({ messages: [{ role: 'user', content: text }] }));
  t.deepEqual(gaps, []);
  t.is(segments.at(-1)?.text, text);
});

test('a name of four megabytes makes no pointer of four megabytes', (t) => {
  const name = 'n'.repeat(4 * 1024 * 1024);
  const { segments } = readTestBody(JSON.stringify({ a: { [name]: { b: [['deep']] } } }));
  t.true(segments.some(({ text }) => text === name));
  t.deepEqual([...new Set(segments.map(({ pointer }) => pointer))], ['/a#', '/a']);
});

test('many long names on the way make no long pointer either', (t) => {
  const name = 'n'.repeat(200);
  const depth = LIMITS.jsonDepthMax;
  const { segments } = readTestBody(`${`{"${name}":`.repeat(depth)}"deep"${'}'.repeat(depth)}`);
  t.true(segments.every(({ pointer }) => pointer.length <= LIMITS.pointerCharsMax + 1));
  t.is(segments.at(-1)?.pointer, `/${name}`.repeat(5));
});

test('containers far inside a name that is too long have the pointer of what is around it', (t) => {
  const name = 'n'.repeat(LIMITS.pointerCharsMax);
  const { segments } = readTestBody(`[[[[[[[[{"${name}":[["one"],[[["two"]]]]}]]]]]]]]`);
  t.deepEqual(
    segments.map(({ pointer }) => pointer),
    ['/0/0/0/0/0/0/0/0#', '/0/0/0/0/0/0/0/0', '/0/0/0/0/0/0/0/0'],
  );
});

test('a number of a megabyte is read whole', (t) => {
  const { segments } = readTestBody(`[${'1'.repeat(1e6)}]`);
  t.is(segments[0]?.text.length, 1e6);
});

test('broken strings inside strings are passed over', (t) => {
  const { gaps, segments } = readTestBody(JSON.stringify(Array.from({ length: 10_000 }, () => '["\\q"')));
  t.deepEqual([gaps, segments.length], [[], 10_000]);
});

test('a body over the limit is not read', (t) => {
  const { segments, gaps } = readTestBody(new Uint8Array(LIMITS.bodyBytesMax + 1));
  t.deepEqual([segments, gaps], [[], [{ kind: 'body:too_large' }]]);
});

test('a plain text over the limit is not read either, whatever its characters take in UTF-8', (t) => {
  const kinds = (text: string) => {
    const { segments, gaps } = readContent([{ kind: 'text', text }], { credentialQueryNames: new Set() });
    return [segments.length, ...gaps.map(({ kind }) => kind)];
  };
  t.deepEqual(kinds('a'.repeat(LIMITS.bodyBytesMax)), [1]);
  t.deepEqual(kinds('a'.repeat(LIMITS.bodyBytesMax + 1)), [0, 'body:too_large']);
  t.deepEqual(kinds('€'.repeat(LIMITS.bodyBytesMax / 3 + 1)), [0, 'body:too_large']);
});

test('a body of the largest size that is not JSON is named and judged', (t) => {
  const body = Buffer.alloc(LIMITS.bodyBytesMax, '[');
  t.deepEqual(kindsOf(body), ['json:depth']);
});

test('gaps of several pieces of content are named once each', (t) => {
  const body = { kind: 'body', bytes: Buffer.from('x'), contentType: 'application/json', contentEncoding: '' } as const;
  const { gaps, segments } = readContent([body, { kind: 'text', text: 'hi' }, body], {
    credentialQueryNames: new Set(),
  });
  t.deepEqual(gaps, [{ kind: 'json:malformed' }]);
  t.deepEqual(
    segments.map(({ text }) => text),
    ['x', 'hi', 'x'],
  );
});

/** Bytes that unpack to so many more that only the bounds on unpacking end it. */
const bomb = test.macro((t, contentEncoding: string, bytes: Buffer) => {
  const { segments, gaps } = readTestBody(bytes, { contentType: 'application/json', contentEncoding });
  t.deepEqual([segments, gaps], [[], [{ kind: 'coding:too_large' }]]);
});

const TOO_MUCH = Buffer.alloc(LIMITS.bodyBytesMax + 1, 'a');
test('gzip of more than a body may be', bomb, 'gzip', gzipSync(TOO_MUCH));
test('deflate of more than a body may be', bomb, 'deflate', deflateSync(TOO_MUCH));
test('brotli of more than a body may be', bomb, 'br', brotliCompressSync(TOO_MUCH));
test('zstd of more than a body may be', bomb, 'zstd', zstdCompressSync(TOO_MUCH));
test('codings in one another', bomb, 'gzip, gzip, br', brotliCompressSync(gzipSync(gzipSync(TOO_MUCH))));
test('a coding that unpacks too far', bomb, 'gzip', gzipSync(Buffer.alloc(LIMITS.codingBytesFree + 1, 'a')));

test('a large coded body that is ordinary is read', (t) => {
  const texts = Array.from({ length: 20_000 }, (_, at) => `message ${at}`);
  const headers = { contentType: 'application/json', contentEncoding: 'zstd' };
  const { segments, gaps } = readTestBody(zstdCompressSync(Buffer.from(JSON.stringify(texts))), headers);
  const own = segments.filter(({ derived }) => !derived);
  t.deepEqual([own.map(({ text }) => text), gaps], [texts, []]);
});

test('a million parts are named, and judged as one text', (t) => {
  const body = `${'--b\r\n\r\n\r\nx\r\n'.repeat(1e6)}--b--\r\n`;
  const { segments, gaps } = readTestBody(body, { contentType: 'multipart/form-data; boundary=b' });
  t.deepEqual([segments.map(({ text }) => text), gaps], [[body], [{ kind: 'format:multipart' }]]);
});

test('a million lines of JSON are named, and judged as one text', (t) => {
  const body = '[1]\n'.repeat(1e6);
  const { segments, gaps } = readTestBody(body, { contentType: 'application/x-ndjson' });
  t.deepEqual([segments.map(({ text }) => text), gaps], [[body], [{ kind: 'json:malformed' }]]);
});

test('thirty megabytes of base64 are decoded, wherever they stand', (t) => {
  const base64 = 'YWFh'.repeat(7_500_000);
  for (const value of [`data:text/plain;base64,${base64}`, `see data:text/plain;base64,${base64}`]) {
    const { segments, gaps } = readTestBody(JSON.stringify([value]));
    t.deepEqual([segments.map(({ text }) => text.length), gaps], [[value.length, 22_500_000], []]);
  }
  t.deepEqual(kindsOf(JSON.stringify([`data:text/plain;base64,${base64}*`])), ['uninspectable:binary']);
});

test('millions of beginnings of data URLs are passed over', (t) => {
  t.deepEqual(kindsOf(JSON.stringify([';base64,'.repeat(1e6)])), []);
  t.deepEqual(kindsOf(JSON.stringify([` ${'data:;base64,'.repeat(1e6)}`])), ['uninspectable:binary']);
});

test('references far inside a body cost no more than others', (t) => {
  const references = Array.from({ length: 50_000 }, () => '{"file_id":"x"}').join();
  t.deepEqual(kindsOf(`${'{"messages":'.repeat(120)}[${references}]${'}'.repeat(120)}`), ['reference:file']);
});
