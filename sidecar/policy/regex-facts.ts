import { assertNever } from '../kernel/assert-never.js';
import { DIGITS, HEXES, hasAstral, isSubset, membersOf, NUMBER, sizeOf, TOKEN } from './char-set.js';
import { lowerUnit } from './fold.js';
import { rarityBits } from './rarity.js';
import type { CharNode, RegexNode, RepeatNode } from './regex-ast.js';

/** What every match of a pattern is known to have, before any matching. Lengths in UTF-16 units. */
export interface Facts {
  readonly minLength: number;
  /** `Infinity` when there is no bound. */
  readonly maxLength: number;
  /** Digits that a match has at least in one run of number characters (see NUMBER). */
  readonly digits: number;
  /** Length of a run of token characters (see TOKEN) that a match has at least. */
  readonly tokenRun: number;
  /** Length of a run of hexadecimal digits and `- . :` (see HEXES) that a match has at least. */
  readonly hexRun: number;
  /** Every match consists of number characters only. */
  readonly pureNumber: boolean;
  /** Every match consists of token characters only. */
  readonly pureToken: boolean;
  /** Every match consists of hexadecimal digits and `- . :` only. */
  readonly pureHex: boolean;
  /** All the strings a match can be, lower case, when they are few. */
  readonly exact?: readonly string[];
  /** Every match contains one of these, lower case; the best such set that was found. */
  readonly literals?: readonly string[];
  /** With `literals`: units from the start of a match to the end of the literal in it, at most. */
  readonly literalReach?: number;
  /** With `literals`: see rarityOf. */
  readonly literalRarity?: number;
}

/** A set of strings of which every match holds one. */
interface Held {
  readonly strings: readonly string[];
  /** Units from the start of a match to the end of the string in it, at most. */
  readonly reach: number;
  /** See rarityOf. */
  readonly rarity: number;
}

/** More alternatives than this are not multiplied out. */
const EXACT_MAX = 64;
const LITERAL_CHARS_MAX = 24;

/** The empty string alone: what a part without a width adds to what stands before it. */
const EMPTY: readonly string[] = [''];

const NOTHING: Facts = {
  minLength: 0,
  maxLength: 0,
  digits: 0,
  tokenRun: 0,
  hexRun: 0,
  pureNumber: true,
  pureToken: true,
  pureHex: true,
  exact: EMPTY,
};

/**
 * Remembered by node, because the parts of a pattern are asked about many times while it is compiled, and only so long: V8
 * marks a WeakMap of so many nodes without a pause, which stops the thread for a tenth of a second.
 */
let remembered: Map<RegexNode, Facts> | undefined;

/** Remembers facts until the work is done. */
export function rememberingFacts<T>(work: () => T): T {
  if (remembered) return work();
  remembered = new Map();
  try {
    return work();
  } finally {
    remembered = undefined;
  }
}

export function factsOf(node: RegexNode): Facts {
  if (!remembered) return rememberingFacts(() => factsOf(node));
  let facts = remembered.get(node);
  if (!facts) {
    facts = deriveFacts(node);
    remembered.set(node, facts);
  }
  return facts;
}

function deriveFacts(node: RegexNode): Facts {
  switch (node.kind) {
    case 'empty':
    case 'assert':
    case 'look':
      return NOTHING;
    case 'char':
      return factsOfChar(node);
    case 'group':
      return factsOf(node.item);
    case 'repeat':
      return factsOfRepeat(node);
    case 'concat':
      return concat(node.items.map(factsOf));
    case 'alt':
      return alternatives(node.items.map(factsOf));
    default:
      return assertNever(node);
  }
}

/** The better of two sets of literals: the one that ordinary text has more rarely. */
function better(a: Held | undefined, b: Held | undefined): Held | undefined {
  if (!a || !b) return a ?? b;
  return a.rarity >= b.rarity ? a : b;
}

/** The better of a set and of these strings as one that matches hold; one with the empty string in it is no condition. */
function orRarer(best: Held | undefined, strings: readonly string[] | undefined, reach: number): Held | undefined {
  if (!strings || strings.length === 0 || strings.includes('')) return best;
  const rarity = rarityOf(strings, best?.rarity);
  return best && best.rarity >= rarity ? best : { strings, reach, rarity };
}

function held(strings: readonly string[] | undefined, reach: number): Held | undefined {
  return orRarer(undefined, strings, reach);
}

/** What the facts of a part say of matches that begin `before` units earlier, at most. */
function heldIn({ literals, literalReach = 0, literalRarity }: Facts, before: number): Held | undefined {
  if (!literals || literalRarity === undefined) return undefined;
  return { strings: literals, reach: before + literalReach, rarity: literalRarity };
}

function literalFacts(best: Held | undefined): Pick<Facts, 'literals' | 'literalReach' | 'literalRarity'> {
  return best ? { literals: best.strings, literalReach: best.reach, literalRarity: best.rarity } : {};
}

/**
 * Bits of the commonest string, less for many strings. Strings rarer than RARE_BITS are all as good as one another. Exact over
 * `floor`, and not over it if the strings have less.
 */
function rarityOf(literals: readonly string[], floor = Number.NEGATIVE_INFINITY): number {
  const less = Math.log2(literals.length) / 2;
  let commonest = RARE_BITS;
  for (const literal of literals) {
    commonest = Math.min(commonest, rarityBits(literal, commonest));
    if (commonest - less <= floor) break;
  }
  return commonest - less;
}

