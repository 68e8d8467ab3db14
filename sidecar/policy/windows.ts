import type { LazyScan } from './lazy-scan.js';
import type { LiteralScanner } from './literal-scan.js';
import type { Spend } from './matcher.js';
import type { CompiledPattern } from './pattern.js';
import { DIGITS_MIN, HEX_MIN, TOKEN_MIN } from './sweep.js';

/** A stretch of text to be searched, or that was seen. */
export type Stretch = readonly [from: number, to: number];

/** Whether the text scanned last has what every match of the pattern has. */
export function mayMatch({ facts, whole }: CompiledPattern, text: string, scanner: LiteralScanner): boolean {
  if (text.length < facts.minLength || (whole && text.length > facts.maxLength)) return false;
  if (facts.digits > 0 && !scanner.hasDigit) return false;
  if (facts.digits >= DIGITS_MIN && !scanner.numbers.has(facts.digits)) return false;
  if (facts.hexRun >= HEX_MIN && !scanner.hexes.has(facts.hexRun)) return false;
  return facts.tokenRun < TOKEN_MIN || scanner.tokens.has(facts.tokenRun);
}

/** What is known to stand in every match of a rule's pattern beside its facts: see PreparedRule. */
interface Held {
  readonly literalGroup: number;
  readonly commonGroup: number;
  readonly signs: readonly string[];
}

/** A text with more signs is searched whole: so many windows would cost more than they spare. */
const SIGNS_KEPT = 1024;

/**
 * Where matches of a pattern can begin in the text scanned last: before what every match is known to hold (a literal, a
 * number, a long token, a sign), as far as that can be from the start of a match; everywhere when it holds no such
 * thing, or that may be any distance away. Stretches do not overlap and ascend.
 */
export function stretchesFor(
  { facts, anchored }: CompiledPattern,
  holds: Held,
  place: { text: string; scanner: LiteralScanner; words: LazyScan },
): readonly Stretch[] {
  const { text } = place;
  const held = anchored || text.length <= facts.maxLength ? undefined : whatMatchesHold(facts, holds, place);
  if (!held || held.reach === Number.POSITIVE_INFINITY) return [[0, text.length]];
  const merged: [number, number][] = [];
  for (const [start, end] of held.places) {
    const from = Math.max(0, start - held.reach);
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([from, end]);
  }
  return merged;
}

/** Visits the matches that begin in the stretches, leftmost first, none overlapping another, until `visit` gives false. */
export function eachMatch(
  { matcher }: CompiledPattern,
  { text, stretches }: { readonly text: string; readonly stretches: readonly Stretch[] },
  visit: (start: number, end: number, valueStart: number, valueEnd: number) => boolean,
  spend?: Spend,
): void {
  let lastEnd = 0;
  let goesOn = true;
  const visitOne: typeof visit = (start, end, valueStart, valueEnd) => {
    lastEnd = end;
    goesOn = visit(start, end, valueStart, valueEnd);
    return goesOn;
  };
  for (const [from, to] of stretches) {
    // At the end of the text an empty match may still begin.
    if (goesOn && (to > lastEnd || to === text.length))
      matcher.each(text, Math.max(from, lastEnd), to, visitOne, spend);
  }
}

/** Places of what matches hold, and how far before the end of that (of a literal) or its start a match can begin. */
interface HeldPlaces {
  readonly places: readonly Stretch[];
  readonly reach: number;
}

function whatMatchesHold(
  facts: CompiledPattern['facts'],
  { literalGroup, commonGroup, signs }: Held,
  { text, scanner, words }: { text: string; scanner: LiteralScanner; words: LazyScan },
): HeldPlaces | undefined {
  const at = (places: readonly Stretch[] | undefined, reach: number) => places && { places, reach };
  if (literalGroup >= 0 || commonGroup >= 0) {
    const ends = literalGroup >= 0 ? scanner.endsOf(literalGroup) : words.endsOf(commonGroup);
    return at(
      ends?.map((end) => [end, end] as const),
      facts.literalReach ?? facts.maxLength,
    );
  }
  if (facts.hexRun >= HEX_MIN) return at(scanner.hexes.atLeast(facts.hexRun), facts.maxLength);
  if (facts.digits >= DIGITS_MIN) return at(scanner.numbers.atLeast(facts.digits), facts.maxLength);
  if (facts.tokenRun >= TOKEN_MIN) return at(scanner.tokens.atLeast(facts.tokenRun), facts.maxLength);
  return signs.length > 0 ? at(placesOf(signs, text), facts.literalReach ?? facts.maxLength) : undefined;
}

/** Where the signs stand, ascending; undefined when there are too many. */
function placesOf(signs: readonly string[], text: string): readonly Stretch[] | undefined {
  const places: number[] = [];
  for (const sign of signs) {
    for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) {
      if (places.length >= SIGNS_KEPT) return undefined;
      places.push(at);
    }
  }
  return places.sort((a, b) => a - b).map((at) => [at, at + 1]);
}
