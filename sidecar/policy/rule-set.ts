import type { Steps } from '../kernel/steps.js';
import { endpointMatcher } from './endpoint.js';
import { createReferenceResolver, type Exception } from './exceptions.js';
import type { LiteralGroups } from './literal-scan.js';
import type { Exemption, Pack, Problem, RuleReference } from './pack.js';
import { type AddGroup, type PreparedRule, prepareRule } from './prepared-rule.js';
import type { Scope } from './scope.js';

/** Which rules take matches away from which. */
export interface RuleExceptions {
  readonly suppressions: readonly Exception[];
  /** The exceptions that hold in this scope at this time. */
  exemptionsFor(scope: Scope): readonly Exception[];
}

/** What is looked for in texts on behalf of all rules. */
export interface RuleGroups {
  /** Literals of which every match of a rule holds one. */
  readonly literals: readonly (readonly string[])[];
  /** Keywords, and the words of required context: asked about only when a rule has all else that it needs. */
  readonly words: LiteralGroups;
}

interface RuleSet {
  /** All rules, in the order of packs and files. */
  readonly rules: readonly PreparedRule[];
  /** The literals and the words that the rules name by the numbers of their groups. */
  readonly groups: RuleGroups;
  readonly exceptions: RuleExceptions;
  readonly warnings: readonly Problem[];
}

/** Prepares all rules of all packs and resolves what they say of one another. */
export function* prepareRules(packs: readonly Pack[]): Steps<RuleSet> {
  const literals: (readonly string[])[] = [];
  const words: (readonly string[])[] = [];
  const wholeWords = new Set<number>();
  const addGroup: AddGroup = {
    ofLiterals: (group) => literals.push(group) - 1,
    ofKeywords: (group) => words.push(group) - 1,
    ofWords(group) {
      wholeWords.add(words.length);
      return words.push(group) - 1;
    },
  };
  const named = new Set(packs.flatMap(({ rules }) => rules.flatMap(namesIn)));
  const rules: PreparedRule[] = [];
  for (const pack of packs) {
    for (const rule of pack.rules) {
      yield;
      const keepAll = namesIn(rule).length > 0 || named.has(rule.id) || named.has(`${pack.name}/${rule.id}`);
      rules.push(prepareRule(rule, { pack, index: rules.length, keepAll }, addGroup));
    }
  }
  const warnings: Problem[] = [];
  const resolve = createReferenceResolver(rules);
  const targetsOf = (from: PreparedRule, reference: RuleReference) => {
    const targets = resolve(reference.id, from);
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
  return {
    rules,
    groups: { literals, words: { literals: words, wholeWords } },
    exceptions: { suppressions, exemptionsFor },
    warnings,
  };
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
