import { readContent } from '../content/read-content.js';
import { rewriteContent } from '../content/rewrite.js';
import type { Judgement } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import type { PolicySnapshot, Question } from './inspect.js';

/**
 * The text or body of an evaluation with all that rules of the action `mask` find in it replaced: judged again, it is ALLOW
 * or FLAG. Undefined when it cannot be made so: what was judged is no single text, or what was found is nowhere in it.
 * A replacement can change what its surroundings say, so that what was made is judged again, and masked again if need be.
 */
export function maskedTextOf(
  { policy, contentOptions }: Pick<PolicySnapshot, 'policy' | 'contentOptions'>,
  { evaluation, nowMs }: Question,
): string | undefined {
  const scope = { ...evaluation, nowMs };
  const read = (content: Question['evaluation']['content']) => {
    const { segments, gaps } = readContent(content, contentOptions);
    return { segments, gaps: [...evaluation.gaps, ...gaps] };
  };
  const [first, ...others] = evaluation.content;
  if (!first || others.length > 0) return undefined;
  let content = first;
  for (let round = 0; round < LIMITS.maskRoundsMax; round++) {
    const made = rewriteContent(content, policy.replacements(read([content]), scope));
    if (!made) return undefined;
    const { effective }: Pick<Judgement, 'effective'> = policy.judge(read([made.content]), scope);
    if (effective === 'ALLOW' || effective === 'FLAG') return made.text;
    if (effective === 'BLOCK') return undefined;
    content = made.content;
  }
  return undefined;
}
