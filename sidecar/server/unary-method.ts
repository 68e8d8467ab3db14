import type { handleUnaryCall, Metadata } from '@grpc/grpc-js';
import type { CallContext, UnaryHandler } from '../kernel/call.js';
import { emptyCall } from './grpc-internals.js';
import { grpcStatusOf } from './grpc-status.js';
import type { Received } from './received.js';

class UnaryCall implements CallContext {
  readonly #received: Received;
  readonly #metadata: Metadata;

  constructor(received: Received, metadata: Metadata) {
    this.#received = received;
    this.#metadata = metadata;
  }

  get signal(): AbortSignal {
    return this.#received.signal;
  }

  header(name: string): string | undefined {
    const [value] = this.#metadata.get(name);
    return typeof value === 'string' ? value : undefined;
  }
}

/** Runs a handler over raw bytes as a grpc-js unary method. `onError` sees what a caller is not told. */
export function unaryMethod(
  handler: UnaryHandler,
  onError: (error: unknown) => void,
): handleUnaryCall<Received, Uint8Array> {
  return (call, callback) => {
    const received = call.request;
    const { metadata } = call;
    emptyCall(call);
    run(handler, received, metadata).then(
      (answer) => {
        received.finished();
        callback(null, answer);
      },
      (error) => {
        received.finished();
        onError(error);
        callback(grpcStatusOf(error));
      },
    );
  };
}

/** Apart, so that a handler that throws is a rejection, and so that nothing here holds on to the message. */
async function run(handler: UnaryHandler, received: Received, metadata: Metadata): Promise<Uint8Array> {
  return handler(received.take(), new UnaryCall(received, metadata));
}

/** Messages pass as the bytes they are. */
export function asBytes(message: Buffer): Buffer {
  return message;
}

/** grpc-js copies answers with Buffer's own methods. */
export function asBuffer(message: Uint8Array): Buffer {
  return Buffer.isBuffer(message) ? message : Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}
