import type { LiteralScanner } from './literal-scan.js';
import type { CompiledPattern } from './pattern.js';
import { DIGITS_MIN, TOKEN_MIN } from './sweep.js';

/** A stretch of text to be searched, or that was seen. */
export type Stretch = readonly [from: number, to: number];

/** Whether the text scanned last has what every match of the pattern has. */
export function mayMatch({ facts }: CompiledPattern, scanner: LiteralScanner): boolean {
  if (facts.digits >= DIGITS_MIN && !scanner.numbers.has(facts.digits)) return false;
  return facts.tokenRun < TOKEN_MIN || scanner.tokens.has(facts.tokenRun);
}

/** What is known to stand in every match of a rule's pattern beside its facts: see PreparedRule. */
interface Held {
  readonly literalGroup: number;
  readonly signs: readonly string[];
}

/** A text with more signs is searched whole: so many windows would cost more than they spare. */
const SIGNS_KEPT = 1024;

/**
 * Where a pattern must be tried in the text scanned last: around what every match is known to hold (a literal, a number,
 * a long token, a sign), as far as its longest match reaches; everywhere when it holds no such thing or has no longest
 * match. Stretches are merged, so that no match is cut or found twice.
 */
export function stretchesFor(
  { facts, anchored }: CompiledPattern,
  holds: Held,
  { text, scanner }: { text: string; scanner: LiteralScanner },
): readonly Stretch[] {
  const reach = facts.maxLength;
  const held = anchored || text.length <= reach ? undefined : whatMatchesHold(facts, holds, { text, scanner });
  if (!held) return [[0, text.length]];
  const merged: [number, number][] = [];
  for (const [start, end] of held) {
    const from = Math.max(0, start - reach);
    const to = Math.min(text.length, end + reach);
    const last = merged.at(-1);
    // Closer than a matcher's look at its surroundings counts as one.
    if (last && from <= last[1] + 8) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

function whatMatchesHold(
  facts: CompiledPattern['facts'],
  { literalGroup, signs }: Held,
  { text, scanner }: { text: string; scanner: LiteralScanner },
): readonly Stretch[] | undefined {
  if (literalGroup >= 0) return scanner.endsOf(literalGroup)?.map((end) => [end, end]);
  if (facts.digits >= DIGITS_MIN) return scanner.numbers.atLeast(facts.digits);
  if (facts.tokenRun >= TOKEN_MIN) return scanner.tokens.atLeast(facts.tokenRun);
  return signs.length > 0 ? placesOf(signs, text) : undefined;
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
