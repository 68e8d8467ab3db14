import type { LazyScan } from './lazy-scan.js';
import type { LiteralScanner } from './literal-scan.js';
import type { Spend } from './matcher.js';
import type { CompiledPattern } from './pattern.js';
import type { RunList } from './run-list.js';
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

/** Stretches with fewer characters between them are searched as one: to begin a search costs about as much as trying so many places. */
const NEAR_CHARS = 32;

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
  const mayBeAnywhere = anchored || text.length <= facts.maxLength;
  return (mayBeAnywhere ? undefined : stretchesBefore(facts, holds, place)) ?? [[0, text.length]];
}

/** Visits the matches that begin in the stretches, leftmost first, none overlapping another, until `visit` gives false. */
export function eachMatch(
  { matcher }: CompiledPattern,
  { text, stretches }: { readonly text: string; readonly stretches: readonly Stretch[] },
  visit: (start: number, end: number, valueStart: number, valueEnd: number) => boolean,
  spend?: Spend,
): void {
  const [first] = stretches;
  if (stretches.length === 1 && first) {
    matcher.each(text, first[0], first[1], visit, spend);
    return;
  }
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

/** Undefined: anywhere. */
function stretchesBefore(
  facts: CompiledPattern['facts'],
  { literalGroup, commonGroup, signs }: Held,
  { text, scanner, words }: { text: string; scanner: LiteralScanner; words: LazyScan },
): readonly Stretch[] | undefined {
  const reach = facts.literalReach ?? facts.maxLength;
  if (literalGroup >= 0) return beforeEnds(scanner.endsOf(literalGroup), reach);
  if (commonGroup >= 0) return beforeEnds(words.endsOf(commonGroup), reach);
  if (facts.hexRun >= HEX_MIN) return beforeRuns(scanner.hexes, facts.hexRun, facts.maxLength);
  if (facts.digits >= DIGITS_MIN) return beforeRuns(scanner.numbers, facts.digits, facts.maxLength);
  if (facts.tokenRun >= TOKEN_MIN) return beforeRuns(scanner.tokens, facts.tokenRun, facts.maxLength);
  return signs.length > 0 ? beforeSigns(placesOf(signs, text), reach) : undefined;
}

/** From as far before the end of a literal as a match that holds it can begin. */
function beforeEnds(ends: readonly number[] | undefined, reach: number): Stretch[] | undefined {
  if (!ends || reach === Number.POSITIVE_INFINITY) return undefined;
  const merged: [number, number][] = [];
  for (const end of ends) addMerged(merged, Math.max(0, end - reach), end);
  return merged;
}

/** Likewise before the runs of at least this size. */
function beforeRuns(runs: RunList, size: number, reach: number): Stretch[] | undefined {
  if (runs.isCut || reach === Number.POSITIVE_INFINITY) return undefined;
  const merged: [number, number][] = [];
  for (let run = 0; run < runs.count; run++) {
    if (runs.sizeOf(run) >= size) addMerged(merged, Math.max(0, runs.startOf(run) - reach), runs.endOf(run));
  }
  return merged;
}

function beforeSigns(places: readonly number[] | undefined, reach: number): Stretch[] | undefined {
  return beforeEnds(
    places?.map((at) => at + 1),
    reach + 1,
  );
}

function addMerged(merged: [number, number][], from: number, to: number): void {
  const last = merged.at(-1);
  if (last && from <= last[1] + NEAR_CHARS) last[1] = Math.max(last[1], to);
  else merged.push([from, to]);
}

/** Where the signs stand, ascending; undefined when there are too many. */
function placesOf(signs: readonly string[], text: string): readonly number[] | undefined {
  const places: number[] = [];
  for (const sign of signs) {
    for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) {
      if (places.length >= SIGNS_KEPT) return undefined;
      places.push(at);
    }
  }
  return signs.length > 1 ? places.sort((a, b) => a - b) : places;
}
