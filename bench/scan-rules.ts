import { takeSteps } from '../sidecar/kernel/steps.js';
import { WORK, WorkBudget } from '../sidecar/policy/budget.js';
import { createEngine } from '../sidecar/policy/engine.js';
import type { Pack } from '../sidecar/policy/pack.js';
import type { PreparedRule } from '../sidecar/policy/prepared-rule.js';
import { planOf, type RulePlan } from '../sidecar/policy/rule-plan.js';
import { prepareRules } from '../sidecar/policy/rule-set.js';

/** What one rule adds to the judgement of a text on which it is tried; what rules share (folding, words) counts for each. */
export interface RuleCost {
  readonly rule: string;
  readonly engine: string;
  /** Wall time, microseconds: the least of many runs, so that other work on the machine does not count. */
  readonly micros: number;
}

const RUNS = 400;
/** What costs less is not worth a rule writer's time. */
const MICROS_MIN = 1;
const RULES_KEPT = 5;

/** Finds the costliest rules of a text: those whose literals every text holds, or that have none. */
export function createRuleCosts(packs: readonly Pack[]): (text: string) => readonly RuleCost[] {
  const { rules, groups } = takeSteps(prepareRules(packs));
  const engine = takeSteps(createEngine(groups));
  const active = rules.filter(({ rule }) => rule.enabled && rule.pattern);
  // Readings for rules against injection are made for any one of them.
  const { hasInjection } = planOf(active);
  const none = { ...planOf([]), hasInjection };
  return (text) => {
    const segments = [{ text, role: 'user', pointer: '' }] as const;
    const judge = (plan: RulePlan, budget = new WorkBudget(Number.MAX_SAFE_INTEGER)) =>
      engine.match(segments, plan, budget);
    const workOf = (plan: RulePlan) => {
      const budget = new WorkBudget(Number.MAX_SAFE_INTEGER);
      judge(plan, budget);
      return budget.spent;
    };
    const timeOf = (plan: RulePlan) => {
      const startMs = performance.now();
      judge(plan);
      return (performance.now() - startMs) * 1000;
    };
    // The judgement alone, and with the rule, in turn, so that what the compiler does meanwhile hits both.
    const microsOf = (plan: RulePlan) => {
      let [bare, own] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      for (let i = 0; i < RUNS; i++) [bare, own] = [Math.min(bare, timeOf(none)), Math.min(own, timeOf(plan))];
      return own - bare;
    };
    const untried = workOf(none) + WORK.ruleCheck;
    return active
      .map((prepared) => ({ prepared, plan: { ...planOf([prepared]), hasInjection } }))
      .filter(({ plan }) => workOf(plan) > untried)
      .map(({ prepared, plan }) => ({
        rule: nameOf(prepared),
        engine: engineOf(prepared, text.length),
        micros: microsOf(plan),
      }))
      .filter(({ micros }) => micros >= MICROS_MIN)
      .sort((a, b) => b.micros - a.micros)
      .slice(0, RULES_KEPT);
  };
}

function nameOf({ pack, rule }: PreparedRule): string {
  return `${pack.name}/${rule.id}`;
}

function engineOf({ rule }: PreparedRule, length: number): string {
  return rule.pattern?.compiled.matcher.engineFor(length) ?? '';
}
