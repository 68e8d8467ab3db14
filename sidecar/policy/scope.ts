import type { Direction, HeldBack } from '../kernel/evaluation.js';
import { appliesToDirection, appliesToEndpoint, type PreparedRule } from './prepared-rule.js';
import { planOf, type RulePlan } from './rule-plan.js';

/** What rules and exceptions are scoped by. */
export interface Scope {
  readonly direction: Direction;
  /** Normalised; empty = none. */
  readonly endpoint: string;
  /** Names of the packs that apply; absent = all loaded ones. */
  readonly packs?: readonly string[] | undefined;
  /** Name of the configured route, which may decide gaps differently; absent = none. */
  readonly route?: string | undefined;
  /** For exceptions of one tenant; absent or empty = none. */
  readonly tenant?: string;
  /** Wall-clock time for exceptions that expire; absent: such exceptions do not hold. */
  readonly nowMs?: number;
  /** Work that judging may take (see budget.ts); absent: as much as texts of this length may (LIMITS.judgeWork*). */
  readonly workMax?: number | undefined;
  /** What maintenance holds back; absent = nothing. */
  readonly heldBack?: HeldBack | undefined;
  /** Whether the judgement is to say where rules matched in the texts; absent = it is not. */
  readonly wantsMarks?: boolean;
}

/** Whether the rules of a pack are in shadow, by the setting or by maintenance. Rules that enforce are not held back all the same. */
export function isPackInShadow(pack: string, scope: Scope, shadow: boolean): boolean {
  return areGapsInShadow(scope, shadow) || scope.heldBack?.includes(pack) === true;
}

/** Whether gaps are in shadow, by the setting or by maintenance that is not about single packs. */
export function areGapsInShadow({ heldBack }: Scope, shadow: boolean): boolean {
  return shadow || heldBack === 'all';
}

/** Scopes whose plan is kept. Routes are few; clients that invent paths only empty the memory. */
const PLANS_KEPT = 128;
/** Longer endpoints are planned anew each time, so that what is kept stays small. */
const KEY_CHARS_MAX = 512;

/** Gives the rules that apply in a scope, remembering the answer for the scopes seen last. */
export function rememberPlans(rules: readonly PreparedRule[]): (scope: Scope) => RulePlan {
  const plans = new Map<string, RulePlan>();
  let last: (Pick<Scope, 'direction' | 'packs' | 'endpoint'> & { plan: RulePlan }) | undefined;
  return (scope) => {
    const { direction, packs, endpoint } = scope;
    // Most requests are like the one before (of a route that names no packs), and to make a key costs as much as to judge a short text.
    if (last && last.endpoint === endpoint && last.direction === direction && last.packs === packs) return last.plan;
    const key = JSON.stringify([direction, packs ?? null, endpoint]);
    let plan = plans.get(key);
    if (!plan) {
      plan = planOf(rules.filter((prepared) => isInScope(prepared, scope)));
      if (plans.size >= PLANS_KEPT) plans.clear();
      if (key.length <= KEY_CHARS_MAX) plans.set(key, plan);
    }
    last = { direction, endpoint, packs, plan };
    return plan;
  };
}

/** Whether a rule applies to what is asked in this scope. */
export function isInScope(prepared: PreparedRule, scope: Scope): boolean {
  return (
    appliesToDirection(prepared, scope.direction) &&
    appliesToEndpoint(prepared, scope.endpoint) &&
    (scope.packs === undefined || scope.packs.includes(prepared.pack.name))
  );
}
