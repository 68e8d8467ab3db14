import test, { type ExecutionContext } from 'ava';
import { LIMITS } from '../../../sidecar/kernel/limits.js';
import { ACK, END_HEADERS, END_STREAM, FRAME, frame, headerBlock, PADDED, PREFACE, PRIORITY } from '../raw-http2.js';
import { until } from '../rig.js';
import { connectPeer, GREETING, honestClient, type Peer, request, setting, uint32 } from './peer.js';
import { ANSWER_BYTES, startTarget, type Target } from './target.js';

/** Error codes of RFC 9113 section 7, as they are written in outcomes below. */
const CODES = [
  'NO',
  'PROTOCOL',
  'INTERNAL',
  'FLOW_CONTROL',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE',
  'REFUSED',
];
const name = (code: number) => CODES[code] ?? { 8: 'CANCEL', 9: 'COMPRESSION', 11: 'CALM' }[code] ?? String(code);

/** What became of stream 1 and of its connection, once all that was sent was read. */
async function outcome(peer: Peer, mayBeServed = false): Promise<string> {
  if (mayBeServed) await peer.until(() => peer.answered(1) || peer.reset(1) !== undefined);
  const isAlive = await peer.answersPing();
  if (isAlive && peer.reset(1) !== undefined) return `reset ${name(peer.reset(1) ?? 0)}`;
  if (isAlive) return peer.answered(1) ? 'served' : 'alive';
  const code = peer.goaway();
  return code === undefined ? 'closed' : `goaway ${name(code)}`;
}

/** Nothing is left of a peer that has gone, and others are served. */
async function others(t: ExecutionContext, target: Target, peer: Peer): Promise<void> {
  const ask = await honestClient(t, target.address);
  t.is(await ask(), ANSWER_BYTES);
  peer.socket.destroy();
  await until(() => target.open.size === 0);
  t.deepEqual(target.faults, []);
}

const sends = test.macro({
  async exec(t, frames: readonly Uint8Array[], ...outcomes: readonly string[]) {
    const target = await startTarget(t);
    const peer = await connectPeer(t, target.address);
    peer.send(GREETING, ...frames);
    const came = await outcome(peer, outcomes.includes('served'));
    t.true(outcomes.includes(came), `${came} instead of ${outcomes.join(' or ')}`);
    await others(t, target, peer);
  },
  title: (title, _, ...outcomes) => `${title}: ${outcomes.join(' or ')}`,
});

/** A request whose body is still to come. */
const open = request(1, {}, END_HEADERS);
const whole = request(1);
const data = (flags: number, text: string | Uint8Array = 'data', id = 1) =>
  frame(FRAME.DATA, flags, id, Buffer.from(text));
const block = (...bytes: number[]) => frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, Buffer.from(bytes));

test('an ordinary request', sends, [open, data(END_STREAM)], 'served');
test('a frame of unknown type', sends, [frame(0xbe, 0xff, 0x11, Buffer.alloc(100)), whole], 'served');
test('an unknown setting', sends, [frame(FRAME.SETTINGS, 0, 0, setting(0xbe, 7)), whole], 'served');

// Windows (RFC 9113 section 6.9)
test('no more window for the connection', sends, [frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0))], 'goaway PROTOCOL');
test('no more window for a stream', sends, [open, frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0))], 'reset PROTOCOL');
const widest = uint32(0x7fff_ffff);
test('too much window for the connection', sends, [frame(FRAME.WINDOW_UPDATE, 0, 0, widest)], 'goaway FLOW_CONTROL');
test('too much window for a stream', sends, [open, frame(FRAME.WINDOW_UPDATE, 0, 1, widest)], 'reset FLOW_CONTROL');
test(
  'a first window that makes the window of a stream too much',
  sends,
  [open, frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0x7fff_0000)), frame(FRAME.SETTINGS, 0, 0, setting(4, 0x7fff_ffff))],
  'goaway FLOW_CONTROL',
);
test(
  'a window for a stream that was not begun',
  sends,
  [frame(FRAME.WINDOW_UPDATE, 0, 7, uint32(1))],
  'goaway PROTOCOL',
);
test('a window update of three bytes', sends, [frame(FRAME.WINDOW_UPDATE, 0, 0, Buffer.alloc(3))], 'goaway FRAME_SIZE');
test(
  'more of a body than the window allows',
  sends,
  [open, ...Array.from({ length: 200 }, () => data(0, Buffer.alloc(16_384)))],
  ...['goaway FLOW_CONTROL', 'reset FLOW_CONTROL', 'alive'],
);

