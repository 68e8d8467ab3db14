import type { UnaryHandler } from '../kernel/call.js';
import type { AdmittedCall } from './admitted-call.js';
import type { Serve } from './call-rules.js';
import { grpcStatusOf } from './grpc-status.js';

/** Runs a handler over raw bytes as a method with one answer. `onError` sees what a caller is not told. */
export function unaryMethod(handler: UnaryHandler, onError: (error: unknown) => void): Serve {
  return (message, call) => void settle(begin(handler, message, call), call, onError);
}

/** Apart, so that a handler that throws is a rejection, and so that only the handler keeps the message while it works. */
function begin(handler: UnaryHandler, message: Buffer, call: AdmittedCall): Promise<Uint8Array> {
  try {
    return handler(message, call);
  } catch (error) {
    return Promise.reject(error);
  }
}

async function settle(
  answer: Promise<Uint8Array>,
  call: AdmittedCall,
  onError: (error: unknown) => void,
): Promise<void> {
  let message: Uint8Array;
  try {
    message = await answer;
  } catch (error) {
    call.handlerFinished();
    onError(error);
    call.fail(grpcStatusOf(error));
    return;
  }
  call.handlerFinished();
  call.send(message);
  call.end();
}
