import { setImmediate as nextTurn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { LIMITS } from '../../../sidecar/kernel/limits.js';
import { ACK, END_HEADERS, FRAME, frame, PREFACE } from '../raw-http2.js';
import { until } from '../rig.js';
import { connectPeer, GREETING, type Peer, request, setting, uint32 } from './peer.js';
import { ANSWER_BYTES, LARGE_BYTES, startTarget, type Target } from './target.js';

/** Takes all that a server has to say. */
const WIDE = Buffer.concat([
  frame(FRAME.SETTINGS, 0, 0, setting(4, 0x7fff_ffff)),
  frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0x7fff_0000)),
]);

/** The connection is there after a time, and is not a little later. */
async function lasts(t: ExecutionContext, target: Target, peer: Peer, ms: number): Promise<void> {
  target.pass(ms - 2000);
  await nextTurn();
  await nextTurn(); // what was written goes out
  t.is(target.connections.size, 1);
  t.false(peer.closed);
  target.pass(5000);
  await peer.until(() => peer.closed);
  await until(() => target.connections.size === 0);
  t.is(target.open.size, 0);
  t.deepEqual(target.faults, []);
}

const unbegun = test.macro({
  async exec(t, bytes: string) {
    const target = await startTarget(t);
    const peer = await connectPeer(t, target.address);
    peer.send(Buffer.from(bytes));
    await until(() => [...target.sockets].some(({ bytesRead }) => bytesRead === bytes.length));
    await lasts(t, target, peer, LIMITS.prefaceMsMax);
  },
  title: (title) => `who sends ${title} and no more is cut off soon`,
});
test('nothing', unbegun, '');
test('half a preface', unbegun, PREFACE.slice(0, 12));
test('a preface', unbegun, PREFACE);

test('who sends a preface octet by octet is cut off as soon', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  for (let sent = 1; sent <= 6; sent += 1) {
    peer.send(Buffer.from(PREFACE.slice(sent - 1, sent)));
    await until(() => [...target.sockets].some(({ bytesRead }) => bytesRead === sent));
    t.false(peer.closed);
    target.pass(LIMITS.prefaceMsMax / 6);
  }
  target.pass(2000);
  await nextTurn();
  await nextTurn(); // its socket is closed
  t.is(target.connections.size, 0);
});

const silent = test.macro({
  async exec(t, bytes: Uint8Array, streams: number) {
    const target = await startTarget(t);
    const peer = await connectPeer(t, target.address);
    peer.send(GREETING);
    t.true(await peer.answersPing(bytes));
    t.is(target.open.size, streams);
    target.pass(1000);
    await lasts(t, target, peer, LIMITS.keepaliveMs + LIMITS.keepaliveTimeoutMs);
    t.is(pingsOf(peer).length, 1);
  },
  title: (title) => `who answers no ping after ${title} is cut off`,
});
const open = request(1, {}, END_HEADERS);
test('settings', silent, Buffer.alloc(0), 0);
test('half a request', silent, open, 1);
test('half a frame', silent, open.subarray(0, 20), 0);
test('half of the headers', silent, request(1, {}, 0), 0);

test('a peer that does not read is cut off, though it goes on sending', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  peer.send(GREETING);
  t.true(await peer.answersPing());
  peer.socket.pause();
  peer.send(WIDE, ...Array.from({ length: 100 }, (_, i) => request(2 * i + 1, { ':path': '/large' })));
  await until(() => [...target.sockets].some(({ writableLength }) => writableLength > 0));
  target.pass(1000);
  t.is(target.connections.size, 1);
  peer.send(frame(FRAME.PRIORITY, 0, 1, Buffer.alloc(5, 1)));
  target.pass(LIMITS.keepaliveTimeoutMs + 2000);
  t.is(target.open.size, 0);
  await until(() => target.connections.size === 0);
  t.deepEqual(target.faults, []);
});

const pingsOf = (peer: Peer) => peer.heard.filter(({ type, flags }) => type === FRAME.PING && !(flags & ACK));

test('a quiet peer is pinged, and stays for as long as it answers', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  peer.send(GREETING, request(1, {}, END_HEADERS));
  t.true(await peer.answersPing());
  for (let pings = 1; pings <= 5; pings += 1) {
    target.pass(LIMITS.keepaliveMs + 2000);
    await peer.until(() => pingsOf(peer).length === pings);
    for (const { payload } of pingsOf(peer).slice(-1)) peer.send(frame(FRAME.PING, ACK, 0, payload));
    t.true(await peer.answersPing());
  }
  t.is(target.open.size, 1);
});

test('a connection without a stream is told to end after two hours, and ends', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  peer.send(GREETING);
  let ms = 0;
  for (; await peer.answersPing(); ms += 30_000) target.pass(30_000);
  t.true(Math.abs(ms - LIMITS.connectionIdleMsMax) <= 60_000, `${ms} ms`);
  t.is(peer.goaway(), 0);
  await until(() => target.connections.size === 0);
});

test('a peer that reads slowly, and never stops, is not taken for one that does not read', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  const ids = Array.from({ length: 60 }, (_, i) => 2 * i + 1);
  peer.send(GREETING, WIDE, ...ids.map((id) => request(id, { ':path': '/large' })));
  let bytes = 0;
  peer.socket.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  for (let seconds = 1; seconds <= ids.length - 2; seconds += 1) {
    await peer.until(() => bytes >= seconds * LARGE_BYTES);
    peer.socket.pause();
    await nextTurn();
    target.pass(1000);
    peer.socket.resume();
  }
  await peer.until(() => ids.every((id) => peer.answered(id)));
  t.deepEqual(
    ids.map((id) => peer.body(id)),
    ids.map(() => LARGE_BYTES),
  );
});

test('what was under way for a stream that was reset is no fault of the peer', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  const faulty = { 'content-length': '1' };
  peer.send(
    GREETING,
    request(1, faulty, END_HEADERS),
    frame(FRAME.DATA, 0, 1, Buffer.alloc(100)),
    frame(FRAME.DATA, 0, 1, Buffer.alloc(100)),
    frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1)),
    frame(FRAME.HEADERS, 5, 1, Buffer.from([0, 1, 0x61, 1, 0x62])),
    request(3),
  );
  await peer.until(() => peer.answered(3));
  t.is(peer.body(3), ANSWER_BYTES);
  t.is(peer.heard.filter(({ type }) => type === FRAME.RST_STREAM).length, 1);
  t.true(await peer.answersPing());
});
