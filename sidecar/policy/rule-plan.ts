import type { PreparedRule } from './prepared-rule.js';
import { DIGITS_MIN, TOKEN_MIN } from './sweep.js';

/** The rules of one scope, by what makes it worth trying them on a text. */
export interface RulePlan {
  /** By group of literals: the rule of whose matches each holds one of the group. */
  readonly byLiteral: readonly (PreparedRule | undefined)[];
  /** Rules without a literal, but with so many digits in every match that only a long number can be one; fewest first. */
  readonly ofNumbers: readonly PreparedRule[];
  /** Rules without a literal whose matches all hold a long token. */
  readonly ofTokens: readonly PreparedRule[];
  /** Rules with a pattern of which nothing like that is known: they are tried on every text; shortest match first. */
  readonly others: readonly PreparedRule[];
  /** Rules that match by the length of all text. */
  readonly ofLength: readonly PreparedRule[];
  /** Some rule is against injection: such rules read disguised words too. */
  readonly hasInjection: boolean;
}

/** Plans how these rules are tried. */
export function planOf(rules: readonly PreparedRule[]): RulePlan {
  const byLiteral: (PreparedRule | undefined)[] = [];
  const ofNumbers: PreparedRule[] = [];
  const ofTokens: PreparedRule[] = [];
  const others: PreparedRule[] = [];
  for (const prepared of rules) {
    const facts = prepared.rule.pattern?.compiled.facts;
    if (!facts) continue;
    if (prepared.literalGroup >= 0) byLiteral[prepared.literalGroup] = prepared;
    else if (facts.digits >= DIGITS_MIN) ofNumbers.push(prepared);
    else if (facts.tokenRun >= TOKEN_MIN) ofTokens.push(prepared);
    else others.push(prepared);
  }
  others.sort((a, b) => a.minLength - b.minLength);
  ofNumbers.sort((a, b) => a.digits - b.digits);
  const ofLength = rules.filter(({ rule }) => rule.maxChars !== undefined);
  const hasInjection = rules.some(({ isInjection }) => isInjection);
  return { byLiteral, ofNumbers, ofTokens, others, ofLength, hasInjection };
}
