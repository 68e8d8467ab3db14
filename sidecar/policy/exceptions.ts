import type { Action } from '../kernel/verdict.js';
import type { RuleMatches, Span } from './matches.js';
import type { Pack } from './pack.js';
import type { PreparedRule } from './prepared-rule.js';

/** One rule that takes matches away from another. */
export interface Exception {
  readonly by: number;
  readonly target: number;
  /**
   * `inside`: matches of the target inside of one of this rule; `overlap`: that share a character; `text`: in the same text;
   * `anywhere`: all.
   */
  readonly where: 'inside' | 'overlap' | 'text' | 'anywhere';
  /** The matches stay, but flag at most. */
  readonly lowers?: boolean;
}

/** Whether what is left of a rule's matches makes the rule match. */
export function isMatched({ prepared, spans, byLength }: RuleMatches): boolean {
  return byLength || isEnough(prepared, spans);
}

function isEnough({ rule }: PreparedRule, spans: readonly Span[]): boolean {
  const minCount = rule.pattern?.minCount ?? 1;
  return minCount === 1 ? spans.length > 0 : spans.filter(({ derived }) => !derived).length >= minCount;
}

/** What a rule that matches does: its action, or `flag` when that is less and the matches that are not lowered are too few. */
export function actionOf({ prepared, spans, byLength }: RuleMatches): Action {
  const { action } = prepared.rule;
  if (action === 'allow' || byLength || !spans.some(({ isLowered }) => isLowered)) return action;
  return isEnough(prepared, notLowered(spans)) ? action : 'flag';
}

/** Matches that count in full. */
export function notLowered(spans: readonly Span[]): readonly Span[] {
  return spans.filter(({ isLowered }) => !isLowered);
}

/**
 * Applies exceptions in order, in place. A rule that does not match (any more) takes nothing away. A rule that matched by length
 * has no place in the text, so it acts anywhere.
 */
export function applyExceptions(matches: readonly RuleMatches[], exceptions: readonly Exception[]): void {
  if (exceptions.length === 0 || matches.length < 2) return;
  const byIndex = new Map(matches.map((match) => [match.prepared.index, match]));
  for (const { by, target, where, lowers } of exceptions) {
    const actor = byIndex.get(by);
    if (!actor) continue;
    const subject = byIndex.get(target);
    if (!subject || !isMatched(actor)) continue;
    const isEverywhere = where === 'anywhere' || actor.byLength;
    const taken = (spans: Span[]) => new Set(isEverywhere ? spans : related(spans, actor.spans, where));
    const gone = taken(subject.spans);
    if (lowers) {
      subject.spans = subject.spans.map((span) => (gone.has(span) ? { ...span, isLowered: true } : span));
      continue;
    }
    const overlaidGone = taken(subject.overlaid);
    subject.spans = subject.spans.filter((span) => !gone.has(span));
    subject.overlaid = subject.overlaid.filter((span) => !overlaidGone.has(span));
    if (isEverywhere) subject.byLength = false;
  }
}

/** Spans that relate to one of `others`. Both ascend and are without overlap, so one walk over both is enough. */
function related(spans: readonly Span[], others: readonly Span[], where: 'inside' | 'overlap' | 'text'): Span[] {
  if (where === 'text') {
    const segments = new Set(others.map(({ segment }) => segment));
    return spans.filter(({ segment }) => segments.has(segment));
  }
  const relates = where === 'inside' ? isInside : overlaps;
  let at = 0;
  return spans.filter((span) => {
    while (at < others.length && endsBefore(others[at] as Span, span)) at++;
    for (let i = at; i < others.length && !startsAfter(others[i] as Span, span); i++) {
      if (relates(span, others[i] as Span)) return true;
    }
    return false;
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
