import type { Direction, Role } from '../kernel/evaluation.js';
import { comparableText, signMark } from './character-table.js';
import { type ContextFinder, createContextFinder } from './context.js';
import { endpointMatcher } from './endpoint.js';
import type { Pack, Rule } from './pack.js';
import type { Facts } from './regex-facts.js';

/** Shortest literal that is worth a place in the common scan. */
const LITERAL_CHARS_MIN = 2;

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
  /** Marks of the signs (`@`, `+`) of which every match holds one, when there is no better literal; 0: none known. */
  readonly signMarks: number;
  /** The scanner's group of keywords; -1 when there are none. */
  readonly keywordGroup: number;
  /** Whether a pointer's names hold a keyword. */
  hasKeyword(pointer: string): boolean;
  /** All its matches must be known: another rule's are compared with them by place, or they are to be masked. */
  readonly keepAll: boolean;
}

/** Prepares a rule; `addGroup` registers literals with the common scan and gives the group's number. */
export function prepareRule(
  rule: Rule,
  place: { pack: Pack; index: number; keepAll: boolean },
  addGroup: (literals: readonly string[]) => number,
): PreparedRule {
  const { pattern } = rule;
  const literals = pattern && usableLiterals(pattern.compiled.facts);
  const known = pattern?.compiled.facts.literals ?? [];
  const literalGroup = literals ? addGroup(literals) : -1;
  const keywords = pattern?.keywords.map(comparableText) ?? [];
  return {
    ...place,
    rule,
    isInjection: place.pack.name === 'injection' || rule.tags.includes('injection'),
    endpointTests: rule.endpoints.map(endpointMatcher),
    ...(pattern?.context && { context: createContextFinder(pattern.context) }),
    validatorName: pattern?.validators.map(({ name }) => name).join('+') ?? '',
    literalGroup,
    signMarks: literals ? 0 : marksOf(known),
    keywordGroup: keywords.length > 0 ? addGroup(keywords) : -1,
    hasKeyword: (pointer) => keywords.some((keyword) => comparableText(pointer).includes(keyword)),
  };
}

/** The marks of all signs; 0 when one of the strings is no sign. */
function marksOf(strings: readonly string[]): number {
  const marks = strings.map(signMark);
  return marks.includes(0) ? 0 : marks.reduce((all, mark) => all | mark, 0);
}

function usableLiterals(facts: Facts): readonly string[] | undefined {
  return facts.literals?.every((literal) => literal.length >= LITERAL_CHARS_MIN) ? facts.literals : undefined;
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
export function appliesToRole({ isInjection }: PreparedRule, role: Role): boolean {
  return !isInjection || (role !== 'system' && role !== 'developer');
}
