import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { JiminiError } from '../kernel/errors.js';
import type { Principal } from './access/gate.js';
import type { Received } from './received.js';

/** What a streaming method sees of its call, apart from the message. */
export interface StreamContext {
  /** Aborts when the caller is gone, the deadline has passed, the server drains, or the caller may not go on. */
  readonly signal: AbortSignal;
  /** Who calls; undefined where everybody may. */
  readonly principal: Principal | undefined;
}

/**
 * One method with a stream of answers, over raw message bytes. The next answer is asked for once the caller has room for it.
 * What it throws becomes a gRPC status, as with `UnaryHandler`.
 */
export type StreamHandler = (message: Uint8Array, call: StreamContext) => AsyncIterable<Uint8Array>;

/**
 * Runs a handler as a grpc-js method with a stream of answers. `onError` sees what a caller is not told; an answer may wait
 * `stalledMsMax` to be read.
 */
export function streamMethod(
  handler: StreamHandler,
  onError: (error: unknown) => void,
  stalledMsMax: number,
): handleServerStreamingCall<Received, Uint8Array> {
  return (call) => {
    const received = call.request;
    sendAll(handler, received, (answer) => sent(call, answer, received.signal, stalledMsMax)).then(
      () => {
        received.finished();
        call.end();
      },
      (error) => {
        received.finished();
        onError(error);
        // A call that was cut has its status already.
        if (!received.signal.aborted) received.fail(JiminiError.from(error));
      },
    );
  };
}

async function sendAll(
  handler: StreamHandler,
  received: Received,
  send: (answer: Uint8Array) => Promise<void>,
): Promise<void> {
  for await (const answer of handler(received.take(), received)) {
    received.signal.throwIfAborted();
    await send(answer);
  }
}

const NOT_READ = new JiminiError('JIMINI_OVERLOADED', 'the stream was not read for too long');

/** Resolves when an answer has left for the network. Rejects when the call is over, or the caller does not read. */
function sent(
  call: ServerWritableStream<Received, Uint8Array>,
  answer: Uint8Array,
  signal: AbortSignal,
  stalledMsMax: number,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const settle = (reason?: unknown) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (reason) reject(reason);
      else resolve();
    };
    const onAbort = () => settle(signal.reason);
    const timer = setTimeout(() => settle(NOT_READ), stalledMsMax);
    signal.addEventListener('abort', onAbort);
    call.write(answer, settle);
  });
}
