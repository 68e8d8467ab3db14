import test from 'ava';
import { startServerProcess } from '../load-process.js';
import { END_HEADERS, END_STREAM, FRAME, frame, headerBlock } from '../raw-http2.js';
import { connectPeer, GREETING, honestClient, type Peer, request, SETTINGS_ACK, setting, uint32 } from './peer.js';
import { ANSWER_BYTES } from './target.js';
import type { TargetState } from './target-process.js';

const MIB = 1024 * 1024;
/** What an attack may add to the memory of a server: its garbage until the next collection is most of it. */
const MORE_MIB_MAX = 96;
/** What a client holds of what it sends, so that it goes as fast as the server reads. */
const BATCH_BYTES = 64 * 1024;

const target = new URL('target-process.js', import.meta.url);

interface Attack {
  /** Sent once, behind the greeting. */
  readonly before?: readonly Uint8Array[];
  /** Sent until the connection is closed, or `times` is reached. */
  readonly flood: (i: number) => Uint8Array;
  readonly times: number;
  /** The server may read all of it, if that costs it nothing. */
  readonly mayPass?: true;
  /** The peer reads nothing of what it is told. */
  readonly isDeaf?: true;
}

/** Runs an attack beside an honest client. Once a deaf peer can send no more, time goes on: a server that waits for it may lose its patience. */
const survives = test.macro({
  async exec(t, { before = [], flood, times, mayPass, isDeaf }: Attack) {
    const { address, state } = await startServerProcess<TargetState>(t, target);
    const ask = await honestClient(t, address);
    t.is(await ask(), ANSWER_BYTES);
    const { rss } = await state();
    const peer = await connectPeer(t, address);
    if (isDeaf) peer.socket.pause();
    peer.send(GREETING, ...before);
    const isSent = sendAll(peer, flood, times);
    let now: TargetState;
    let [written, stuck] = [0, 0];
    do {
      t.is(await ask(), ANSWER_BYTES);
      stuck = peer.socket.bytesWritten === written ? stuck + 1 : 0;
      written = peer.socket.bytesWritten;
      now = await state(isDeaf && stuck >= 5 ? '5000' : '');
    } while (now.connections > 1 && !(mayPass && isSent()));
    const isHeard = now.connections > 1 && (isDeaf ? !peer.socket.destroyed : await peer.answersPing());
    const end = `${isHeard ? 'heard' : 'cut off'} after ${peer.socket.bytesWritten} bytes, GOAWAY ${peer.goaway()}`;
    peer.socket.destroy();
    while (now.connections > 1 || now.streams > 0) now = await state();
    t.is(await ask(), ANSWER_BYTES);
    t.deepEqual(now.faults, []);
    const moreMiB = Math.round((now.peakRss - rss) / MIB);
    t.log(`${end}, ${moreMiB} MiB more, ${now.cpuMs.toFixed(0)} ms of the server`);
    t.true(moreMiB < MORE_MIB_MAX, `${moreMiB} MiB more`);
  },
  title: (title) => `${title}: others are served, memory stays flat`,
});

/** As fast as the server reads, until the end of its connection. Returns whether that is done. */
function sendAll(peer: Peer, flood: Attack['flood'], times: number): () => boolean {
  let sent = 0;
  let isDone = false;
  const more = () => {
    isDone = sent >= times || peer.socket.destroyed || peer.goaway() !== undefined;
    if (isDone) return;
    const batch: Uint8Array[] = [];
    for (let bytes = 0; sent < times && bytes < BATCH_BYTES; bytes += batch.at(-1)?.length ?? 0)
      batch.push(flood(sent++));
    peer.socket.write(Buffer.concat(batch), more);
  };
  more();
  return () => isDone;
}

const flood = (title: string, attack: Attack) => test.serial(title, survives, attack);
const reset = (id: number) => frame(FRAME.RST_STREAM, 0, id, uint32(8));
const idOf = (i: number) => 2 * i + 1;
const open = (id: number) => request(id, {}, END_HEADERS);
const together = (...pieces: Uint8Array[]) => Buffer.concat(pieces);

flood('rapid reset (CVE-2023-44487)', { flood: (i) => together(open(idOf(i)), reset(idOf(i))), times: 200_000 });

