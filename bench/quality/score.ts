import type { Role } from '../../sidecar/kernel/evaluation.js';
import type { Policy } from '../../sidecar/policy/policy.js';
import type { Case } from './cases.js';
import type { Claims } from './claims.js';
import { type Judged, judgeText, type Place } from './judge.js';

/** What one label says of one text, and what the rules said. A benign text has one for every category of `negative_for`. */
export interface Outcome {
  readonly case: Case;
  readonly category: string;
  /** `match` or `no_match` of a reach: what figures are grouped by. */
  readonly kind: 'match' | 'whole-match' | 'category-negative' | 'entity-negative' | 'whole-negative';
  /** A match that is met, or a negative that is hit. Undefined: only rules of the entity could tell, and there are none. */
  readonly hit: boolean | undefined;
  /** For a match: a rule that stands for the entity fires (for whole strings: on the whole); undefined when none does. */
  readonly entityHit: boolean | undefined;
  /** For a match: any rule of the category fires, anywhere. */
  readonly categoryHit: boolean;
  /** For a match with `spans`: each of these strings overlaps a place that the category's rules found. */
  readonly spansFound?: boolean;
  /** For a match with `count`: the rules found as many places, those of the entity if there are any, else the category's. */
  readonly countRight?: boolean;
  readonly judged: Judged;
}

/** Pack whose rules belong to a category. */
const PACK_OF: ReadonlyMap<string, string> = new Map([['prompt_injection', 'injection']]);

/** Judges every text once and scores it for every category that its label speaks of. */
export function scoreCases(policy: Policy, claims: Claims, cases: readonly Case[], role: Role = 'user'): Outcome[] {
  return cases.flatMap((one) => {
    const judged = judgeText(policy, one.text, role);
    const categories = one.expected === 'no_match' ? (one.negative_for ?? [one.category]) : [one.category];
    return categories.map((category) => scoreCase(claims, one, category, judged));
  });
}

/** Scores one text for one category: what `hit` means depends on how far the label reaches. */
function scoreCase(claims: Claims, one: Case, category: string, judged: Judged): Outcome {
  const ofEntity = claims.rulesFor(one.entity);
  const fires = (rules: ReadonlySet<string>) => [...rules].some((rule) => ofEntity.has(rule));
  const ifClaimed = (hit: boolean) => (ofEntity.size > 0 ? hit : undefined);
  const categoryHit = [...judged.rules].some((rule) => belongsTo(claims, rule, category));
  const entityHit = ifClaimed(fires(one.scope === 'whole-string' ? judged.whole : judged.rules));
  const isMatch = one.expected === 'match';
  const ofCategory = judged.places.filter(({ rule }) => belongsTo(claims, rule, category));
  const counted = ofEntity.size > 0 ? judged.places.filter(({ rule }) => ofEntity.has(rule)) : ofCategory;
  const base = {
    case: one,
    category,
    entityHit,
    categoryHit,
    judged,
    ...(isMatch && one.spans && { spansFound: one.spans.every((span) => isFound(one.text, span, ofCategory)) }),
    ...(isMatch && one.count !== undefined && { countRight: countApart(counted) === one.count }),
  };
  if (one.scope === 'whole-string')
    return { ...base, kind: isMatch ? 'whole-match' : 'whole-negative', hit: entityHit };
  if (isMatch) return { ...base, kind: 'match', hit: categoryHit };
  if (one.scope === 'category') return { ...base, kind: 'category-negative', hit: categoryHit };
  return { ...base, kind: 'entity-negative', hit: entityHit };
}

function belongsTo(claims: Claims, rule: string, category: string): boolean {
  if (category === 'structured_pii') return claims.isStructuredPii(rule);
  return rule.startsWith(`${PACK_OF.get(category) ?? category}/`);
}

/** Whether a place overlaps the string, wherever in the text it stands. */
function isFound(text: string, span: string, places: readonly Place[]): boolean {
  const [whole, part] = [Buffer.from(text), Buffer.from(span)];
  for (let at = whole.indexOf(part); at >= 0; at = whole.indexOf(part, at + 1))
    if (places.some(({ start, end }) => start < at + part.length && end > at)) return true;
  return false;
}

/** Places, those that overlap counted once. */
function countApart(places: readonly Place[]): number {
  let [count, reached] = [0, 0];
  for (const { start, end } of places.toSorted((a, b) => a.start - b.start)) {
    if (count === 0 || start >= reached) count++;
    reached = Math.max(reached, end);
  }
  return count;
}
