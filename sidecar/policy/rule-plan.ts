import type { PreparedRule } from './prepared-rule.js';
import { DIGITS_MIN, TOKEN_MIN } from './sweep.js';

type ByGroup = readonly (PreparedRule | undefined)[];

/** The rules of one scope, by what makes it worth trying them on a text. A rule may stand in several lists. */
export interface RulePlan {
  /** By group of literals: the rule of whose matches each holds one of the group, or that needs a word of it in the text. */
  readonly byLiteral: ByGroup;
  /** By group of words: the rule that needs one of the group in the text, and a long number or token. */
  readonly byWord: ByGroup;
  /** Digits in one number, and characters of one token, without either of which a text needs no words looked for. */
  readonly wordDigits: number;
  readonly wordTokenRun: number;
  /** By group of words: the rule for which it is enough that one stands in the names that lead to the text. */
  readonly byName: ByGroup;
  /** Rules that need no word where a match is all of a text; fewest digits first. */
  readonly alone: readonly PreparedRule[];
  /** Rules without a literal or word, but with so many digits in every match that only a long number can be one; fewest first. */
  readonly ofNumbers: readonly PreparedRule[];
  /** Rules without a literal or word whose matches all hold a long token. */
  readonly ofTokens: readonly PreparedRule[];
  /** Rules with a pattern of which nothing like that is known: they are tried on every text; shortest match first. */
  readonly others: readonly PreparedRule[];
  /** Rules that match by the length of all text. */
  readonly ofLength: readonly PreparedRule[];
  /** Some rule is against injection: such rules read disguised words too. */
  readonly hasInjection: boolean;
}

/** Plans how these rules are tried: so that a text costs no more for rules of which it has no word. */
export function planOf(rules: readonly PreparedRule[]): RulePlan {
  const byLiteral: (PreparedRule | undefined)[] = [];
  const byWord: (PreparedRule | undefined)[] = [];
  const byName: (PreparedRule | undefined)[] = [];
  const alone: PreparedRule[] = [];
  const ofNumbers: PreparedRule[] = [];
  const ofTokens: PreparedRule[] = [];
  const others: PreparedRule[] = [];
  let [wordDigits, wordTokenRun] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const prepared of rules) {
    const facts = prepared.rule.pattern?.compiled.facts;
    if (!facts) continue;
    const { literalGroup, digits } = prepared;
    const start = digits >= DIGITS_MIN ? 'number' : facts.tokenRun >= TOKEN_MIN ? 'token' : 'any';
    const needed = neededWord(prepared);
    if (literalGroup >= 0) byLiteral[literalGroup] = prepared;
    else if (needed && (start !== 'any' || needed.swept >= 0)) {
      if (needed.swept >= 0) byLiteral[needed.swept] = prepared;
      else byWord[needed.group] = prepared;
      if (start === 'number') wordDigits = Math.min(wordDigits, digits);
      if (start === 'token') wordTokenRun = Math.min(wordTokenRun, facts.tokenRun);
      if (needed.mayBeName) byName[needed.group] = prepared;
      if (needed.mayStandAlone) alone.push(prepared);
    } else if (start === 'number') ofNumbers.push(prepared);
    else if (start === 'token') ofTokens.push(prepared);
    else others.push(prepared);
  }
  others.sort((a, b) => a.minLength - b.minLength);
  for (const list of [ofNumbers, alone]) list.sort((a, b) => a.digits - b.digits);
  const ofLength = rules.filter(({ rule }) => rule.maxChars !== undefined);
  const hasInjection = rules.some(({ isInjection }) => isInjection);
  const byGroup = { byLiteral, byWord, byName, wordDigits, wordTokenRun };
  return { ...byGroup, alone, ofNumbers, ofTokens, others, ofLength, hasInjection };
}

/** Words of which a rule needs one. */
interface NeededWord {
  /** Their group among words. */
  readonly group: number;
  /** Their group among literals; -1 when the scan does not look for them. */
  readonly swept: number;
  readonly mayBeName: boolean;
  readonly mayStandAlone: boolean;
}

function neededWord(prepared: PreparedRule): NeededWord | undefined {
  const { commonGroup, keywordGroup, sweptKeywords, wordGroup, sweptWords, aloneCharsMax } = prepared;
  if (commonGroup >= 0) return { group: commonGroup, swept: -1, mayBeName: false, mayStandAlone: false };
  if (keywordGroup >= 0) return { group: keywordGroup, swept: sweptKeywords, mayBeName: true, mayStandAlone: false };
  if (wordGroup < 0) return undefined;
  return { group: wordGroup, swept: sweptWords, mayBeName: true, mayStandAlone: aloneCharsMax >= 0 };
}
