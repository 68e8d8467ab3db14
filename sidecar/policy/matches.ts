import type { PreparedRule } from './prepared-rule.js';

/** One confirmed match. Offsets are UTF-16 indexes into the segment's text. */
export interface Span {
  /** Index of the segment. */
  readonly segment: number;
  readonly start: number;
  readonly end: number;
  readonly score: number;
  /** Found in another reading of the text: what stands at this place says it in other characters. */
  readonly inView: boolean;
  /** This match flags at most: another rule says so (`lowers`), or the reading that it was found in is a guess. */
  readonly isLowered?: true;
  /** The text stands in another segment too (`Segment.derived`): it matches, but is not counted. */
  readonly derived: boolean;
}

/** What one rule has found so far. Spans do not overlap and ascend by segment and start. */
export interface RuleMatches {
  readonly prepared: PreparedRule;
  spans: Span[];
  /** Spans found in other readings of the segment at hand, until they are merged into `spans`. */
  viewSpans: Span[];
  /** Spans of other readings that share a place with one of `spans`. They do not count, but what they cover is masked too. */
  overlaid: Span[];
  /** How many of all spans found so far flag at most from the start: they must not take the place of others. */
  loweredCount: number;
  /** The condition `max_chars` holds; it has no place in the text. */
  byLength: boolean;
}

/** The matches of a rule, begun when there are none. */
export function matchesOf(found: Map<PreparedRule, RuleMatches>, prepared: PreparedRule): RuleMatches {
  let matches = found.get(prepared);
  if (!matches) {
    matches = { prepared, spans: [], viewSpans: [], overlaid: [], loweredCount: 0, byLength: false };
    found.set(prepared, matches);
  }
  return matches;
}

/**
 * Takes the spans of other readings of the segment into `spans`. What several readings show at one place is one match:
 * the reading as it stands counts first, then those that are no guess, then the earlier and longer span.
 */
export function mergeViewSpans(matches: RuleMatches, segment: number): void {
  if (matches.viewSpans.length === 0) return;
  const firstOfSegment = matches.spans.findIndex((span) => span.segment === segment);
  const start = firstOfSegment < 0 ? matches.spans.length : firstOfSegment;
  const [guessed, sure] = [true, false].map((isLowered) =>
    matches.viewSpans.filter((span) => (span.isLowered === true) === isLowered),
  ) as [Span[], Span[]];
  const { overlaid } = matches;
  const kept = withOthers(withOthers(matches.spans.slice(start), sure, overlaid), guessed, overlaid);
  matches.spans = [...matches.spans.slice(0, start), ...kept];
  matches.viewSpans = [];
}

/** `own` and what of the others meets none of them, in order; the rest is put with `overlaid`. */
function withOthers(own: readonly Span[], others: Span[], overlaid: Span[]): Span[] {
  const kept = [...own];
  let [at, lastEnd] = [0, -1];
  for (const span of others.sort((a, b) => a.start - b.start || b.end - a.end)) {
    while (at < own.length && (own[at] as Span).end <= span.start) at++;
    const meetsOwn = at < own.length && (own[at] as Span).start < Math.max(span.end, span.start + 1);
    if (meetsOwn || span.start < lastEnd) {
      overlaid.push(span);
      continue;
    }
    kept.push(span);
    lastEnd = Math.max(span.end, span.start + 1);
  }
  return kept.sort((a, b) => a.start - b.start);
}
