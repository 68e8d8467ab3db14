/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** A whole number from 0 to below `bound`, which is at least 1. */
  below(bound: number): number;
  /** One of a list that is not empty. */
  of<T>(list: readonly T[]): T;
  /** True once in so many times. */
  oneIn(times: number): boolean;
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state are enough to draw a body, and cost next to nothing. */
export function createRandom(seed: number): Random {
  // Neighbouring seeds must not begin alike.
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    below,
    of: <T>(list: readonly T[]) => list[below(list.length)] as T,
    oneIn: (times) => below(times) === 0,
  };
}
