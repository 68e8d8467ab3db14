import { createHmac } from 'node:crypto';
import { LIMITS } from '../../sidecar/kernel/limits.js';

/** Remembers answers in memory. It holds no text: keys are keyed hashes that mean nothing outside of this process. */
export interface AnswerCache {
  /** The answer given to this question not longer ago than `LIMITS.classifierCacheMsMax`; undefined = none. */
  get(prompt: string, text: string, nowMs: number): boolean | undefined;
  set(prompt: string, text: string, answer: boolean, nowMs: number): void;
}

/** A cache of at most `entries` answers, of which the one not used for longest goes first. `secret` keys the hashes. */
export function createAnswerCache(entries: number, secret: Uint8Array): AnswerCache {
  // A Map keeps the order of insertion: an answer that is used is put in anew, so the first is the one to go.
  const answers = new Map<string, { readonly answer: boolean; readonly untilMs: number }>();
  const keyOf = (prompt: string, text: string) =>
    // The length tells prompt and text apart, whatever they hold.
    createHmac('sha256', secret).update(`${prompt.length}:${prompt}${text}`).digest('base64');
  return {
    get(prompt, text, nowMs) {
      const key = keyOf(prompt, text);
      const known = answers.get(key);
      if (!known) return undefined;
      answers.delete(key);
      if (known.untilMs <= nowMs) return undefined;
      answers.set(key, known);
      return known.answer;
    },
    set(prompt, text, answer, nowMs) {
      if (entries === 0) return;
      const key = keyOf(prompt, text);
      answers.delete(key);
      const [oldest] = answers.keys();
      if (answers.size >= entries && oldest !== undefined) answers.delete(oldest);
      answers.set(key, { answer, untilMs: nowMs + LIMITS.classifierCacheMsMax });
    },
  };
}
