import test from 'ava';
import { FRAME, frame, WINDOW } from '../raw-http2.js';
import { connectPeer, GREETING, type Peer, request, setting, uint32 } from './peer.js';
import { LARGE_BYTES, startTarget } from './target.js';

const more = (streamId: number, bytes: number) => frame(FRAME.WINDOW_UPDATE, 0, streamId, uint32(bytes));
const firstWindow = (bytes: number) => frame(FRAME.SETTINGS, 0, 0, setting(4, bytes));

/** Bytes of both answers, once all that may be sent was sent: what waits for a turn of the server goes out before a second PING is answered. */
async function bodies(peer: Peer, ...frames: readonly Uint8Array[]): Promise<[number, number]> {
  peer.send(...frames);
  await peer.answersPing();
  await peer.answersPing();
  return [peer.body(1), peer.body(3)];
}

const large = (id: number) => request(id, { ':path': '/large' });

test('a server sends as much as the windows allow, and not one byte more (RFC 9113 section 6.9)', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  // The window of a stream, as settings change it.
  t.deepEqual(await bodies(peer, GREETING, firstWindow(100), large(1), large(3)), [100, 100]);
  t.deepEqual(await bodies(peer, more(3, 7)), [100, 107]);
  t.deepEqual(await bodies(peer, firstWindow(1000)), [1000, 1007]);
  t.deepEqual(await bodies(peer, firstWindow(400), more(1, 600)), [1000, 1007], 'windows may be negative (6.9.2)');
  t.deepEqual(await bodies(peer, more(1, 1)), [1001, 1007]);
  t.deepEqual(await bodies(peer, more(3, 600)), [1001, 1007]);
  t.deepEqual(await bodies(peer, firstWindow(500)), [1101, 1107]);
  // The window of the connection.
  const [one, other] = await bodies(peer, firstWindow(0x7fff_0000));
  t.is(one + other, WINDOW);
  const [, later] = await bodies(peer, more(0, 10));
  t.is(peer.body(1) + later, WINDOW + 10);
  peer.send(more(0, 2 * LARGE_BYTES));
  await peer.until(() => peer.answered(1) && peer.answered(3));
  t.deepEqual([peer.body(1), peer.body(3)], [LARGE_BYTES, LARGE_BYTES]);
});

test('answers that wait for the window of the connection get it in turns', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  const before = await bodies(peer, GREETING, firstWindow(LARGE_BYTES), large(1), large(3));
  for (let i = 0; i < 128; i += 1) peer.send(more(0, 10));
  const after = await bodies(peer);
  for (const at of [0, 1] as const) t.true(after[at] > before[at], `${before} ${after}`);
});

test('an answer of the size of its window is whole, and its trailers need no window', async (t) => {
  const target = await startTarget(t);
  const peer = await connectPeer(t, target.address);
  peer.send(GREETING, firstWindow(0), request(1));
  await peer.answersPing();
  t.is(peer.body(1), 0);
  t.false(peer.answered(1));
  peer.send(more(1, 3000));
  await peer.until(() => peer.answered(1));
  t.is(peer.body(1), 3000);
});
