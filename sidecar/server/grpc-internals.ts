import type { ServerHttp2Stream } from 'node:http2';
import { PassThrough } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type Metadata, Server, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { BaseServerInterceptingCall } from '@grpc/grpc-js/build/src/server-interceptors.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { clientIdOf } from './client-id.js';

/**
 * The private parts of grpc-js 1.14.7 that we rely on, all of them in this file. grpc-js offers no way to see a message
 * before it is whole, nor to set Node's limits on resets and headers. It is pinned, and `assertGrpcInternals` refuses to
 * start on a version that has changed.
 */
interface CallInternals {
  readonly stream: ServerHttp2Stream;
  /** Value of `grpc-encoding`. */
  readonly incomingEncoding: string;
  /** Request headers without those that are gRPC's own. */
  readonly metadata: Metadata;
  /** Puts messages together; keeps the pieces of the last message until the next one begins. */
  readonly decoder: { readPartialMessage: Buffer[] };
}

/** Options for `http2.createServer`, which grpc-js fills from its own options. */
interface ServerInternals {
  readonly commonServerOptions: Record<string, unknown>;
}

/** The HTTP/2 stream of the innermost call of an interceptor chain. */
export function streamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream {
  return (call as unknown as CallInternals).stream;
}

/** True when the caller may send compressed messages. */
export function mayBeCompressed(call: ServerInterceptingCallInterface): boolean {
  return (call as unknown as CallInternals).incomingEncoding !== 'identity';
}

/** What a caller shows of himself. */
export interface Credentials {
  /** Values of the request header `authorization`. */
  readonly authorization: readonly string[];
  /** Name in the certificate that TLS has accepted (see `clientIdOf`); undefined without. */
  readonly clientId: string | undefined;
}

/** What the caller shows, as soon as the headers are there. */
export function credentialsOf(call: ServerInterceptingCallInterface): Credentials {
  const { metadata, stream } = call as unknown as CallInternals;
  const socket = stream.session?.socket as Partial<TLSSocket> | undefined;
  return {
    authorization: metadata.get('authorization').map(String),
    clientId: socket?.authorized === true ? clientIdOf(socket.getPeerX509Certificate?.()) : undefined,
  };
}

/** Lets go of the received pieces of a message: after it is whole they would double its memory, after an eviction keep it. */
export function dropReceivedPieces(call: ServerInterceptingCallInterface): void {
  (call as unknown as CallInternals).decoder.readPartialMessage = [];
}

/**
 * Copies the piece received last when it is a small part of one read of the socket: a piece keeps the whole read in
 * memory, and a caller could fill the rest of it with other streams. Afterwards a piece holds at most a third more than
 * its own bytes.
 */
export function compactLastPiece(call: ServerInterceptingCallInterface): void {
  const pieces = (call as unknown as CallInternals).decoder.readPartialMessage;
  const last = pieces.at(-1);
  if (!last || 4 * last.length >= 3 * last.buffer.byteLength) return;
  const copy = Buffer.allocUnsafeSlow(last.length); // not from Node's pool, which would be kept in turn
  last.copy(copy);
  pieces[pieces.length - 1] = copy;
}

/** Sets the HTTP/2 limits that grpc-js does not pass on. Takes effect for listeners made afterwards. */
export function limitSessions(server: Server): void {
  const { commonServerOptions } = server as unknown as ServerInternals;
  commonServerOptions['streamResetBurst'] = LIMITS.streamResetBurst;
  commonServerOptions['streamResetRate'] = LIMITS.streamResetsPerSecond;
  const settings = commonServerOptions['settings'] as Record<string, unknown>;
  settings['maxHeaderListSize'] = LIMITS.headerBytesMax;
}

/** Throws JIMINI_INTERNAL when grpc-js is not built the way this file expects. */
export function assertGrpcInternals(): void {
  const stream = new PassThrough() as unknown as ServerHttp2Stream;
  const call = new BaseServerInterceptingCall(stream, { 'grpc-encoding': 'probe' }, null, {} as never, {});
  const { incomingEncoding, decoder, stream: kept, metadata } = call as unknown as Partial<CallInternals>;
  const server = new Server({ 'grpc.max_concurrent_streams': 1 });
  const { commonServerOptions } = server as unknown as Partial<ServerInternals>;
  server.forceShutdown();
  const fits =
    kept === stream &&
    incomingEncoding === 'probe' &&
    Array.isArray(metadata?.get('probe')) &&
    Array.isArray(decoder?.readPartialMessage) &&
    typeof commonServerOptions?.['settings'] === 'object';
  if (!fits) throw new JiminiError('JIMINI_INTERNAL', 'this version of @grpc/grpc-js is not the one that is supported');
}
