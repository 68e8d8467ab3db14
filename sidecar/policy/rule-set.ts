import type { Steps } from '../kernel/steps.js';
import { allowedValueTest } from './allowed-values.js';
import { endpointMatcher } from './endpoint.js';
import { createReferenceResolver, type Exception } from './exceptions.js';
import type { LiteralGroups } from './literal-scan.js';
import type { ExceptionLimits, Exemption, Pack, Problem, Rule, RuleReference } from './pack.js';
import { type AddGroup, type PreparedRule, prepareRule } from './prepared-rule.js';
import type { Scope } from './scope.js';

/** Which rules take matches away from which. */
export interface RuleExceptions {
  readonly suppressions: readonly Exception[];
  /** The exceptions that hold in this scope at this time. */
  exemptionsFor(scope: Scope): readonly Exception[];
  /** The rules with texts that they may find without matching, in this scope at this time. */
  allowedFor(scope: Scope): AllowedTexts;
}

/** By rule: whether a text is allowed. */
export type AllowedTexts = ReadonlyMap<PreparedRule, (text: string) => boolean>;
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
      const isRelated = namesIn(rule).length > 0 || named.has(rule.id) || named.has(`${pack.name}/${rule.id}`);
      const keepAll = isRelated || rule.action === 'mask';
      rules.push(prepareRule(rule, { pack, index: rules.length, keepAll }, addGroup));
    }
  }
  yield;
  const { exceptions, warnings } = yield* resolveReferences(packs, rules);
  return { rules, groups: { literals, words: { literals: words, wholeWords } }, exceptions, warnings };
}

/** Finds the rules that rules and packs name in their exceptions. What names none is a warning. */
function* resolveReferences(
  packs: readonly Pack[],
  rules: readonly PreparedRule[],
): Steps<Pick<RuleSet, 'exceptions' | 'warnings'>> {
  const warnings: Problem[] = [];
  const resolve = createReferenceResolver(rules);
  const targetsOf = (pack: Pack, reference: RuleReference, by: string) => {
    const targets = resolve(reference.id, pack);
    if (targets.length === 0) warnings.push(unresolved(pack, reference, by));
    return targets;
  };
  const suppressions = rules.flatMap((from) =>
    from.rule.suppresses.flatMap((suppressed) =>
      targetsOf(from.pack, suppressed, from.rule.id).map(({ index }) => {
        return { by: from.index, target: index, where: suppressed.where };
      }),
    ),
  );
  yield;
  const exemptionsBy = (from: PreparedRule, list: readonly Exemption[], lowers: boolean) =>
    list.flatMap((exemption) => {
      const holds = conditionOf(exemption);
      return targetsOf(from.pack, exemption, from.rule.id).map(({ index }) => ({
        exception: { by: from.index, target: index, where: exemption.where, lowers },
        holds,
      }));
    });
  const exemptions = rules.flatMap((from) => [
    ...exemptionsBy(from, from.rule.exempts, false),
    ...exemptionsBy(from, from.rule.lowers, true),
  ]);
  yield;
  const allowed = [
    ...rules.flatMap((rule) => rule.rule.except.map((list) => ({ rule, list, holds: conditionOf(list) }))),
    ...packs.flatMap((pack) =>
      pack.except.flatMap((list) =>
        targetsOf(pack, list, pack.name).map((rule) => ({ rule, list, holds: conditionOf(list) })),
      ),
    ),
  ];
  yield;
  const exemptionsFor = rememberHolding(exemptions, (holding) => holding.map(({ exception }) => exception));
  const allowedFor = rememberHolding(allowed, (holding) => {
    const lists = Map.groupBy(holding, ({ rule }) => rule);
    return new Map(Array.from(lists, ([rule, of]) => [rule, allowedValueTest(of.map(({ list }) => list))] as const));
  });
  return { exceptions: { suppressions, exemptionsFor, allowedFor }, warnings };
}

interface Limited {
  /** Absent: always. */
  readonly holds: ((scope: Scope) => boolean) | undefined;
}

/** Exceptions may be many, and which of them hold changes rarely: what was made for the last scope is kept. */
function rememberHolding<T extends Limited, R>(
  all: readonly T[],
  make: (holding: readonly T[]) => R,
): (scope: Scope) => R {
  const limited = all.flatMap(({ holds }) => holds ?? []);
  const remembered = new Uint8Array(limited.length);
  let made: R | undefined;
  return (scope) => {
    let isSame = made !== undefined;
    for (let i = 0; i < limited.length; i++) {
      const now = limited[i]?.(scope) ? 1 : 0;
      if (remembered[i] !== now) isSame = false;
      remembered[i] = now;
    }
    if (!isSame) made = make(all.filter(({ holds }) => holds?.(scope) ?? true));
    return made as R;
  };
}

function namesIn({ suppresses, exempts, lowers }: Rule): string[] {
  return [...suppresses, ...exempts, ...lowers].map(({ id }) => id);
}

function conditionOf({ endpoint, tenant, expiresMs }: ExceptionLimits): ((scope: Scope) => boolean) | undefined {
  if (endpoint === undefined && tenant === undefined && expiresMs === undefined) return undefined;
  const isThere = endpoint === undefined ? () => true : endpointMatcher(endpoint);
  return (scope) =>
    (endpoint === undefined || (scope.endpoint !== '' && isThere(scope.endpoint))) &&
    (tenant === undefined || scope.tenant === tenant) &&
    (expiresMs === undefined || (scope.nowMs !== undefined && scope.nowMs < expiresMs));
}

function unresolved({ file }: Pack, { id, place }: RuleReference, by: string): Problem {
  const message = `${by} names ${JSON.stringify(id)}, and no loaded pack has such a rule`;
  return { severity: 'warning', file, line: place.line, column: place.column, message };
}
