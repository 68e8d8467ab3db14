/**
 * How rare a text is in ordinary prose, in bits: the sum of -log2 of how often each of its characters occurs. English
 * letter frequencies (Lewand, Cryptological Mathematics, 2000) with a space every sixth character; capitals count as
 * their small letters, everything else as rare. An estimate is enough: it only decides which part of a pattern is looked for.
 */
export function rarityBits(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += BITS[text.charCodeAt(i)] ?? OTHER_BITS;
  return bits;
}

/** Percent of characters of English text, spaces included. */
const PERCENT: readonly (readonly [characters: string, percent: number])[] = [
  [' ', 17],
  ['e', 10.5],
  ['t', 7.5],
  ['a', 6.8],
  ['oin', 6],
  ['shr', 5.1],
  ['dl', 3.4],
  ['cum', 2.2],
  ['wfgy', 1.7],
  ['pb', 1.4],
  ['vk', 0.7],
  ['jxqz', 0.1],
];
/** Digits, signs and letters of other scripts. */
const OTHER_BITS = 7.5;
/** By ASCII code. */
const BITS = new Float64Array(0x80).fill(OTHER_BITS);
for (const [characters, percent] of PERCENT) {
  for (const one of characters + characters.toUpperCase()) BITS[one.charCodeAt(0)] = -Math.log2(percent / 100);
}
