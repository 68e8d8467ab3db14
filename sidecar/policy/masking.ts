import type { Replacement, Segment } from '../kernel/evaluation.js';
import { type Mask, maskedValue, placeholder } from './mask.js';
import type { RuleMatches, Span } from './matches.js';

/** One place to be masked, or several that overlap. */
interface Place {
  readonly mask: Mask;
  readonly segment: number;
  readonly start: number;
  end: number;
  /** The place of matches that cover the same text, as it stands: the rule's style has something to show. */
  isPlain: boolean;
}

/**
 * What is to be replaced of the segments, all matches of the given rules taken together: in order, without overlap.
 * Places that overlap become one, of which nothing is shown but the name of the first rule.
 */
export function replacementsOf(
  matches: readonly RuleMatches[],
  segments: readonly Segment[],
  key: string,
): Replacement[] {
  return mergedPlaces(matches).map(({ mask, segment, start, end, isPlain }) => {
    const owner = segments[segment] as Segment;
    const [from, to] = wholeCharacters(owner.text, start, end);
    const by = isPlain ? maskedValue(mask, owner.text.slice(from, to), key) : placeholder(mask);
    return { segment: owner, start: from, end: to, by };
  });
}

function mergedPlaces(matches: readonly RuleMatches[]): Place[] {
  const found = matches.flatMap(({ prepared, spans, overlaid }) =>
    [spans, overlaid].flatMap((list) => list.map((span) => ({ mask: prepared.rule.mask, span }))),
  );
  const covering = found.filter(({ span }) => span.end > span.start);
  covering.sort((a, b) => byPlace(a.span, b.span)); // stable: the first rule of a file comes first at one place
  const places: Place[] = [];
  for (const { mask, span } of covering) {
    const { segment, start, end } = span;
    const last = places.at(-1);
    if (!last || last.segment !== segment || last.end <= start) {
      places.push({ mask, segment, start, end, isPlain: !span.inView });
      continue;
    }
    const isSame = last.mask === mask && last.start === start && last.end === end && !span.inView;
    last.isPlain &&= isSame;
    last.end = Math.max(last.end, end);
  }
  return places;
}

function byPlace(a: Span, b: Span): number {
  return a.segment - b.segment || a.start - b.start || b.end - a.end;
}

/** A place that begins or ends within a surrogate pair takes the whole of it. */
function wholeCharacters(text: string, start: number, end: number): [number, number] {
  const splits = (at: number) => at > 0 && at < text.length && (text.codePointAt(at - 1) ?? 0) > 0xffff;
  return [splits(start) ? start - 1 : start, splits(end) ? end + 1 : end];
}
