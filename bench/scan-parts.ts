import { takeSteps } from '../sidecar/kernel/steps.js';
import { WorkBudget } from '../sidecar/policy/budget.js';
import { createEngine } from '../sidecar/policy/engine.js';
import { createLiteralScanner } from '../sidecar/policy/literal-scan.js';
import type { Pack } from '../sidecar/policy/pack.js';
import type { Policy } from '../sidecar/policy/policy.js';
import { planOf } from '../sidecar/policy/rule-plan.js';
import { prepareRules } from '../sidecar/policy/rule-set.js';
import { interleaved } from './interleaved.js';
import { median } from './statistics.js';

/** Where the CPU time of one judgement goes, microseconds. Differences of what was measured, so small ones are noise. */
export interface ScanParts {
  readonly text: string;
  /** The pass over the characters. */
  readonly sweep: number;
  /** Comparing the literals that may stand there. */
  readonly literals: number;
  /** Making the text's other readings and passing over them. */
  readonly views: number;
  /** Confirming the candidates, in all readings. */
  readonly rules: number;
  /** From matches to the judgement. */
  readonly verdict: number;
}

/** Measures the parts by leaving out one after the other. */
export function scanParts(
  name: string,
  text: string,
  { packs, policy, rounds }: { packs: readonly Pack[]; policy: Policy; rounds: number },
): ScanParts {
  const { rules, groups } = takeSteps(prepareRules(packs));
  const bare = createLiteralScanner({ literals: [], wholeWords: new Set() });
  const scanner = createLiteralScanner(groups);
  const engine = takeSteps(createEngine(groups));
  const plan = planOf(rules.filter(({ rule }) => rule.enabled));
  const untried = { ...planOf([]), hasInjection: plan.hasInjection };
  const segments = [{ text, role: 'user', pointer: '' }] as const;
  const budget = () => new WorkBudget(Number.POSITIVE_INFINITY);
  const micros = interleaved(rounds, [
    () => bare.scan(text),
    () => scanner.scan(text),
    () => engine.match(segments, untried, budget()),
    () => engine.match(segments, plan, budget()),
    () => policy.judge({ segments, gaps: [] }, { direction: '', endpoint: '' }),
  ]).map(median);
  const [sweep = 0, scan = 0, read = 0, match = 0, judge = 0] = micros;
  return {
    text: name,
    sweep,
    literals: scan - sweep,
    views: read - scan,
    rules: match - read,
    verdict: judge - match,
  };
}