// States of streams (RFC 9113 section 5.1)
test(
  'a body after the end of a request',
  sends,
  [open, data(END_STREAM), data(0)],
  'served',
  'reset STREAM_CLOSED',
  'goaway STREAM_CLOSED',
);
test('a request twice', sends, [whole, whole], ...['goaway STREAM_CLOSED', 'goaway PROTOCOL', 'reset STREAM_CLOSED']);
test('a body of a stream that was not begun', sends, [data(END_STREAM)], 'goaway PROTOCOL');
test('a body of no stream', sends, [data(0, 'data', 0)], 'goaway PROTOCOL');
test('a reset of a stream that was not begun', sends, [frame(FRAME.RST_STREAM, 0, 1, uint32(8))], 'goaway PROTOCOL');
test('a reset of no stream', sends, [frame(FRAME.RST_STREAM, 0, 0, uint32(8))], 'goaway PROTOCOL');
test('a reset of three bytes', sends, [open, frame(FRAME.RST_STREAM, 0, 1, Buffer.alloc(3))], 'goaway FRAME_SIZE');
test('a request on stream 0', sends, [request(0)], 'goaway PROTOCOL');
test('a request on an even stream', sends, [request(2)], 'goaway PROTOCOL');
// Stream 3 is closed by then, too (section 5.1.1), so that it may be either error.
test('stream ids that go backwards', sends, [request(5), request(3)], 'goaway PROTOCOL', 'goaway STREAM_CLOSED');
test('a push', sends, [frame(FRAME.PUSH_PROMISE, END_HEADERS, 1, uint32(2))], 'goaway PROTOCOL');
test('trailers that do not end', sends, [open, request(1, {}, END_HEADERS)], 'reset PROTOCOL', 'goaway PROTOCOL');
const onItself = frame(FRAME.PRIORITY, 0, 1, Buffer.concat([uint32(1), Buffer.from([9])]));
test('a stream that depends on itself', sends, [open, onItself, data(END_STREAM)], ...['served', 'reset PROTOCOL']);
test(
  'a priority of four bytes',
  sends,
  [open, frame(FRAME.PRIORITY, 0, 1, uint32(0))],
  'reset FRAME_SIZE',
  'goaway FRAME_SIZE',
);

// Other frames of the connection (RFC 9113 sections 6.5 to 6.8)
test('settings of five bytes', sends, [frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(5))], 'goaway FRAME_SIZE');
test('settings of a stream', sends, [open, frame(FRAME.SETTINGS, 0, 1)], 'goaway PROTOCOL');
test(
  'an acknowledgement with settings in it',
  sends,
  [frame(FRAME.SETTINGS, ACK, 0, setting(1, 1))],
  'goaway FRAME_SIZE',
);
test('push is on and off', sends, [frame(FRAME.SETTINGS, 0, 0, setting(2, 2))], 'goaway PROTOCOL');
test('a first window of 2 GiB', sends, [frame(FRAME.SETTINGS, 0, 0, setting(4, 0x8000_0000))], 'goaway FLOW_CONTROL');
test('frames smaller than allowed', sends, [frame(FRAME.SETTINGS, 0, 0, setting(5, 16_383))], 'goaway PROTOCOL');
test('frames larger than there are', sends, [frame(FRAME.SETTINGS, 0, 0, setting(5, 16_777_216))], 'goaway PROTOCOL');
test('a ping of seven bytes', sends, [frame(FRAME.PING, 0, 0, Buffer.alloc(7))], 'goaway FRAME_SIZE');
test('a ping of a stream', sends, [frame(FRAME.PING, 0, 1, Buffer.alloc(8))], 'goaway PROTOCOL');
test('an answer to a ping that was not sent', sends, [frame(FRAME.PING, ACK, 0, Buffer.alloc(8)), whole], 'served');
test('a goodbye of a stream', sends, [frame(FRAME.GOAWAY, 0, 1, Buffer.alloc(8))], 'goaway PROTOCOL');
test('a goodbye of seven bytes', sends, [frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(7))], 'goaway FRAME_SIZE');

// Sizes and padding (RFC 9113 sections 4.2 and 6.1)
test(
  'a frame larger than allowed',
  sends,
  [open, data(0, Buffer.alloc(16_385))],
  'goaway FRAME_SIZE',
  'reset FRAME_SIZE',
);
test('a frame of 16 MiB', sends, [Buffer.from([0xff, 0xff, 0xff, 0xbe, 0, 0, 0, 0, 0])], 'goaway FRAME_SIZE');
test('more padding than body', sends, [open, data(PADDED, '\x04abc')], 'goaway PROTOCOL');
test('padding without its length', sends, [open, data(PADDED, '')], 'goaway FRAME_SIZE', 'goaway PROTOCOL');
test(
  'more padding than headers',
  sends,
  [frame(FRAME.HEADERS, END_HEADERS | END_STREAM | PADDED, 1, Buffer.from([9, 0x82]))],
  'goaway PROTOCOL',
);
test(
  'a priority in headers too short for it',
  sends,
  [frame(FRAME.HEADERS, END_HEADERS | END_STREAM | PRIORITY, 1, Buffer.from([1, 2, 3]))],
  ...['goaway FRAME_SIZE', 'goaway PROTOCOL'],
);

