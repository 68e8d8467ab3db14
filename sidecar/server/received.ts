import type { JiminiError } from '../kernel/errors.js';
import type { Principal } from './access/gate.js';
import type { AdmittedCall } from './admitted-call.js';

/** What an admitted call hands to its handler in place of the message. */
export class Received {
  readonly #call: AdmittedCall;
  #message: Buffer | undefined;

  constructor(call: AdmittedCall, message: Buffer) {
    this.#call = call;
    this.#message = message;
  }

  /** The message, once: afterwards only the handler keeps it in memory. */
  take(): Buffer {
    const message = this.#message ?? Buffer.alloc(0);
    this.#message = undefined;
    return message;
  }

  /** Aborts when the deadline has passed or the caller is gone. Made when first asked for. */
  get signal(): AbortSignal {
    return this.#call.signal;
  }

  /** Who calls; undefined where everybody may. */
  get principal(): Principal | undefined {
    return this.#call.principal;
  }

  /** Ends a call whose answers have begun with an error. */
  fail(error: JiminiError): void {
    this.#call.cut(error);
  }

  /** The handler has finished and holds nothing of the message any more. */
  finished(): void {
    this.#call.handlerFinished();
  }
}
