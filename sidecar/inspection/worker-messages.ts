import type { MessagePort } from 'node:worker_threads';
import type { Inspected, PolicySnapshot, Question } from './inspect.js';

/** Enough to compile the same policy on another thread. */
export type PolicyParts = Omit<PolicySnapshot, 'policy'>;

/** A question, or where it waits for the thread. */
export type AskedQuestion = { readonly question: Question } | { readonly parked: MessagePort };

/** What the thread is told. Policies are called by numbers, because they cannot be handed over. */
export type WorkerOrder =
  | { readonly load: number; readonly parts: PolicyParts }
  | ({ readonly judgeBy: number } & AskedQuestion)
  | { readonly forget: number };

/** What the thread says: that it can judge by a policy, or the judgement of the one question that it has. */
export type WorkerReport = { readonly loaded: number } | { readonly judgement: Inspected };
