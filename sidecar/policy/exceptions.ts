import type { RuleMatches, Span } from './matches.js';
import type { Pack } from './pack.js';
import type { PreparedRule } from './prepared-rule.js';

/** One rule that takes matches away from another. */
export interface Exception {
  readonly by: number;
  readonly target: number;
  /** `inside`: matches of the target inside of one of this rule; `overlap`: that share a character; `anywhere`: all. */
  readonly where: 'inside' | 'overlap' | 'anywhere';
}

/** Whether what is left of a rule's matches makes the rule match. */
export function isMatched({ prepared, spans, byLength }: RuleMatches): boolean {
  const minCount = prepared.rule.pattern?.minCount ?? 1;
  if (byLength || minCount === 1) return byLength || spans.length > 0;
  return spans.filter(({ derived }) => !derived).length >= minCount;
}

/**
 * Applies exceptions in order, in place. A rule that does not match (any more) takes nothing away. A rule that matched by length
 * has no place in the text, so it acts anywhere.
 */
export function applyExceptions(matches: readonly RuleMatches[], exceptions: readonly Exception[]): void {
  if (exceptions.length === 0 || matches.length < 2) return;
  const byIndex = new Map(matches.map((match) => [match.prepared.index, match]));
  for (const { by, target, where } of exceptions) {
    const actor = byIndex.get(by);
    if (!actor) continue;
    const subject = byIndex.get(target);
    if (!subject || !isMatched(actor)) continue;
    if (where === 'anywhere' || actor.byLength) {
      subject.spans = [];
      subject.overlaid = [];
      subject.byLength = false;
      continue;
    }
    const relates = where === 'inside' ? isInside : overlaps;
    subject.spans = without(subject.spans, actor.spans, relates);
    subject.overlaid = without(subject.overlaid, actor.spans, relates);
  }
}

/** Spans that relate to none of `others`. Both ascend and are without overlap, so one walk over both is enough. */
function without(
  spans: readonly Span[],
  others: readonly Span[],
  relates: (span: Span, other: Span) => boolean,
): Span[] {
  let at = 0;
  return spans.filter((span) => {
    while (at < others.length && endsBefore(others[at] as Span, span)) at++;
    for (let i = at; i < others.length && !startsAfter(others[i] as Span, span); i++) {
      if (relates(span, others[i] as Span)) return false;
    }
    return true;
  });
}

function endsBefore(a: Span, b: Span): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.end < b.start);
}

function startsAfter(a: Span, b: Span): boolean {
  return a.segment > b.segment || (a.segment === b.segment && a.start > b.end);
}

function isInside(span: Span, other: Span): boolean {
  return span.segment === other.segment && other.start <= span.start && span.end <= other.end;
}

function overlaps(span: Span, other: Span): boolean {
  return isInside(span, other) || (span.segment === other.segment && span.start < other.end && other.start < span.end);
}

/** Finds the rules that a reference in a pack names: of the own pack first, else of every pack, else by `pack/id`. */
export function createReferenceResolver(
  rules: readonly PreparedRule[],
): (id: string, from: Pack) => readonly PreparedRule[] {
  const byId = Map.groupBy(rules, ({ rule }) => rule.id);
  const byIdentity = Map.groupBy(rules, ({ rule, pack }) => `${pack.name}/${rule.id}`);
  return (id, from) => {
    const named = byId.get(id) ?? [];
    const own = named.filter(({ pack }) => pack === from);
    if (own.length > 0) return own;
    return named.length > 0 ? named : (byIdentity.get(id) ?? []);
  };
}