// Resets that the peer makes the server send (CVE-2025-8671).
const provocations: Readonly<Record<string, (id: number) => Uint8Array>> = {
  'no more window': (id) => frame(FRAME.WINDOW_UPDATE, 0, id, uint32(0)),
  'too much window': (id) => frame(FRAME.WINDOW_UPDATE, 0, id, uint32(0x7fff_ffff)),
  'a body after the end': (id) => together(frame(FRAME.DATA, END_STREAM, id), frame(FRAME.DATA, 0, id)),
  'trailers that do not end': (id) => open(id),
  'a priority of four bytes': (id) => frame(FRAME.PRIORITY, 0, id, uint32(0)),
  'a body longer than said': (id) => frame(FRAME.DATA, END_STREAM, id, Buffer.from('data')),
};
for (const [name, frameOf] of Object.entries(provocations)) {
  const opening = (id: number) => request(id, name.endsWith('said') ? { 'content-length': '1' } : {}, END_HEADERS);
  flood(`a reset of the server for ${name}, again and again`, {
    flood: (i) => together(opening(idOf(i)), frameOf(idOf(i))),
    times: 200_000,
    // An answer that is under way when a body comes behind the end may go out; nothing is reset then.
    ...(name === 'a body after the end' && { mayPass: true }),
  });
}
flood('malformed requests without end', { flood: (i) => request(idOf(i), { connection: 'x' }), times: 200_000 });

const filler = headerBlock({ 'x-filler': 'y'.repeat(8000) });
flood('CONTINUATION frames without end (CVE-2024-27316)', {
  before: [request(1, {}, 0)],
  flood: () => frame(FRAME.CONTINUATION, 0, 1, filler),
  times: 10_000,
});
flood('empty CONTINUATION frames without end', {
  before: [request(1, {}, 0)],
  flood: () => frame(FRAME.CONTINUATION, 0, 1),
  times: 1_000_000,
});

/** RFC 7541 section 6.2.1: an entry of 4,000 bytes at the head of the table; and a block that refers to it 16,000 times. */
const entry = together(Buffer.from([0x40]), headerBlock({ 'x-bomb': 'z'.repeat(3900) }).subarray(1));
const references = frame(FRAME.CONTINUATION, END_HEADERS, 1, Buffer.alloc(16_000, 0xbe));
flood('a header block that unpacks to 64 MB', {
  flood: (i) => {
    const first = headerBlock({ ':method': 'POST', ':scheme': 'http', ':path': '/', ':authority': 'test' });
    const bomb = Buffer.from(references);
    bomb.writeUInt32BE(idOf(i), 5);
    return together(frame(FRAME.HEADERS, END_STREAM, idOf(i), together(first, entry)), bomb);
  },
  times: 2000,
  mayPass: true,
});

const ping = frame(FRAME.PING, 0, 0, Buffer.alloc(8));
const settings = frame(FRAME.SETTINGS, 0, 0, setting(4, 1000));
flood('pings', { flood: () => ping, times: 500_000, mayPass: true });
flood('pings whose answers are not read (CVE-2019-9512)', {
  flood: () => ping,
  times: 8_000_000,
  isDeaf: true,
});
flood('settings', { flood: () => settings, times: 500_000 });
flood('settings whose answers are not read (CVE-2019-9515)', {
  flood: () => frame(FRAME.SETTINGS, 0, 0),
  times: 8_000_000,
  isDeaf: true,
});
flood('priorities (CVE-2019-9513)', {
  flood: (i) => frame(FRAME.PRIORITY, 0, idOf(i % 1000), Buffer.alloc(5, 1)),
  times: 500_000,
  mayPass: true,
});
flood('unknown frames', { flood: () => frame(0xbe, 0, 0), times: 1_000_000, mayPass: true });
flood('window for a connection, byte by byte', {
  flood: () => frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1)),
  times: 500_000,
  mayPass: true,
});
flood('empty pieces of a body (CVE-2019-9518)', {
  before: [open(1)],
  flood: () => frame(FRAME.DATA, 0, 1),
  times: 1_000_000,
  mayPass: true,
});
flood('empty headers (CVE-2019-9514)', { flood: (i) => frame(FRAME.HEADERS, END_HEADERS, idOf(i)), times: 200_000 });

// Answers that are not taken: 250 of 1 MiB each.
const IDS = Array.from({ length: 250 }, (_, i) => idOf(i));
const large = IDS.map((id) => request(id, { ':path': '/large' }));
flood('large answers and no window for them (CVE-2019-9517)', {
  before: [frame(FRAME.SETTINGS, 0, 0, setting(4, 0)), ...large],
  flood: () => ping,
  times: 1000,
  mayPass: true,
});
flood('large answers and a window of one byte at a time (CVE-2019-9511)', {
  before: [frame(FRAME.SETTINGS, 0, 0, setting(4, 1)), ...large],
  flood: (i) => frame(FRAME.WINDOW_UPDATE, 0, IDS[i % IDS.length] ?? 1, uint32(1)),
  times: 50_000,
  mayPass: true,
});
flood('large answers and a peer that does not read its socket', {
  before: [
    frame(FRAME.SETTINGS, 0, 0, setting(4, 0x7fff_ffff)),
    frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0x7fff_0000)),
    ...large,
  ],
  flood: () => SETTINGS_ACK,
  times: 1,
  isDeaf: true,
});
