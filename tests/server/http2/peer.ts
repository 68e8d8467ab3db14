import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import {
  ACK,
  connectSocket,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  readFrames,
} from '../raw-http2.js';

interface Seen {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A peer that says nothing by itself, and remembers all that it hears. */
export interface Peer {
  readonly socket: Socket;
  readonly heard: readonly Seen[];
  readonly closed: boolean;
  /** Error code of the last GOAWAY. */
  goaway(): number | undefined;
  /** The stream that the last GOAWAY names. */
  lastStreamId(): number | undefined;
  /** Error code of the reset of a stream. */
  reset(streamId: number): number | undefined;
  /** The server has ended its direction. */
  answered(streamId: number): boolean;
  /** Bytes of the body of an answer. */
  body(streamId: number): number;
  send(...pieces: Uint8Array[]): void;
  /** Looks at the condition whenever something has come, and at the end. Ends with the connection. */
  until(condition: () => boolean): Promise<void>;
  /** Whether a PING that is sent now is answered. All that was sent before was read by then, and what is sent `behind` it in one go. */
  answersPing(behind?: Uint8Array): Promise<boolean>;
}

export const SETTINGS = frame(FRAME.SETTINGS, 0, 0);
export const SETTINGS_ACK = frame(FRAME.SETTINGS, ACK, 0);
/** What a client begins with. */
export const GREETING = Buffer.concat([Buffer.from(PREFACE), SETTINGS, SETTINGS_ACK]);

/** Connects, and says nothing. The connection is cut after the test. */
export async function connectPeer(t: ExecutionContext, address: string): Promise<Peer> {
  const socket = await connectSocket(t, address);
  const heard: Seen[] = [];
  readFrames(socket, (type, flags, streamId, payload) => heard.push({ type, flags, streamId, payload }));
  const of = (type: number, streamId: number) => heard.filter((one) => one.type === type && one.streamId === streamId);
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!socket.closed && !condition()) return;
        socket.off('data', look).off('close', look);
        resolve();
      };
      socket.on('data', look).on('close', look);
      look();
    });
  let pings = 0;
  return {
    socket,
    heard,
    get closed() {
      return socket.closed;
    },
    goaway: () => of(FRAME.GOAWAY, 0).at(-1)?.payload.readUInt32BE(4),
    lastStreamId: () => of(FRAME.GOAWAY, 0).at(-1)?.payload.readUInt32BE(0),
    reset: (streamId) => of(FRAME.RST_STREAM, streamId)[0]?.payload.readUInt32BE(0),
    answered: (streamId) =>
      [...of(FRAME.HEADERS, streamId), ...of(FRAME.DATA, streamId)].some(({ flags }) => flags & END_STREAM),
    body: (streamId) => of(FRAME.DATA, streamId).reduce((sum, { payload }) => sum + payload.length, 0),
    send: (...pieces) => void socket.write(Buffer.concat(pieces)),
    until,
    async answersPing(behind = Buffer.alloc(0)) {
      const payload = Buffer.alloc(8, 'p');
      payload.writeUInt32BE(++pings);
      socket.write(Buffer.concat([frame(FRAME.PING, 0, 0, payload), behind]));
      const isAnswered = () => of(FRAME.PING, 0).some((one) => one.flags & ACK && one.payload.equals(payload));
      await until(isAnswered);
      return isAnswered();
    },
  };
}

/** A request that is complete but for what is said otherwise. */
export function request(
  streamId: number,
  fields: Record<string, string> = {},
  flags = END_STREAM | END_HEADERS,
): Buffer {
  const usual = { ':method': 'POST', ':scheme': 'http', ':path': '/', ':authority': 'test' };
  return frame(FRAME.HEADERS, flags, streamId, headerBlock({ ...usual, ...fields }));
}

/** A number as the payload of WINDOW_UPDATE and RST_STREAM has it. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One parameter of SETTINGS. */
export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}

/** Takes all that a server has to say. */
export const WIDE = Buffer.concat([
  frame(FRAME.SETTINGS, 0, 0, setting(4, 0x7fff_ffff)),
  frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0x7fff_0000)),
]);

/** Node's own client. Each call of the function resolves to how many bytes it was answered with. */
export async function honestClient(t: ExecutionContext, address: string): Promise<(path?: string) => Promise<number>> {
  const session = connectHttp2(`http://${address}`);
  t.teardown(() => session.destroy());
  await once(session, 'connect');
  return async (path = '/') => {
    let bytes = 0;
    const stream = session.request({ ':path': path });
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    await once(stream, 'close');
    return bytes;
  };
}
