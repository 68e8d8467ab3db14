/** RFC 4648 section 6, in lower case. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** So many characters a-z2-7, each of 5 random bits, from `random(n)`, which gives n random bytes. */
export function randomText(random: (count: number) => Uint8Array, characters: number): string {
  return Array.from(random(characters), (byte) => ALPHABET[byte & 31]).join('');
}
