import { CHARACTERS, HASH_BITS, HASH_MASK } from './character-table.js';

/** The last three and the last four characters of a rolling hash. */
const THREE = (1 << (3 * HASH_BITS)) - 1;
const FOUR = (1 << (4 * HASH_BITS)) - 1;
/** Spreads four characters over sixteen bits (Knuth's multiplicative hashing). */
const SPREAD = 0x9e3779b1;

/**
 * Tells for nearly every place of a text that no literal is there. The hash rolls: shift by HASH_BITS, add the
 * next character's hash part.
 */
export interface GramFilter {
  /** One bit for each hash of four characters with which a literal begins. */
  readonly long: Uint32Array;
  /** One bit for each hash of three characters with which a literal of two or three characters ends. */
  readonly short: Uint32Array;
}

/** Whether a literal of four characters or more may begin with the last four characters. */
export function mayBegin({ long }: GramFilter, hash: number): boolean {
  const gram = Math.imul(hash & FOUR, SPREAD) >>> 16;
  return (((long[gram >>> 5] as number) >>> (gram & 31)) & 1) !== 0;
}

/** Whether a literal of two or three characters may end here. */
export function mayEnd({ short }: GramFilter, hash: number): boolean {
  const gram = hash & THREE;
  return (((short[gram >>> 5] as number) >>> (gram & 31)) & 1) !== 0;
}

/** The filter for literals of two characters or more, as comparable text. */
export function createGramFilter(literals: readonly string[]): GramFilter {
  const filter = { long: new Uint32Array(0x10000 >>> 5), short: new Uint32Array((THREE + 1) >>> 5) };
  for (const literal of literals) {
    const [a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3].map((i) => (i < literal.length ? hashPart(literal, i) : 0));
    const pair = (a << HASH_BITS) | b;
    const three = (pair << HASH_BITS) | c;
    if (literal.length > 3) setBit(filter.long, Math.imul(((three << HASH_BITS) | d) & FOUR, SPREAD) >>> 16);
    else if (literal.length === 3) setBit(filter.short, three);
    else for (let any = 0; any <= HASH_MASK; any++) setBit(filter.short, (any << (2 * HASH_BITS)) | pair);
  }
  return filter;
}

function hashPart(text: string, at: number): number {
  return (CHARACTERS[text.charCodeAt(at)] as number) & HASH_MASK;
}

function setBit(bits: Uint32Array, at: number): void {
  bits[at >>> 5] = (bits[at >>> 5] as number) | (1 << (at & 31));
}
