import type { Finding, Mark, Segment } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import type { RuleMatches, Span } from './matches.js';

const NONE: readonly Finding[] = [];

/** A span that is reported, with the rule that found it. */
interface Reported {
  readonly match: RuleMatches;
  readonly span: Span;
}

/**
 * The findings of the rules that matched, in file order and by place, without rules of the action `allow`: those mark a
 * request, and what they match is often the very text that is in order. When there are more than may be listed, every
 * rule gets an equal share first. Offsets are converted to UTF-8 here, so only for what is listed.
 */
export function findingsOf(matches: readonly RuleMatches[], segments: readonly Segment[]): readonly Finding[] {
  if (matches.length === 0) return NONE;
  const listed = choose(matches.filter(isReported));
  const bytes = byteOffsets(listed, segments);
  return listed.map((reported) => {
    const { rule, pack, validatorName } = reported.match.prepared;
    const { segment, start, end, score } = reported.span;
    const offsets = bytes.get(segment);
    return {
      ruleId: rule.id,
      pack: pack.name,
      packDigest: pack.digest,
      pointer: (segments[segment] as Segment).pointer,
      start: offsets?.get(start) ?? start,
      end: offsets?.get(end) ?? end,
      validator: validatorName,
      score,
    };
  });
}

/** All places of the same rules, those too that other readings of a text share with a listed one. */
export function marksOf(matches: readonly RuleMatches[]): Mark[] {
  return matches
    .filter(isReported)
    .flatMap(({ spans, overlaid }) => [...spans, ...overlaid])
    .map(({ segment, start, end }) => ({ text: segment, start, end }));
}

function isReported({ prepared }: RuleMatches): boolean {
  return prepared.rule.action !== 'allow';
}

function choose(matches: readonly RuleMatches[]): Reported[] {
  const total = matches.reduce((sum, { spans }) => sum + spans.length, 0);
  const share = total <= LIMITS.findingsMax ? total : Math.max(1, Math.floor(LIMITS.findingsMax / matches.length));
  const listed = matches.flatMap((match) => match.spans.slice(0, share).map((span) => ({ match, span })));
  return listed.slice(0, LIMITS.findingsMax);
}

/** For each segment with findings, the UTF-8 offset of every index that they name; one walk over each text. */
function byteOffsets(listed: readonly Reported[], segments: readonly Segment[]): Map<number, Map<number, number>> {
  const wanted = new Map<number, number[]>();
  for (const { span } of listed) {
    const indexes = wanted.get(span.segment);
    if (indexes) indexes.push(span.start, span.end);
    else wanted.set(span.segment, [span.start, span.end]);
  }
  const out = new Map<number, Map<number, number>>();
  for (const [segment, indexes] of wanted) out.set(segment, utf8Offsets((segments[segment] as Segment).text, indexes));
  return out;
}

/** UTF-8 offsets of UTF-16 indexes. A lone surrogate is written as U+FFFD, three bytes, as encoders do. */
function utf8Offsets(text: string, indexes: readonly number[]): Map<number, number> {
  const offsets = new Map<number, number>();
  let [at, bytes] = [0, 0];
  for (const index of indexes.toSorted((a, b) => a - b)) {
    bytes += Buffer.byteLength(text.slice(at, index));
    at = index;
    offsets.set(index, bytes);
  }
  return offsets;
}
