import { randomText } from '../kernel/random-text.js';

const LOG_ID_CHARS = 26;

/** A new log id: 26 characters a-z2-7, 130 random bits, from `random(n)`, which gives n random bytes. */
export function mintLogId(random: (count: number) => Uint8Array): string {
  return randomText(random, LOG_ID_CHARS);
}
