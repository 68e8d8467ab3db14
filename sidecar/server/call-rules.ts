import type { JiminiError } from '../kernel/errors.js';
import type { Access } from './access/gate.js';
import type { Admission } from './admission.js';
import type { AdmittedCall } from './admitted-call.js';
import type { InOrder } from './in-order.js';

/** What a method does with the one message of a call, which has ended its direction. It keeps the message, the call does not. Must not throw. */
export type Serve = (message: Buffer, call: AdmittedCall) => void;

/** What a method does with the messages of one call as they come. Must not throw. */
export interface Conversation {
  onMessage(message: Buffer): void;
  /** The caller sends no more. */
  onEnd(): void;
}

/** Calls that share bounds. */
export interface CallPool {
  readonly admission: Admission;
  /** Those whose stream is open. */
  readonly open: InOrder<AdmittedCall>;
  /** Calls that may last for ever are refused: nobody would wait for their end. */
  isDraining: boolean;
}

/** How the calls of one method are treated. */
export interface CallRules {
  readonly pool: CallPool;
  /** Who may call; absent = everybody. */
  readonly access?: ReturnType<Access['of']> | undefined;
  /** Largest message, bytes. */
  readonly messageBytesMax: number;
  /** Longest time for a call; infinite for what may last. Callers may set themselves less. */
  readonly callMsMax: number;
  /** Answer for a call that is turned away: the method's own message, or an error. */
  readonly overloaded: () => Uint8Array | JiminiError;
  /**
   * True: once its message is there a call is worked on, cannot be evicted, and keeps its place until `handlerFinished`. False: it
   * may last as long as its caller likes, can be evicted all the time, and holds nothing once the stream is closed.
   */
  readonly isWork: boolean;
  readonly method: { readonly serve: Serve } | { readonly converse: (call: AdmittedCall) => Conversation };
}