// Header blocks in pieces (RFC 9113 section 6.10)
const begun = request(1, {}, 0);
test('a piece of headers without the first', sends, [frame(FRAME.CONTINUATION, END_HEADERS, 1)], 'goaway PROTOCOL');
test('a piece of headers behind the last', sends, [open, frame(FRAME.CONTINUATION, END_HEADERS, 1)], 'goaway PROTOCOL');
test('a body between pieces of headers', sends, [begun, data(0)], 'goaway PROTOCOL');
test('a ping between pieces of headers', sends, [begun, frame(FRAME.PING, 0, 0, Buffer.alloc(8))], 'goaway PROTOCOL');
test('an unknown frame between pieces of headers', sends, [begun, frame(0xbe, 0, 0)], 'goaway PROTOCOL');
test('pieces of headers of two streams', sends, [begun, frame(FRAME.CONTINUATION, END_HEADERS, 3)], 'goaway PROTOCOL');
test(
  'headers in pieces',
  sends,
  [begun, frame(FRAME.CONTINUATION, 0, 1), frame(FRAME.CONTINUATION, END_HEADERS, 1), data(END_STREAM)],
  'served',
);

// Header compression (RFC 7541)
test('index 0', sends, [block(0x80)], 'goaway COMPRESSION');
test('an index behind the end of the table', sends, [block(0xbe)], 'goaway COMPRESSION');
test('an index of 2^35', sends, [block(0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)], 'goaway COMPRESSION');
test('an index without end', sends, [block(0xff, ...Array<number>(2000).fill(0x80))], 'goaway COMPRESSION');
test('a table larger than allowed', sends, [block(0x3f, 0xe2, 0x1f)], 'goaway COMPRESSION');
test('another size of the table behind a field', sends, [block(0x82, 0x20)], 'goaway COMPRESSION');
test('a text that is cut off', sends, [block(0, 9, 0x61)], 'goaway COMPRESSION');
test('a text of 4 GiB', sends, [block(0, 0x7f, 0x80, 0xff, 0xff, 0xff, 0x0f)], 'goaway COMPRESSION');
test(
  'a Huffman text with the mark of the end in it',
  sends,
  [block(0, 0x84, 0xff, 0xff, 0xff, 0xff, 0)],
  'goaway COMPRESSION',
);
test('a Huffman text with a padding of zeros', sends, [block(0, 0x81, 0x18, 0)], 'goaway COMPRESSION');

// Malformed requests (RFC 9113 sections 8.1.1 to 8.3): the stream ends, others of the connection do not.
const malformed = test.macro({
  async exec(t, fields: Record<string, string>, ...rest: readonly Uint8Array[]) {
    const target = await startTarget(t);
    const peer = await connectPeer(t, target.address);
    peer.send(GREETING, request(1, fields, rest.length > 0 ? END_HEADERS : END_HEADERS | END_STREAM), ...rest);
    t.is(await outcome(peer), 'reset PROTOCOL');
    peer.send(request(3));
    await peer.until(() => peer.answered(3));
    t.is(peer.body(3), ANSWER_BYTES);
    await others(t, target, peer);
  },
  title: (title) => `${title} ends the stream only`,
});
for (const forbidden of ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])
  test(`a field ${forbidden}`, malformed, { [forbidden]: 'x' });
test('another te than trailers', malformed, { te: 'gzip' });
for (const bad of ['X-Upper', '', 'a b', 'a:b', 'a\n', 'a\0', 'é', 'a\x7f'])
  test(`a field named ${JSON.stringify(bad)}`, malformed, { [bad]: 'x' });
for (const bad of ['a\nb', 'a\rb', 'a\0b', ' a', 'a ', '\ta'])
  test(`a field of ${JSON.stringify(bad)}`, malformed, { 'x-field': bad });
test('an empty path', malformed, { ':path': '' });
test('a body longer than said', malformed, { 'content-length': '3' }, data(END_STREAM));
test('a body shorter than said', malformed, { 'content-length': '5' }, data(END_STREAM));
test('a body longer than said that goes on', malformed, { 'content-length': '3' }, data(0));
test('no body where one was said to be', malformed, { 'content-length': '5' });
for (const bad of ['x', '-4', '+4', '4,5', '0x4', '', '4 ', '9'.repeat(400)])
  test(
    `a content-length of ${JSON.stringify(bad.slice(0, 9))}`,
    malformed,
    { 'content-length': bad },
    data(END_STREAM),
  );
