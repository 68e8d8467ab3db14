import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { Steps } from '../kernel/steps.js';
import { BudgetExceeded, WorkBudget } from './budget.js';
import { createEngine, type Engine } from './engine.js';
import { isMatched } from './exceptions.js';
import type { Report } from './fields.js';

import type { Example, Pack } from './pack.js';
import { appliesToDirection, appliesToEndpoint, type PreparedRule } from './prepared-rule.js';
import { planOf } from './rule-plan.js';
import { prepareRules, type RuleExceptions, type RuleGroups } from './rule-set.js';

/** Reports every example of a pack that does not hold. Each is judged by its own rule alone. */
export function* checkExamples(pack: Pack, report: Report): Steps<void> {
  const { rules, groups, exceptions } = yield* prepareRules([pack]);
  const engine = yield* engineOf(groups, report);
  if (!engine) return;
  for (const prepared of rules) {
    const { rule } = prepared;
    // A rule that only a classifier could decide has nothing to be checked by here.
    if (!rule.pattern && rule.maxChars === undefined) continue;
    for (const example of rule.examples) {
      yield;
      const matches = holds({ engine, exceptions }, prepared, example);
      if (matches === undefined) report.error(example.place, `${rule.id}: judging this example takes too much work`);
      else if (matches !== example.matches) report.error(example.place, complaint(rule.id, example));
    }
  }
}

function* engineOf(groups: RuleGroups, report: Report): Steps<Engine | undefined> {
  try {
    return yield* createEngine(groups);
  } catch (error) {
    if (!(error instanceof JiminiError)) throw error;
    report.error({ line: 1, column: 1 }, error.message);
    return undefined;
  }
}

function complaint(id: string, { matches }: Example): string {
  return matches ? `${id} does not match this example, but should` : `${id} matches this example, but should not`;
}

/** Whether the rule alone matches the example; undefined when the work budget does not suffice. */
function holds(
  { engine, exceptions }: { engine: Engine; exceptions: RuleExceptions },
  prepared: PreparedRule,
  example: Example,
): boolean | undefined {
  if (example.direction !== undefined && !appliesToDirection(prepared, example.direction)) return false;
  if (example.endpoint !== undefined && !appliesToEndpoint(prepared, example.endpoint)) return false;
  try {
    // No time is given: an exception that ends does not hold, so that examples hold for good.
    const allowed = exceptions.allowedFor({ direction: '', endpoint: example.endpoint ?? '' });
    const { matches } = engine.match([example], planOf([prepared]), new WorkBudget(LIMITS.judgeWorkMax), allowed);
    return matches.some(isMatched);
  } catch (error) {
    if (error instanceof BudgetExceeded) return undefined;
    throw error;
  }
}
