import { TOKEN_PREFIXES } from '../../kernel/token-prefixes.js';
import type { Stretch } from '../windows.js';
import type { MappedText } from './mapped-text.js';
import { backwardsText } from './turned-text.js';

/** How a token ends that is written backwards. */
const END = new RegExp(`(?:${TOKEN_PREFIXES.map(reversed).join('|')})(?![A-Za-z0-9])`);

/**
 * The runs of token characters with a token of a vendor in them that is written from its last character to its first, each as it reads
 * the other way round. What would begin the token tells: a word by itself has no other words beside it that do. Time is linear in the runs.
 */
export function reversedTokens(text: string, runs: readonly Stretch[]): MappedText[] {
  return runs.filter(([from, to]) => END.test(text.slice(from, to))).map(([from, to]) => backwardsText(text, from, to));
}

function reversed(prefix: string): string {
  return [...prefix].reverse().join('').replace(/[.]/g, '\\.');
}
