/** RFC 4648 section 6, in lower case. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** A new log id: 26 characters a-z2-7, 130 random bits, from `random(n)`, which gives n random bytes. */
export function mintLogId(random: (count: number) => Uint8Array): string {
  return Array.from(random(26), (byte) => ALPHABET[byte & 31]).join('');
}
