/** A set of code points: sorted, disjoint, non-adjacent inclusive ranges, flattened as [low, high, low, high, ...]. */
export type CharSet = readonly number[];

const CODE_POINT_MAX = 0x10ffff;

/** Every code point. */
export const ANY: CharSet = [0, CODE_POINT_MAX];
export const DIGITS: CharSet = [0x30, 0x39];
/** `\w` of RE2: ASCII letters, digits, underscore. */
export const WORD: CharSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
/** `\s` of RE2, and vertical tab, which Python and JavaScript count too. */
export const SPACE: CharSet = [0x09, 0x0d, 0x20, 0x20];
/** What tokens, keys and encoded runs are made of. */
export const TOKEN: CharSet = [0x2b, 0x2b, 0x2d, 0x39, 0x3d, 0x3d, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];

/** What addresses of machines are made of: hexadecimal digits and `- . :`. */
export const HEXES: CharSet = [0x2d, 0x2e, 0x30, 0x3a, 0x41, 0x46, 0x61, 0x66];

/** What written numbers are made of: digits, space, `# ( ) + , - . / :`. */
export const NUMBER: CharSet = [0x20, 0x20, 0x23, 0x23, 0x28, 0x29, 0x2b, 0x3a];

/** The set of the given ranges, in any order, overlapping or not. */
export function charSet(ranges: readonly number[]): CharSet {
  const pairs: [number, number][] = [];
  for (let i = 0; i + 1 < ranges.length; i += 2) pairs.push([ranges[i] as number, ranges[i + 1] as number]);
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [low, high] of pairs) {
    const last = out.at(-1);
    if (last !== undefined && low <= last + 1) out[out.length - 1] = Math.max(last, high);
    else out.push(low, high);
  }
  return out;
}

export function union(a: CharSet, b: CharSet): CharSet {
  return charSet([...a, ...b]);
}

export function complement(set: CharSet): CharSet {
  const out: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    const low = set[i] as number;
    if (low > next) out.push(next, low - 1);
    next = (set[i + 1] as number) + 1;
  }
  if (next <= CODE_POINT_MAX) out.push(next, CODE_POINT_MAX);
  return out;
}

export function intersects(a: CharSet, b: CharSet): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if ((a[i + 1] as number) < (b[j] as number)) i += 2;
    else if ((b[j + 1] as number) < (a[i] as number)) j += 2;
    else return true;
  }
  return false;
}

export function isSubset(inner: CharSet, outer: CharSet): boolean {
  let j = 0;
  for (let i = 0; i < inner.length; i += 2) {
    while (j < outer.length && (outer[j + 1] as number) < (inner[i + 1] as number)) j += 2;
    if (j >= outer.length || (outer[j] as number) > (inner[i] as number)) return false;
  }
  return true;
}

/** Whether a code point is a member. */
export function includes(set: CharSet, point: number): boolean {
  let [low, high] = [0, set.length >> 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[2 * middle + 1] as number) < point) low = middle + 1;
    else high = middle;
  }
  return 2 * low < set.length && (set[2 * low] as number) <= point;
}

/** How many code points the set has. */
export function sizeOf(set: CharSet): number {
  let size = 0;
  for (let i = 0; i < set.length; i += 2) size += (set[i + 1] as number) - (set[i] as number) + 1;
  return size;
}

/** The code points of a small set. */
export function* membersOf(set: CharSet): Generator<number> {
  for (let i = 0; i < set.length; i += 2) {
    for (let point = set[i] as number; point <= (set[i + 1] as number); point++) yield point;
  }
}

/** Whether a member needs two UTF-16 units. */
export function hasAstral(set: CharSet): boolean {
  return (set.at(-1) ?? 0) > 0xffff;
}

/**
 * The set with the other case of each member added. Ranges of more than 4,096 members get only the ASCII letters
 * (a set that large is a negated class or a property: it holds both cases already).
 */
export function withBothCases(set: CharSet): CharSet {
  const out = [...set];
  for (let i = 0; i < set.length; i += 2) {
    const low = set[i] as number;
    const high = Math.min(set[i + 1] as number, low + 4096);
    for (let point = low; point <= high; point++) {
      const text = String.fromCodePoint(point);
      for (const other of [text.toLowerCase(), text.toUpperCase()]) {
        const otherPoint = other.codePointAt(0) as number;
        if (otherPoint !== point && other.length === text.length) out.push(otherPoint, otherPoint);
      }
    }
  }
  return charSet(out);
}
