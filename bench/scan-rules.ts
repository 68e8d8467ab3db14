import { takeSteps } from '../sidecar/kernel/steps.js';
import { WorkBudget } from '../sidecar/policy/budget.js';
import { createEngine } from '../sidecar/policy/engine.js';
import type { Pack } from '../sidecar/policy/pack.js';
import type { PreparedRule } from '../sidecar/policy/prepared-rule.js';
import { planOf } from '../sidecar/policy/rule-plan.js';
import { prepareRules } from '../sidecar/policy/rule-set.js';

/** What one rule adds to the judgement of a text on which it is tried. */
export interface RuleCost {
  readonly rule: string;
  readonly engine: string;
  /** Wall time, microseconds: the least of many runs, so that other work on the machine does not count. */
  readonly micros: number;
}

const RUNS = 60;
const WARM_UP_RUNS = 2000;
/** What costs less is not worth a rule writer's time. */
const MICROS_MIN = 1;
const RULES_KEPT = 5;

/** Finds the costliest rules of a text: those whose literals every text holds, or that have none. */
export function createRuleCosts(packs: readonly Pack[]): (text: string) => readonly RuleCost[] {
  const { rules, groups } = takeSteps(prepareRules(packs));
  const engine = createEngine(groups);
  const active = rules.filter(({ rule }) => rule.enabled && rule.pattern);
  const all = planOf(active);
  const none = planOf([]);
  return (text) => {
    const segments = [{ text, role: 'user', pointer: '' }] as const;
    const judge = (plan: typeof all) => engine.match(segments, plan, new WorkBudget(Number.POSITIVE_INFINITY));
    const least = (plan: typeof all) => {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < RUNS; i++) {
        const startMs = performance.now();
        judge(plan);
        best = Math.min(best, performance.now() - startMs);
      }
      return best * 1000;
    };
    for (let i = 0; i < WARM_UP_RUNS; i++) judge(all);
    // Readings for rules against injection are made for any one of them.
    const bare = least({ ...none, hasInjection: all.hasInjection });
    const costs = active.map((prepared) => {
      const micros = least({ ...planOf([prepared]), hasInjection: all.hasInjection }) - bare;
      return { rule: nameOf(prepared), engine: engineOf(prepared, text.length), micros };
    });
    return costs
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
