import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

/** Frame types of RFC 9113 section 6. */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
};
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const PRIORITY = 32;

/** What a client sends first (RFC 9113 section 3.4). */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Bytes of one frame. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** A header block of literal fields that are not indexed (RFC 7541 6.2.2), without Huffman coding. */
export function headerBlock(headers: Record<string, string>): Buffer {
  const pieces = Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]);
  return Buffer.concat(pieces);
}

/** RFC 7541 5.2: length with a 7-bit prefix (5.1), then the bytes. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** The headers of a gRPC call. */
export function grpcHeaders(path: string, more: Record<string, string> = {}): Buffer {
  const names = { ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': 'test' };
  return headerBlock({ ...names, 'content-type': 'application/grpc', te: 'trailers', ...more });
}

/** What stands in front of a gRPC message of a length. */
export function prefix(messageBytes: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(messageBytes, 1);
  return header;
}

/** One HTTP/2 connection that sends whatever the test says, within or without the rules. */
export interface RawConnection {
  readonly socket: Socket;
  /** How often each stream got a frame of a type, by `type:streamId`. */
  readonly seen: Map<string, number>;
  /** Streams that the server has ended or reset. */
  readonly ended: Set<number>;
  /** Error codes of those that it has reset. */
  readonly resets: Map<number, number>;
  /** Error code of a GOAWAY, once there is one. */
  goaway(): number | undefined;
  send(...frames: Uint8Array[]): void;
  /** Sends as much of a message piece as the windows of flow control allow; returns how much. */
  sendData(streamId: number, piece: Uint8Array): number;
  /** Resolves with the next bytes from the server, or when the connection is closed. */
  turn(): Promise<void>;
}

/** Calls `onFrame` with each frame that comes from a server. */
export function readFrames(
  socket: Socket,
  onFrame: (type: number, flags: number, streamId: number, payload: Buffer) => void,
): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      onFrame(rest[3] ?? 0, rest[4] ?? 0, rest.readUInt32BE(5), rest.subarray(9, end));
      rest = rest.subarray(end);
    }
  });
}

/** Window of a new stream and of the connection (RFC 9113 section 6.9.2). */
export const WINDOW = 65_535;
const INITIAL_WINDOW_SIZE = 4;

/** Connects, and sends what it is given at once. The connection is cut after the test. */
export async function connectSocket(t: ExecutionContext, address: string): Promise<Socket> {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port), noDelay: true });
  t.teardown(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Connects and exchanges settings. */
export async function rawConnection(t: ExecutionContext, address: string): Promise<RawConnection> {
  const socket = await connectSocket(t, address);
  const seen = new Map<string, number>();
  const ended = new Set<number>();
  const resets = new Map<number, number>();
  const windows = new Map<number, number>();
  let initialWindow = WINDOW; // of streams; the server may say otherwise (RFC 9113 6.5.2)
  const windowOf = (streamId: number) => windows.get(streamId) ?? (streamId === 0 ? WINDOW : initialWindow);
  let goaway: number | undefined;
  const onFrame = (type: number, flags: number, streamId: number, payload: Buffer) => {
    seen.set(`${type}:${streamId}`, (seen.get(`${type}:${streamId}`) ?? 0) + 1);
    if (type === FRAME.SETTINGS && (flags & 1) === 0) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === INITIAL_WINDOW_SIZE) initialWindow = payload.readUInt32BE(at + 2);
      }
      socket.write(frame(FRAME.SETTINGS, 1, 0));
    }
    if (type === FRAME.WINDOW_UPDATE) windows.set(streamId, windowOf(streamId) + payload.readUInt32BE(0));
    if (type === FRAME.RST_STREAM) resets.set(streamId, payload.readUInt32BE(0));
    if (type === FRAME.GOAWAY) goaway = payload.readUInt32BE(4);
    const ends = type === FRAME.RST_STREAM || ((type === FRAME.HEADERS || type === FRAME.DATA) && flags & END_STREAM);
    if (ends) ended.add(streamId);
  };
  readFrames(socket, onFrame);
  socket.write(PREFACE);
  socket.write(frame(FRAME.SETTINGS, 0, 0));
  await once(socket, 'data');
  return {
    socket,
    seen,
    ended,
    resets,
    goaway: () => goaway,
    send: (...frames) => void socket.write(Buffer.concat(frames)),
    sendData(streamId, piece) {
      const size = Math.min(piece.length, 16_384, windowOf(0), windowOf(streamId));
      if (size <= 0) return 0;
      windows.set(0, windowOf(0) - size);
      windows.set(streamId, windowOf(streamId) - size);
      socket.write(frame(FRAME.DATA, 0, streamId, piece.subarray(0, size)));
      return size;
    },
    turn: () =>
      new Promise((resolve) => {
        const end = () => {
          socket.off('data', end).off('close', end);
          resolve();
        };
        socket.on('data', end).on('close', end);
      }),
  };
}
