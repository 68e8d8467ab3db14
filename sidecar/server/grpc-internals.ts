import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { PassThrough } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type Metadata, Server, type ServerInterceptingCallInterface, type ServerUnaryCall } from '@grpc/grpc-js';
import { BaseServerInterceptingCall } from '@grpc/grpc-js/build/src/server-interceptors.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { clientIdOf } from './client-id.js';
import { LargeMessage, type MessageDecoder } from './large-message.js';

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
  decoder: PieceDecoder | LargeMessage | typeof NO_DECODER;
}

/** The decoder of grpc-js. */
interface PieceDecoder extends MessageDecoder {
  /** What comes next: 0 = the prefix of a message, 1 = the rest of it, 2 = the message. */
  readState: number;
  /** First byte of the prefix. */
  readonly readCompressFlag: Buffer;
  /** Its other four: the size. */
  readonly readPartialSize: Buffer;
  readonly readMessageSize: number;
  readonly readMessageRemaining: number;
}

/** What a handler is given. */
interface HandlerCallInternals {
  call: unknown;
  metadata: unknown;
  request: unknown;
  trailingMetadata: unknown;
}

const NEXT_IS_PREFIX = 0;
const NEXT_IS_MESSAGE = 2;

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
  const internals = call as unknown as CallInternals;
  internals.decoder.readPartialMessage = [];
  if (internals.decoder instanceof LargeMessage) internals.decoder = NO_DECODER;
}

/**
 * Takes everything from a closed stream that it refers to. V8 makes a function in the old generation when it is written as one that
 * is assigned to a property (Parser::CheckAssigningFunctionLiteralToProperty), as Node's `WritableState.onwrite` is, which refers to the
 * stream: so every stream, and all of a call with it, would live until the next full collection.
 */
export function emptyStream(stream: ServerHttp2Stream): void {
  const { removeAllListeners } = EventEmitter.prototype;
  removeAllListeners.call(stream, 'removeListener'); // else Node removes all others one by one, and tells each of them
  removeAllListeners.call(stream);
  stream.on('error', ignore);
  const texts = stream as unknown as Record<symbol, unknown>;
  textsOfStream ??= Object.getOwnPropertySymbols(stream).filter(({ description = '' }) => TEXTS.has(description));
  for (const name of textsOfStream) texts[name] = undefined;
}

/** Where Node keeps the headers of a stream: texts outside of V8's memory, each of which a full collection has to give back by itself. */
const TEXTS: ReadonlySet<string> = new Set(['authority', 'protocol', 'sent-headers', 'sent-trailers']);
let textsOfStream: readonly symbol[] | undefined;

function ignore(): void {}

/** Likewise with what grpc-js gives to a handler, which is a stream of Node, too. Afterwards it is of no use. */
export function emptyCall(call: ServerUnaryCall<unknown, unknown>): void {
  const internals = call as unknown as HandlerCallInternals;
  internals.call = undefined;
  internals.metadata = undefined;
  internals.request = undefined;
  internals.trailingMetadata = undefined;
}

/** Of a call that is to receive no more. */
const NO_DECODER = { write: (_data: Buffer): Buffer[] => [], readPartialMessage: [] as Buffer[], isOver: true };

/** What is there of a message before it gets its memory. */
const BEGUN_SHARE = 0.25;

/**
 * Sees to the piece received last of a message that is not whole yet: of a large one, once a part is there, pieces are put together
 * as they come (see LargeMessage). Before that a hostile caller, who announces much and sends little, would be given memory.
 */
export function keepPiece(call: ServerInterceptingCallInterface): void {
  const internals = call as unknown as CallInternals;
  const { decoder } = internals;
  if (decoder instanceof LargeMessage || 'isOver' in decoder) return;
  compactLastPiece(decoder);
  const { readMessageSize: bytes, readMessageRemaining: left, readPartialMessage: pieces } = decoder;
  if (decoder.readState !== NEXT_IS_MESSAGE || bytes < LIMITS.gatheredBytesMin || bytes - left < BEGUN_SHARE * bytes)
    return;
  const prefix = Buffer.concat([decoder.readCompressFlag, decoder.readPartialSize]);
  internals.decoder = new LargeMessage({ prefix, bytes, pieces }, (rest) => {
    internals.decoder = decoder;
    decoder.readState = NEXT_IS_PREFIX;
    return decoder.write(rest);
  });
  decoder.readPartialMessage = [];
}

/**
 * Copies the piece received last when it is a small part of one read of the socket: a piece keeps the whole read in
 * memory, and a caller could fill the rest of it with other streams. Afterwards a piece holds at most a third more than
 * its own bytes.
 */
function compactLastPiece({ readPartialMessage: pieces }: PieceDecoder): void {
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
  const { incomingEncoding, stream: kept, metadata } = call as unknown as Partial<CallInternals>;
  const decoder = (call as unknown as { decoder?: Partial<PieceDecoder> }).decoder;
  // A message of four bytes of which two are there.
  const whole = decoder?.write?.(Buffer.from([0, 0, 0, 0, 4, 1, 2]));
  const server = new Server({ 'grpc.max_concurrent_streams': 1 });
  const { commonServerOptions } = server as unknown as Partial<ServerInternals>;
  server.forceShutdown();
  const fits =
    kept === stream &&
    incomingEncoding === 'probe' &&
    Array.isArray(metadata?.get('probe')) &&
    whole?.length === 0 &&
    decoder?.readPartialMessage?.length === 1 &&
    decoder.readState === NEXT_IS_MESSAGE &&
    decoder.readMessageSize === 4 &&
    decoder.readMessageRemaining === 2 &&
    decoder.readCompressFlag?.length === 1 &&
    decoder.readPartialSize?.readUInt32BE() === 4 &&
    typeof commonServerOptions?.['settings'] === 'object';
  if (!fits) throw new JiminiError('JIMINI_INTERNAL', 'this version of @grpc/grpc-js is not the one that is supported');
}
