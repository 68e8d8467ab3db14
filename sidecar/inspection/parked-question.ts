import { isMarkedAsUntransferable, MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Content } from '../kernel/evaluation.js';
import type { Question } from './inspect.js';
import type { AskedQuestion } from './worker-messages.js';

/** What goes with a message instead of being copied. */
export type Transfer = readonly (ArrayBuffer | MessagePort)[];

/** A question on its way to another thread. */
export interface ParkedQuestion {
  /** What the thread is to get; once. */
  asked(): { readonly asked: AskedQuestion; readonly transfer: Transfer };
  /** The thread has it, or will not get it any more. */
  leave(): void;
}

/**
 * Keeps a question for another thread. Bodies that are given away go at once, into a channel of which the thread gets the other
 * end: there they belong to no thread, so that what waits does not count as memory of this one, which would make its collector
 * stop it again and again. Others stay here, and are copied when they go.
 */
export function parkQuestion(question: Question): ParkedQuestion {
  if (!question.evaluation.content.some(mayGo)) {
    const asked = () => {
      const { copy, transfer } = transferable(question);
      return { asked: { question: copy }, transfer };
    };
    return { asked, leave: () => {} };
  }
  const { port1, port2 } = new MessageChannel();
  const { copy, transfer } = transferable(question);
  port1.postMessage(copy, transfer);
  return { asked: () => ({ asked: { parked: port2 }, transfer: [port2] }), leave: () => port1.close() };
}

/** Memory that Node shares out in its own pools goes nowhere. */
function mayGo(part: Content): boolean {
  return part.kind === 'body' && part.isGivenAway === true && !isMarkedAsUntransferable(part.bytes.buffer);
}

/**
 * Bodies are views of whole gRPC messages, and a seed is one of more random bytes. They are handed over with the memory that they
 * lie in where nobody else reads it; else exactly they are copied, once.
 */
function transferable({ evaluation, order, ...rest }: Question): { copy: Question; transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>();
  const content = evaluation.content.map((part): Content => {
    if (part.kind !== 'body') return part;
    const bytes = mayGo(part) ? part.bytes : new Uint8Array(part.bytes);
    transfer.add(bytes.buffer as ArrayBuffer);
    return { ...part, bytes };
  });
  const seeded = order && { order: { ...order, seed: new Uint8Array(order.seed) } };
  return { copy: { ...rest, evaluation: { ...evaluation, content }, ...seeded }, transfer: [...transfer] };
}
