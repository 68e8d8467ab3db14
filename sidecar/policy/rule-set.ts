import { endpointMatcher } from './endpoint.js';
import { type Exception, resolveReference } from './exceptions.js';
import type { Exemption, Pack, Problem, RuleReference } from './pack.js';
import { type PreparedRule, prepareRule } from './prepared-rule.js';
import type { Scope } from './scope.js';

/** Which rules take matches away from which. */
export interface RuleExceptions {
  readonly suppressions: readonly Exception[];
  /** The exceptions that hold in this scope at this time. */
  exemptionsFor(scope: Scope): readonly Exception[];
}

interface RuleSet {
  /** All rules, in the order of packs and files. */
  readonly rules: readonly PreparedRule[];
  readonly exceptions: RuleExceptions;
  readonly warnings: readonly Problem[];
}

/** Prepares all rules of all packs and resolves what they say of one another. */
export function prepareRules(packs: readonly Pack[], addGroup: (literals: readonly string[]) => number): RuleSet {
  const named = new Set(packs.flatMap(({ rules }) => rules.flatMap(namesIn)));
  const rules: PreparedRule[] = [];
  for (const pack of packs) {
    for (const rule of pack.rules) {
      const isRelated = namesIn(rule).length > 0 || named.has(rule.id) || named.has(`${pack.name}/${rule.id}`);
      const keepAll = isRelated || rule.action === 'mask';
      rules.push(prepareRule(rule, { pack, index: rules.length, keepAll }, addGroup));
    }
  }
  const warnings: Problem[] = [];
  const targetsOf = (from: PreparedRule, reference: RuleReference) => {
    const targets = resolveReference(reference.id, from, rules);
    if (targets.length === 0) warnings.push(unresolved(from, reference));
    return targets;
  };
  const suppressions = rules.flatMap((from) =>
    from.rule.suppresses.flatMap((suppressed) =>
      targetsOf(from, suppressed).map(({ index }) => ({ by: from.index, target: index, where: suppressed.where })),
    ),
  );
  const exemptions = rules.flatMap((from) =>
    from.rule.exempts.flatMap((exemption) => {
      const holds = conditionOf(exemption);
      return targetsOf(from, exemption).map(({ index }) => ({ by: from.index, target: index, holds }));
    }),
  );
  const exemptionsFor = (scope: Scope): Exception[] =>
    exemptions.filter(({ holds }) => holds(scope)).map(({ by, target }) => ({ by, target, where: 'inside' }));
  return { rules, exceptions: { suppressions, exemptionsFor }, warnings };
}

function namesIn(rule: { suppresses: readonly RuleReference[]; exempts: readonly RuleReference[] }): string[] {
  return [...rule.suppresses, ...rule.exempts].map(({ id }) => id);
}

function conditionOf({ endpoint, tenant, expiresMs }: Exemption): (scope: Scope) => boolean {
  const isThere = endpoint === undefined ? () => true : endpointMatcher(endpoint);
  return (scope) =>
    (endpoint === undefined || (scope.endpoint !== '' && isThere(scope.endpoint))) &&
    (tenant === undefined || scope.tenant === tenant) &&
    (expiresMs === undefined || (scope.nowMs !== undefined && scope.nowMs < expiresMs));
}

function unresolved({ rule, pack }: PreparedRule, { id, place }: RuleReference): Problem {
  const message = `${rule.id} names ${JSON.stringify(id)}, and no loaded pack has such a rule`;
  return { severity: 'warning', file: pack.file, line: place.line, column: place.column, message };
}
