import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect as connectHttp2, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';

/**
 * Writes pieces of HTTP/1.1 as they are, pausing where a piece is a number of milliseconds, and resolves to all that
 * came back. The request must ask for `connection: close`.
 */
export async function sendRaw(port: number, pieces: readonly (string | number)[]): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  const closed = once(socket, 'close');
  for (const piece of pieces) {
    if (typeof piece === 'number') await sleep(piece);
    else socket.write(piece);
  }
  await closed;
  return answer;
}

/** An HTTP/2 answer as it came. */
export interface Http2Answer {
  readonly headers: IncomingHttpHeaders & { readonly ':status'?: number };
  /** The headers ended the stream: nothing follows. */
  readonly endsWithHeaders: boolean;
}

/** One HTTP/2 request without TLS; no body at all, not even an empty one, when `body` is left out. */
export async function sendHttp2(
  port: number,
  headers: OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<Http2Answer> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    const request = session.request(headers, { endStream: body === undefined });
    const answered = once(request, 'response') as Promise<[Http2Answer['headers'], number]>;
    if (body !== undefined) request.end(body);
    const [answer, flags] = await answered;
    request.resume();
    return { headers: answer, endsWithHeaders: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 };
  } finally {
    session.destroy();
  }
}

/** Asks for a tunnel (RFC 9110 9.3.6) and resolves to the status of the answer. */
export async function connectHttp1(port: number): Promise<number> {
  const asked = request({ host: '127.0.0.1', port, method: 'CONNECT', path: 'a.example:443' }).end();
  const [answer, socket] = (await once(asked, 'connect')) as [IncomingMessage, Socket];
  socket.destroy();
  return answer.statusCode ?? 0;
}

/** One unary gRPC call of a method that nobody serves; resolves to the error that the caller sees. */
export async function callGrpc(port: number, message: Buffer): Promise<ServiceError> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest('/some.Service/Method', same, same, message, (error) =>
        error ? resolve(error) : reject(new Error('the call was answered')),
      );
    });
  } finally {
    client.close();
  }
}
