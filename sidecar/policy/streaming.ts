import type { Rule, RulePattern } from './pack.js';

/**
 * What a rule needs of a stream before it can decide:
 * `bounded` = its longest match with context fits into the characters that a stream holds back; `open` = a bounded
 * opening decides, whatever follows; `counting` = it counts over the whole, `whole` = it must see everything.
 */
export type StreamingClass = 'bounded' | 'open' | 'counting' | 'whole';

/** Characters that a stream holds back by default. */
const HOLD_CHARS = 256;
const ORDER: readonly StreamingClass[] = ['bounded', 'open', 'counting', 'whole'];

/**
 * The most demanding class of the rule's conditions. A classifier must see everything, and counts whether or not one is
 * configured: the class is of the rule, and `lint`, which knows no configuration, says the same as a running sidecar.
 */
export function streamingClassOf(rule: Rule): StreamingClass {
  const classes: StreamingClass[] = [];
  if (rule.pattern) classes.push(classOfPattern(rule.pattern));
  if (rule.maxChars !== undefined) classes.push('counting');
  if (rule.llmPrompt !== undefined) classes.push('whole');
  return ORDER.findLast((candidate) => classes.includes(candidate)) ?? 'bounded';
}

function classOfPattern(pattern: RulePattern): StreamingClass {
  const { compiled, context, keywords, minCount } = pattern;
  // A keyword may stand anywhere in the segment, and `$` is known only at its end.
  if (compiled.anchored || keywords.length > 0) return 'whole';
  const fits = compiled.facts.maxLength + (context?.windowChars ?? 0) <= HOLD_CHARS;
  if (!fits && !compiled.opensBounded) return 'whole';
  if (minCount > 1) return 'counting';
  return fits ? 'bounded' : 'open';
}