const RARE_BITS = 32;

function factsOfChar(node: CharNode): Facts {
  const size = sizeOf(node.set);
  const exact =
    size <= 8 ? [...new Set([...membersOf(node.set)].map((point) => String.fromCodePoint(lower(point))))] : undefined;
  const pureToken = size > 0 && isSubset(node.set, TOKEN);
  const pureHex = size > 0 && isSubset(node.set, HEXES);
  return {
    minLength: 1,
    maxLength: hasAstral(node.set) ? 2 : 1,
    digits: size > 0 && isSubset(node.set, DIGITS) ? 1 : 0,
    tokenRun: pureToken ? 1 : 0,
    hexRun: pureHex ? 1 : 0,
    pureNumber: size > 0 && isSubset(node.set, NUMBER),
    pureToken,
    pureHex,
    ...(exact && { exact }),
  };
}

/** As the literal scan compares, which knows UTF-16 units. */
function lower(point: number): number {
  return point > 0xffff ? point : lowerUnit(point);
}

function factsOfRepeat({ item, min, max }: RepeatNode): Facts {
  const once = factsOf(item);
  if (min === 1 && max === 1) return once;
  const written = min > 0 ? concat(Array<Facts>(Math.min(min, 8)).fill(once)) : undefined;
  const best = written && better(held(written.exact, written.maxLength), heldIn(written, 0));
  const optional = min === 0 && max === 1 && once.exact ? ['', ...once.exact] : undefined;
  const exact = min === max && min <= 8 ? written?.exact : optional;
  return {
    minLength: once.minLength * min,
    maxLength: once.maxLength === 0 ? 0 : once.maxLength * max,
    digits: once.pureNumber ? once.digits * min : min > 0 ? once.digits : 0,
    tokenRun: once.pureToken ? once.minLength * min : min > 0 ? once.tokenRun : 0,
    hexRun: once.pureHex ? once.minLength * min : min > 0 ? once.hexRun : 0,
    pureNumber: once.pureNumber,
    pureToken: once.pureToken,
    pureHex: once.pureHex,
    ...(exact && { exact }),
    ...literalFacts(best),
  };
}

function concat(parts: readonly Facts[]): Facts {
  let [run, tokenRun, digitsInRun, digits] = [0, 0, 0, 0];
  let [hexesInRun, hexRun] = [0, 0];
  let exact: readonly string[] | undefined = EMPTY;
  let pending: readonly string[] = EMPTY;
  let best: Held | undefined;
  let before = 0;
  for (const part of parts) {
    run = part.pureToken ? run + part.minLength : 0;
    tokenRun = Math.max(tokenRun, run, part.tokenRun);
    hexesInRun = part.pureHex ? hexesInRun + part.minLength : 0;
    hexRun = Math.max(hexRun, hexesInRun, part.hexRun);
    digitsInRun = part.pureNumber ? digitsInRun + part.digits : 0;
    digits = Math.max(digits, digitsInRun, part.digits);
    const isSame: boolean = pending === exact;
    const longer = product(pending, part.exact);
    exact = isSame ? longer : product(exact, part.exact);
    const after = before + part.maxLength;
    pending = longer ?? part.exact ?? EMPTY;
    best = orRarer(best, pending, after);
    best = better(best, heldIn(part, before));
    before = after;
  }
  const sum = (of: (part: Facts) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    minLength: sum((part) => part.minLength),
    maxLength: sum((part) => part.maxLength),
    digits,
    tokenRun,
    hexRun,
    pureNumber: parts.every((part) => part.pureNumber),
    pureToken: parts.every((part) => part.pureToken),
    pureHex: parts.every((part) => part.pureHex),
    ...(exact && { exact }),
    ...literalFacts(best),
  };
}

function alternatives(parts: readonly Facts[]): Facts {
  const exacts = parts.map((part) => part.exact);
  const exact = exacts.every((set) => set !== undefined) ? [...new Set(exacts.flat())] : undefined;
  const sets = parts.map((part) => better(held(part.exact, part.maxLength), heldIn(part, 0)));
  const all = sets.every((set) => set !== undefined)
    ? held([...new Set(sets.flatMap(({ strings }) => strings))], Math.max(...sets.map(({ reach }) => reach)))
    : undefined;
  return {
    minLength: Math.min(...parts.map((part) => part.minLength)),
    maxLength: Math.max(...parts.map((part) => part.maxLength)),
    digits: Math.min(...parts.map((part) => part.digits)),
    tokenRun: Math.min(...parts.map((part) => part.tokenRun)),
    hexRun: Math.min(...parts.map((part) => part.hexRun)),
    pureNumber: parts.every((part) => part.pureNumber),
    pureToken: parts.every((part) => part.pureToken),
    pureHex: parts.every((part) => part.pureHex),
    ...(exact && exact.length <= EXACT_MAX && { exact }),
    ...literalFacts(all),
  };
}

/** Each string of the one followed by each of the other; undefined when there is no bound to them, or they are too many or too long. */
function product(a: readonly string[] | undefined, b: readonly string[] | undefined): readonly string[] | undefined {
  if (!a || !b || a.length * b.length > EXACT_MAX) return undefined;
  if (a === EMPTY || b === EMPTY) return a === EMPTY ? b : a;
  const out: string[] = [];
  for (const head of a) {
    for (const tail of b) {
      if (head.length + tail.length > LITERAL_CHARS_MAX) return undefined;
      out.push(head + tail);
    }
  }
  return out;
}
