import { JiminiError } from '../kernel/errors.js';
import type { Principal } from './access/gate.js';
import type { AdmittedCall } from './admitted-call.js';
import type { Serve } from './call-rules.js';

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

/** Runs a handler as a method with a stream of answers. `onError` sees what a caller is not told; an answer may wait `stalledMsMax` to be read. */
export function streamMethod(handler: StreamHandler, onError: (error: unknown) => void, stalledMsMax: number): Serve {
  return (message, call) => {
    sendAll(handler, message, call, stalledMsMax).then(
      () => {
        call.handlerFinished();
        call.end();
      },
      (error) => {
        call.handlerFinished();
        onError(error);
        // A call that was cut has its status already.
        if (!call.signal.aborted) call.cut(JiminiError.from(error));
      },
    );
  };
}

async function sendAll(
  handler: StreamHandler,
  message: Uint8Array,
  call: AdmittedCall,
  stalledMsMax: number,
): Promise<void> {
  for await (const answer of handler(message, call)) {
    call.signal.throwIfAborted();
    await sent(call, answer, stalledMsMax);
  }
}

const NOT_READ = new JiminiError('JIMINI_OVERLOADED', 'the stream was not read for too long');

/** Resolves when an answer has left for the network. Rejects when the call is over, or the caller does not read. */
function sent(call: AdmittedCall, answer: Uint8Array, stalledMsMax: number): Promise<void> {
  const { signal } = call;
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
    call.send(answer, settle);
  });
}
