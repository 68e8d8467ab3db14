import { createHash } from 'node:crypto';

const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer =>
  parts.reduce((digest, part) => digest.update(part), createHash('sha256')).digest();

/** MTH({d(0)}) of RFC 6962 2.1. */
export const leafHashOf = (leaf: Uint8Array | string): Buffer => sha256('\0', leaf);

/** "k is the largest power of two smaller than n". */
const split = (n: number): number => (n <= 2 ? 1 : 2 * split(Math.ceil(n / 2)));

/**
 * Trees over leaf hashes by the recursive definitions of RFC 6962 2.1, easy to hold against its text. D[a:b] are the leaves
 * from a to before b. Hashes are kept once made, or nothing would ever end.
 */
export function createReference(hashes: readonly Buffer[]) {
  const known = new Map<number, Buffer>();
  const make = (a: number, b: number): Buffer => {
    if (b - a === 0) return sha256('');
    if (b - a === 1) return hashes[a] as Buffer;
    const k = split(b - a);
    return sha256('\x01', mth(a, a + k), mth(a + k, b));
  };
  const mth = (a: number, b: number): Buffer => {
    const name = a * 65_536 + b;
    const hash = known.get(name) ?? make(a, b);
    known.set(name, hash);
    return hash;
  };
  const path = (m: number, a: number, b: number): Buffer[] => {
    if (b - a === 1) return [];
    const k = split(b - a);
    return m < k ? [...path(m, a, a + k), mth(a + k, b)] : [...path(m - k, a + k, b), mth(a, a + k)];
  };
  const subproof = (m: number, a: number, b: number, isWhole: boolean): Buffer[] => {
    if (m === b - a) return isWhole ? [] : [mth(a, b)];
    const k = split(b - a);
    return m <= k
      ? [...subproof(m, a, a + k, isWhole), mth(a + k, b)]
      : [...subproof(m - k, a + k, b, false), mth(a, a + k)];
  };
  return {
    root: (size: number) => mth(0, size),
    inclusion: (index: number, size: number) => path(index, 0, size),
    consistency: (from: number, size: number) => subproof(from, 0, size, true),
  };
}
