import { TOKEN_PREFIXES } from '../../kernel/token-prefixes.js';
import type { Stretch } from '../windows.js';
import type { MappedText } from './mapped-text.js';
import { backwardsText } from './turned-text.js';

/** How a token ends that is written backwards. */
const END = new RegExp(`(?:${TOKEN_PREFIXES.map(reversed).join('|').replaceAll('.', '\\.')})$`);
const PREFIX_CHARS_MAX = Math.max(...TOKEN_PREFIXES.map(({ length }) => length));
/** By the last two units of a word, ASCII: whether some such token ends so. Words are many, and nearly none does. */
const PAIRS = new Uint8Array(0x80 * 0x80);
for (const prefix of TOKEN_PREFIXES) PAIRS[pairBefore(reversed(prefix), prefix.length)] = 1;
const LETTERS_AND_DIGITS = Uint8Array.from({ length: 0x80 }, (_, unit) =>
  Number(/[A-Za-z0-9]/.test(String.fromCharCode(unit))),
);

/**
 * The runs of token characters with a token of a vendor in them that is written from its last character to its first, each as it reads
 * the other way round. What would begin the token tells: a word by itself has no other words beside it that do. Time is linear in the runs.
 */
export function reversedTokens(text: string, runs: readonly Stretch[]): MappedText[] {
  return runs.filter(([from, to]) => hasReversed(text, from, to)).map(([from, to]) => backwardsText(text, from, to));
}

function hasReversed(text: string, from: number, to: number): boolean {
  for (let at = from + 2; at <= to; at++) {
    if (at < to && LETTERS_AND_DIGITS[text.charCodeAt(at)] === 1) continue;
    if (PAIRS[pairBefore(text, at)] === 1 && END.test(text.slice(Math.max(from, at - PREFIX_CHARS_MAX), at)))
      return true;
  }
  return false;
}

function pairBefore(text: string, end: number): number {
  return text.charCodeAt(end - 2) * 0x80 + text.charCodeAt(end - 1);
}

function reversed(prefix: string): string {
  return [...prefix].reverse().join('');
}
