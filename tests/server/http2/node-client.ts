import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { FLAG, FRAME, PREFACE, SETTING } from '../../../sidecar/server/http2/protocol.js';
import { frame } from '../raw-http2.js';

/** What one connection sends: requests, after SETTINGS that change the size of the client's table one after the other. */
export interface Phase {
  readonly tableBytes: readonly number[];
  readonly requests: readonly OutgoingHttpHeaders[];
}

/** The header blocks that Node's own client (nghttp2) makes of requests on one connection, in their order. */
export async function blocksOfClient(phases: readonly Phase[]): Promise<Buffer[]> {
  const blocks: Buffer[] = [];
  let pieces: Buffer[] = [];
  let acks = 0;
  const peer = await connectClient((_, type, flags, payload) => {
    if (type === FRAME.settings && flags === FLAG.ack) acks += 1;
    if (type !== FRAME.headers && type !== FRAME.continuation) return;
    pieces.push(Buffer.from(type === FRAME.headers && flags & FLAG.priority ? payload.subarray(5) : payload));
    if ((flags & FLAG.endHeaders) === 0) return;
    blocks.push(Buffer.concat(pieces));
    pieces = [];
  });
  let [acksDue, blocksDue] = [0, 0];
  for (const { tableBytes, requests } of phases) {
    peer.socket.write(Buffer.concat(tableBytes.map(tableSize)));
    acksDue += tableBytes.length;
    while (acks < acksDue) await once(peer.socket, 'data');
    for (const headers of requests) peer.client.request(headers).on('error', () => {});
    blocksDue += requests.length;
    while (blocks.length < blocksDue) await once(peer.socket, 'data');
  }
  await peer.close();
  return blocks;
}

/** What Node's own client reads from the header block of an answer: name, value, name, value, ... */
export async function readByClient(block: Uint8Array): Promise<string[]> {
  const peer = await connectClient((socket, type) => {
    const flags = FLAG.endStream | FLAG.endHeaders;
    if (type === FRAME.headers) socket.write(frame(FRAME.headers, flags, 1, block));
  });
  const request = peer.client.request({ ':path': '/' });
  const [, , fields] = await once(request, 'response');
  await peer.close();
  return fields;
}

type FrameListener = (socket: Socket, type: number, flags: number, payload: Buffer) => void;

interface ClientPeer {
  readonly client: ClientHttp2Session;
  /** Its other end. */
  readonly socket: Socket;
  close(): Promise<void>;
}

async function connectClient(onFrame: FrameListener): Promise<ClientPeer> {
  const server = createServer();
  const accepted = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => {});
  const [socket]: Socket[] = await accepted;
  if (socket === undefined) throw new Error('no connection');
  socket.on('error', () => {});
  readFrames(socket, onFrame);
  socket.write(frame(FRAME.settings, 0, 0));
  await once(client, 'remoteSettings');
  const close = async () => {
    client.destroy();
    socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { client, socket, close };
}

function readFrames(socket: Socket, onFrame: FrameListener): void {
  let rest = Buffer.alloc(0);
  let start = PREFACE.length;
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= start + 9 && rest.length >= start + 9 + rest.readUIntBE(start, 3)) {
      const end = start + 9 + rest.readUIntBE(start, 3);
      onFrame(socket, rest[start + 3] ?? 0, rest[start + 4] ?? 0, rest.subarray(start + 9, end));
      rest = rest.subarray(end);
      start = 0;
    }
  });
}

function tableSize(bytes: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(SETTING.headerTableSize, 0);
  payload.writeUInt32BE(bytes, 2);
  return frame(FRAME.settings, 0, 0, payload);
}
