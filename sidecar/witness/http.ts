import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import { LIMITS } from '../kernel/limits.js';
import type { Answer, Witness } from './witness.js';

const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: LIMITS.opsHeaderBytesMax,
  headersTimeout: LIMITS.witnessRequestMsMax,
  requestTimeout: LIMITS.witnessRequestMsMax,
  keepAliveTimeout: LIMITS.witnessIdleMsMax,
  connectionsCheckingInterval: 1000,
};

/**
 * The HTTP server of a witness (C2SP tlog-witness): `POST /add-checkpoint`, over TLS where `tls` is given. Connections are
 * kept for further requests.
 */
export function createWitnessServer(witness: Witness, tls?: TlsOptions): Server {
  const listener: RequestListener = (request, response) => {
    request.on('error', () => {}); // the caller went away; there is nobody to tell
    response.on('error', () => {});
    void answerTo(witness, request).then(({ status, contentType, body }) => {
      response.writeHead(status, {
        'content-type': contentType,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        ...(status === 405 && { allow: 'POST' }),
        // What was not read of a body must not be taken for the next request.
        ...(!request.complete && { connection: 'close' }),
      });
      response.end(body);
    });
  };
  const server = tls
    ? createSecureServer({ ...SERVER_OPTIONS, ...tls }, listener)
    : createServer(SERVER_OPTIONS, listener);
  server.maxConnections = LIMITS.witnessConnectionsMax;
  server.setTimeout(LIMITS.witnessIdleMsMax); // also ends a caller that does not read its answer
  return server;
}

async function answerTo(witness: Witness, request: IncomingMessage): Promise<Answer> {
  if (request.url !== '/add-checkpoint') return refusal(404, 'not found');
  if (request.method !== 'POST') return refusal(405, 'only POST');
  const body = await readBounded(request);
  return body ? witness.addCheckpoint(body) : refusal(413, `more than ${LIMITS.witnessRequestBytesMax} bytes`);
}

/** The body, or undefined when it is too large. */
async function readBounded(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      length += chunk.length;
      if (length > LIMITS.witnessRequestBytesMax) return undefined;
      chunks.push(chunk);
    }
  } catch {
    // Cut off on its way: what has arrived is no whole request, and its answer reaches nobody.
    return Buffer.alloc(0);
  }
  return Buffer.concat(chunks);
}

function refusal(status: number, line: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n` };
}
