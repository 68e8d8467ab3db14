import type { Direction, Role } from '../kernel/evaluation.js';
import { DIGIT_MARK, signMark } from './character-table.js';
import { type ContextFinder, createContextFinder, wordsToScan } from './context.js';
import { endpointMatcher, wideEndpointMatcher } from './endpoint.js';
import type { Pack, Rule } from './pack.js';
import { rarityBits } from './rarity.js';
import type { Facts } from './regex-facts.js';
import { DIGITS_MIN, HEX_MIN, TOKEN_MIN } from './sweep.js';

/** Shortest literal that is worth a place in the common scan. */
const LITERAL_CHARS_MIN = 2;
/** A literal with fewer bits (see rarity.ts), such as most of three letters, stands in every other text. */
const COMMON_BITS = 16;

/** Every text has some mark, the empty one aside. */
export const ALL_MARKS = -1;

/** A rule as the engine runs it. */
export interface PreparedRule {
  readonly rule: Rule;
  readonly pack: Pack;
  /** Position among all rules, in the order of packs and files. */
  readonly index: number;
  /** Asks for attacks on the instructions: does not apply to text that gives the instructions. */
  readonly isInjection: boolean;
  readonly endpointTests: readonly ((endpoint: string) => boolean)[];
  readonly context?: ContextFinder;
  readonly validatorName: string;
  /** The scanner's group of literals of which every match holds one; -1 when there is none. */
  readonly literalGroup: number;
  /**
   * The group, among words, of literals of which every match holds one too, but which are so common that they are asked about only
   * where a number or token is; -1 when there is none.
   */
  readonly commonGroup: number;
  /** Signs (`@`, `+`) of which every match holds one, when there is no better literal; empty: none known. */
  readonly signs: readonly string[];
  /** Length of the shortest match of the pattern. */
  readonly minLength: number;
  /** Digits that every match of the pattern has in one run of number characters. */
  readonly digits: number;
  /** Marks of which a text with a match has at least one: those of the signs, or that of digits; all when none is known. */
  readonly neededMarks: number;
  /**
   * The scanner's groups of the keywords and of the words, for a rule that the scan starts or that is tried on every text; -1 for
   * one that numbers or tokens start, and for common words of one that a literal starts: these are asked about so rarely
   * that the scan need not look for them.
   */
  readonly sweptKeywords: number;
  readonly sweptWords: number;
  /** The group of keywords; -1 when there are none. */
  readonly keywordGroup: number;
  /** The group of parts of the required context's words; -1 when no word is required, or none can be searched. */
  readonly wordGroup: number;
  /** A text of at most this length, blanks aside, may be one match and nothing else, which needs no word; -1 when all do. */
  readonly aloneCharsMax: number;
  /** All its matches must be known: another rule's are compared with them by place, or they are to be masked. */
  readonly keepAll: boolean;
}

/** Registers a group of strings that are looked for in all texts; each gives the group's number among its kind. */
export interface AddGroup {
  ofLiterals(group: readonly string[]): number;
  ofKeywords(group: readonly string[]): number;
  /** Words count only where no ASCII letter or digit goes on beside them. */
  ofWords(group: readonly string[]): number;
}

/** Prepares a rule. */
export function prepareRule(
  rule: Rule,
  place: { pack: Pack; index: number; keepAll: boolean },
  addGroup: AddGroup,
): PreparedRule {
  const { pattern } = rule;
  const facts = pattern?.compiled.facts;
  const known = facts?.literals ?? [];
  const usable = known.length > 0 && known.every((literal) => literal.length >= LITERAL_CHARS_MIN);
  const common = usable && facts !== undefined && isTooCommon(facts);
  const signs = !usable && known.every((text) => signMark(text) !== 0) ? known : [];
  const keywords = pattern?.keywords ?? [];
  const words = (pattern?.context?.required && wordsToScan(pattern.context)) || [];
  const isSwept = facts !== undefined && !common && signs.length === 0 && (usable || !hasOwnGate(facts));
  const groupOf = (strings: readonly string[], add: (group: readonly string[]) => number, when = true) =>
    when && strings.length > 0 ? add(strings) : -1;
  return {
    ...place,
    rule,
    isInjection: place.pack.name === 'injection' || rule.tags.includes('injection'),
    endpointTests: rule.endpoints.map(loosens(rule) ? endpointMatcher : wideEndpointMatcher),
    ...(pattern?.context && { context: createContextFinder(pattern.context) }),
    validatorName: pattern?.validators.map(({ name }) => name).join('+') ?? '',
    literalGroup: groupOf(known, addGroup.ofLiterals, usable && !common),
    commonGroup: groupOf(known, addGroup.ofKeywords, common),
    signs,
    minLength: facts?.minLength ?? 0,
    digits: facts?.digits ?? 0,
    neededMarks: signs.length > 0 ? marksOf(signs) : facts && facts.digits > 0 ? DIGIT_MARK : ALL_MARKS,
    sweptKeywords: groupOf(keywords, addGroup.ofLiterals, isSwept),
    sweptWords: groupOf(words, addGroup.ofLiterals, isSwept && (!usable || words.every(isRare))),
    keywordGroup: groupOf(keywords, addGroup.ofKeywords),
    // Beside a match that splits a run of letters, its rest is a word, too (see context.ts).
    wordGroup: groupOf(words, pattern?.compiled.splitsRuns ? addGroup.ofKeywords : addGroup.ofWords),
    aloneCharsMax: pattern?.context?.alone ? pattern.compiled.facts.maxLength : -1,
  };
}

/** Whether a rule takes matches away from others, or marks requests as in order: where it applies, less may be held back. */
function loosens({ action, suppresses, exempts, lowers }: Rule): boolean {
  return action === 'allow' || suppresses.length + exempts.length + lowers.length > 0;
}

function marksOf(signs: readonly string[]): number {
  return signs.reduce((marks, sign) => marks | signMark(sign), 0);
}

/** Whether what the sweep sees beside literals tells where the rule is worth trying. */
function hasOwnGate({ digits, tokenRun, hexRun }: Facts): boolean {
  return digits >= DIGITS_MIN || tokenRun >= TOKEN_MIN || hexRun >= HEX_MIN;
}

/** Whether the literals are so common that the numbers or tokens in every match tell more. */
function isTooCommon(facts: Facts): boolean {
  const { literals = [] } = facts;
  return hasOwnGate(facts) && !literals.every(isRare);
}

function isRare(literal: string): boolean {
  return rarityBits(literal) >= COMMON_BITS;
}

/** Whether a rule applies to requests of this direction; an unstated one gets every rule. */
export function appliesToDirection({ rule }: PreparedRule, direction: Direction): boolean {
  return (
    direction === '' ||
    rule.appliesTo.length === 0 ||
    rule.appliesTo.includes('*') ||
    rule.appliesTo.includes(direction)
  );
}

/** Whether a rule applies at this endpoint; a rule with endpoints never applies to a request without one. */
export function appliesToEndpoint({ endpointTests }: PreparedRule, endpoint: string): boolean {
  return endpointTests.length === 0 || (endpoint !== '' && endpointTests.some((test) => test(endpoint)));
}

/** Whether a rule judges text of this role: instructions are not an attack on themselves. */
export function appliesToRole({ isInjection, rule: { roles } }: PreparedRule, role: Role): boolean {
  if (roles.length > 0 && !roles.includes(role)) return false;
  return !isInjection || (role !== 'system' && role !== 'developer');
}
