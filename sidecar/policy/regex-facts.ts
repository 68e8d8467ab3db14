import { assertNever } from '../kernel/assert-never.js';
import { DIGITS, hasAstral, isSubset, membersOf, NUMBER, sizeOf, TOKEN } from './char-set.js';
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
  /** Every match consists of number characters only. */
  readonly pureNumber: boolean;
  /** Every match consists of token characters only. */
  readonly pureToken: boolean;
  /** All the strings a match can be, lower case, when they are few. */
  readonly exact?: readonly string[];
  /** Every match contains one of these, lower case; the best such set that was found. */
  readonly literals?: readonly string[];
}

/** More alternatives than this are not multiplied out. */
const EXACT_MAX = 64;
const LITERAL_CHARS_MAX = 24;

const NOTHING: Facts = {
  minLength: 0,
  maxLength: 0,
  digits: 0,
  tokenRun: 0,
  pureNumber: true,
  pureToken: true,
  exact: [''],
};

/** Remembered by node, because the parts of a pattern are asked about many times while it is compiled. */
const remembered = new WeakMap<RegexNode, Facts>();

export function factsOf(node: RegexNode): Facts {
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
function betterLiterals(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!a || !b) return a ?? b;
  return rarityOf(a) >= rarityOf(b) ? a : b;
}

/** Bits of the commonest string, less for many strings. Strings rarer than RARE_BITS are all as good as one another. */
function rarityOf(literals: readonly string[]): number {
  let rarity = rarities.get(literals);
  if (rarity === undefined) {
    const commonest = literals.reduce((least, literal) => Math.min(least, rarityBits(literal)), RARE_BITS);
    rarity = commonest - Math.log2(literals.length) / 2;
    rarities.set(literals, rarity);
  }
  return rarity;
}

const rarities = new WeakMap<readonly string[], number>();

const RARE_BITS = 32;

function factsOfChar(node: CharNode): Facts {
  const size = sizeOf(node.set);
  const exact =
    size <= 8 ? [...new Set([...membersOf(node.set)].map((p) => lower(String.fromCodePoint(p))))] : undefined;
  const pureToken = size > 0 && isSubset(node.set, TOKEN);
  return {
    minLength: 1,
    maxLength: hasAstral(node.set) ? 2 : 1,
    digits: size > 0 && isSubset(node.set, DIGITS) ? 1 : 0,
    tokenRun: pureToken ? 1 : 0,
    pureNumber: size > 0 && isSubset(node.set, NUMBER),
    pureToken,
    ...(exact && { exact }),
  };
}

/** ASCII only, as the literal scan folds. */
function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function factsOfRepeat({ item, min, max }: RepeatNode): Facts {
  const once = factsOf(item);
  if (min === 1 && max === 1) return once;
  const written = min > 0 ? concat(Array<Facts>(Math.min(min, 8)).fill(once)) : undefined;
  const best = betterLiterals(usable(written?.exact), written?.literals);
  const optional = min === 0 && max === 1 && once.exact ? ['', ...once.exact] : undefined;
  const exact = min === max && min <= 8 ? written?.exact : optional;
  return {
    minLength: once.minLength * min,
    maxLength: once.maxLength === 0 ? 0 : once.maxLength * max,
    digits: once.pureNumber ? once.digits * min : min > 0 ? once.digits : 0,
    tokenRun: once.pureToken ? once.minLength * min : min > 0 ? once.tokenRun : 0,
    pureNumber: once.pureNumber,
    pureToken: once.pureToken,
    ...(exact && { exact }),
    ...(best && { literals: best }),
  };
}

function concat(parts: readonly Facts[]): Facts {
  let [run, tokenRun, digitsInRun, digits] = [0, 0, 0, 0];
  let exact: readonly string[] | undefined = [''];
  let pending: readonly string[] = [''];
  let literals: readonly string[] | undefined;
  for (const part of parts) {
    run = part.pureToken ? run + part.minLength : 0;
    tokenRun = Math.max(tokenRun, run, part.tokenRun);
    digitsInRun = part.pureNumber ? digitsInRun + part.digits : 0;
    digits = Math.max(digits, digitsInRun, part.digits);
    exact = product(exact, part.exact);
    const longer = product(pending, part.exact);
    literals = betterLiterals(literals, usable(longer ?? pending));
    pending = longer ?? part.exact ?? [''];
    literals = betterLiterals(literals, usable(pending) ?? part.literals);
    literals = betterLiterals(literals, part.literals);
  }
  const sum = (of: (part: Facts) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    minLength: sum((part) => part.minLength),
    maxLength: sum((part) => part.maxLength),
    digits,
    tokenRun,
    pureNumber: parts.every((part) => part.pureNumber),
    pureToken: parts.every((part) => part.pureToken),
    ...(exact && { exact }),
    ...(literals && { literals }),
  };
}

function alternatives(parts: readonly Facts[]): Facts {
  const exacts = parts.map((part) => part.exact);
  const exact = exacts.every((set) => set !== undefined) ? [...new Set(exacts.flat())] : undefined;
  const sets = parts.map((part) => betterLiterals(usable(part.exact), part.literals));
  const literals = sets.every((set) => set !== undefined) ? [...new Set(sets.flat())] : undefined;
  return {
    minLength: Math.min(...parts.map((part) => part.minLength)),
    maxLength: Math.max(...parts.map((part) => part.maxLength)),
    digits: Math.min(...parts.map((part) => part.digits)),
    tokenRun: Math.min(...parts.map((part) => part.tokenRun)),
    pureNumber: parts.every((part) => part.pureNumber),
    pureToken: parts.every((part) => part.pureToken),
    ...(exact && exact.length <= EXACT_MAX && { exact }),
    ...(literals && { literals }),
  };
}

function product(a: readonly string[] | undefined, b: readonly string[] | undefined): readonly string[] | undefined {
  if (!a || !b || a.length * b.length > EXACT_MAX) return undefined;
  const out = a.flatMap((head) => b.map((tail) => head + tail));
  return out.every((text) => text.length <= LITERAL_CHARS_MAX) ? out : undefined;
}

/** A set with the empty string in it is no condition. */
function usable(strings: readonly string[] | undefined): readonly string[] | undefined {
  return strings && strings.length > 0 && !strings.includes('') ? strings : undefined;
}
