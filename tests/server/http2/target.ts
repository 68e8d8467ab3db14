import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { ExecutionContext } from 'ava';
import { type Connection, createConnection } from '../../../sidecar/server/http2/connection.js';
import type { RequestListener, ServerStream } from '../../../sidecar/server/http2/server-stream.js';
import { headerBlock } from '../raw-http2.js';
import { type Watch, watched } from './watched-listener.js';

/** Bytes of an answer on any path but those below. */
export const ANSWER_BYTES = 3000;
/** Bytes of an answer on `/large`: more than any window is at first. */
export const LARGE_BYTES = 1024 * 1024;

const OK = headerBlock({ ':status': '200', 'content-type': 'text/plain' });
const TRAILERS = headerBlock({ 'x-trailer': 'whole' });
const SMALL = Buffer.alloc(ANSWER_BYTES, 'a');
const LARGE = Buffer.alloc(LARGE_BYTES, 'b');
/** `/headers`: more than fits into one frame. */
const LONG = headerBlock({
  ':status': '200',
  ...Object.fromEntries([1, 2, 3].map((i) => [`x-${i}`, 'c'.repeat(12_000)])),
});
const PIECE_BYTES = 48 * 1024;

/** A listener on loopback that has nothing but the HTTP/2 connection between its sockets and its answers. */
export interface Target extends Watch {
  readonly address: string;
  readonly port: number;
  readonly connections: ReadonlySet<Connection>;
  /** Those under the connections. */
  readonly sockets: ReadonlySet<Socket>;
  /** Lets the clock of `review` go on by so much, second by second. */
  pass(ms: number): void;
  close(): void;
}

/** Starts a target that is cut after the test. */
export async function startTarget(t: ExecutionContext, tls?: TlsOptions): Promise<Target> {
  const target = await createTarget(tls);
  t.teardown(() => target.close());
  return target;
}

export async function createTarget(tls?: TlsOptions): Promise<Target> {
  const watch: Watch = { faults: [], open: new Set() };
  const connections = new Set<Connection>();
  const sockets = new Set<Socket>();
  const onRequest = watched(answer, watch);
  const take = (socket: Socket) => {
    socket.on('error', () => {}); // what the peer does to its socket is not a fault of ours
    const connection = createConnection(socket, { onRequest, onFault: (error) => watch.faults.push(String(error)) });
    connections.add(connection);
    sockets.add(socket);
    socket.once('close', () => connections.delete(connection) && sockets.delete(socket));
  };
  const server: Server = tls ? createTlsServer({ ...tls, ALPNProtocols: ['h2'] }, take) : createServer(take);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let aheadMs = 0;
  const review = () => {
    for (const connection of connections) connection.review(performance.now() + aheadMs);
  };
  const timer = setInterval(review, 1000).unref();
  return {
    ...watch,
    address: `127.0.0.1:${port}`,
    port,
    connections,
    sockets,
    pass(ms) {
      for (const endMs = aheadMs + ms; aheadMs < endMs; aheadMs += 1000) review();
    },
    close() {
      clearInterval(timer);
      server.close();
      for (const connection of connections) connection.destroy();
    },
  };
}

/**
 * `/echo` sends back what came, in pieces; `/large` a large body in one piece, `/headers` large headers only; any other path a small one, all after the end of
 * the request. `/early` answers before it. Each has a trailer.
 */
const answer: RequestListener = (stream) => {
  const path = stream.headers.get(':path') ?? '';
  const pieces: Buffer[] = [];
  if (path === '/early') send(stream, SMALL);
  return {
    onData(piece) {
      if (path === '/echo') pieces.push(Buffer.from(piece));
    },
    onEnd() {
      if (path === '/echo') echo(stream, Buffer.concat(pieces));
      else if (path === '/headers') stream.respond(LONG, true);
      else if (path !== '/early') send(stream, path === '/large' ? LARGE : SMALL);
    },
    onClose() {
      pieces.length = 0;
    },
  };
};

function send(stream: ServerStream, body: Buffer): void {
  stream.respond(OK, false);
  stream.write(body);
  stream.end(TRAILERS);
}

function echo(stream: ServerStream, body: Buffer): void {
  let at = 0;
  const more = () => {
    if (at >= body.length) return stream.end(TRAILERS);
    const piece = body.subarray(at, at + PIECE_BYTES);
    at += piece.length;
    stream.write(piece, more);
  };
  stream.respond(OK, false);
  more();
}