test('trailers with a method', malformed, {}, request(1));

const fields = (...list: readonly Record<string, string>[]) =>
  frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat(list.map(headerBlock)));
const usual = { ':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'test' };
for (const missing of [':method', ':scheme', ':path']) {
  const rest = Object.fromEntries(Object.entries(usual).filter(([key]) => key !== missing));
  test(`a request without ${missing}`, sends, [fields(rest)], 'reset PROTOCOL');
}
for (const [key, value] of Object.entries(usual))
  test(`${key} twice`, sends, [fields(usual, { [key]: value })], 'reset PROTOCOL');
for (const late of [':method', ':authority', ':unknown', ':status', ':'])
  test(`${late} behind other fields`, sends, [fields(usual, { 'x-field': 'x' }, { [late]: '200' })], 'reset PROTOCOL');
for (const unknown of [':unknown', ':status', ':'])
  test(`${unknown} in a request`, sends, [fields({ [unknown]: '200' }, usual)], 'reset PROTOCOL');
test('a field in front of the method', sends, [fields({ 'x-field': 'x' }, usual)], 'reset PROTOCOL');
test('two lengths', sends, [fields(usual, { 'content-length': '0' }, { 'content-length': '1' })], 'reset PROTOCOL');
test('the length of an empty body', sends, [fields(usual, { 'content-length': '0' })], 'served');
test('te: trailers', sends, [fields(usual, { te: 'trailers' })], 'served');
test('fields of any bytes but the forbidden', sends, [fields(usual, { 'x-any': 'a\t \x80\xff!' })], 'served');
test('headers that are empty', sends, [fields()], 'reset PROTOCOL');

/** As much as is allowed, and as much again, in pieces of the largest frames. */
const tooMuch = [
  request(1, {}, END_STREAM),
  ...Array.from({ length: (2 * LIMITS.headerBytesMax) / 8192 }, (_, i) =>
    frame(FRAME.CONTINUATION, 0, 1, headerBlock({ [`x-${i}`]: 'y'.repeat(8192 - 32) })),
  ),
  frame(FRAME.CONTINUATION, END_HEADERS, 1),
];
test('headers that are too large', sends, tooMuch, 'goaway CALM', 'reset CALM', 'reset REFUSED', 'reset PROTOCOL');

test('more streams than are allowed are refused', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  const ids = Array.from({ length: LIMITS.streamsPerSessionMax + 10 }, (_, i) => 2 * i + 1);
  peer.send(GREETING, ...ids.map((id) => request(id, {}, END_HEADERS)));
  t.true(await peer.answersPing());
  t.is(target.open.size, LIMITS.streamsPerSessionMax);
  const refused = ids.slice(LIMITS.streamsPerSessionMax);
  t.deepEqual(
    refused.map((id) => peer.reset(id)),
    refused.map(() => 7),
  );
  peer.send(data(END_STREAM));
  await peer.until(() => peer.answered(1));
  peer.send(request(2 * ids.length + 1));
  await peer.until(() => peer.answered(2 * ids.length + 1));
  t.is(peer.body(2 * ids.length + 1), ANSWER_BYTES);
  await others(t, target, peer);
});

const speaks = test.macro({
  async exec(t, bytes: string | Uint8Array) {
    const target = await startTarget(t);
    const peer = await connectPeer(t, target.address);
    peer.send(Buffer.from(bytes));
    await peer.until(() => peer.closed);
    t.true([undefined, 1].includes(peer.goaway()));
    await others(t, target, peer);
  },
  title: (title) => `${title} is no HTTP/2, and cut off`,
});
test('a request of HTTP/1.1', speaks, 'GET / HTTP/1.1\r\nHost: test\r\n\r\n');
test('a hello of TLS', speaks, Buffer.from(`16030100a5010000a10303${'11'.repeat(160)}`, 'hex'));
test('zeros', speaks, Buffer.alloc(100));
test('a preface with another end', speaks, `${PREFACE.slice(0, -1)}\r`);
test(
  'a ping in place of settings',
  speaks,
  Buffer.concat([Buffer.from(PREFACE), frame(FRAME.PING, 0, 0, Buffer.alloc(8))]),
);
test(
  'an acknowledgement in place of settings',
  speaks,
  Buffer.concat([Buffer.from(PREFACE), frame(FRAME.SETTINGS, ACK, 0)]),
);
