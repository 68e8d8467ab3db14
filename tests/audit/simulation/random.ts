/** A source of choices that gives the same ones for the same seed. */
export interface Choices {
  /** A whole number from 0 to below `count`. */
  below(count: number): number;
  /** True in so many of a hundred cases. */
  percent(share: number): boolean;
  bytes(count: number): Buffer;
}

/** Marsaglia's xorshift with 32 bits (Journal of Statistical Software 8(14), 2003), after a seed is spread over all of them. */
export function choicesOf(seed: number): Choices {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let i = 0; i < 8; i++) next();
  const below = (count: number) => next() % count;
  return {
    below,
    percent: (share) => below(100) < share,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  };
}
