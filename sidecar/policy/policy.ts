import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { JiminiError } from '../kernel/errors.js';
import type { MatchedRule, Replacement, Segment } from '../kernel/evaluation.js';
import { type Fault, faultOf } from '../kernel/fault.js';
import { GAP_KINDS, type Gap, type GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { type Steps, takeSteps } from '../kernel/steps.js';
import type { Action } from '../kernel/verdict.js';
import { BudgetExceeded, WorkBudget } from './budget.js';
import type { OpenJudgement } from './classifier.js';
import { createEngine, type Engine } from './engine.js';
import { actionOf, applyExceptions, isMatched, notLowered } from './exceptions.js';
import { findingsOf, marksOf } from './findings.js';
import { replacementsOf } from './masking.js';
import type { RuleMatches } from './matches.js';
import type { Pack, Problem } from './pack.js';
import { placeholderTest } from './placeholders.js';
import type { PreparedRule } from './prepared-rule.js';
import { createQuestioner, isAsked, questionWarnings } from './questions.js';
import type { RulePlan } from './rule-plan.js';
import { prepareRules, type RuleExceptions } from './rule-set.js';
import { areGapsInShadow, isPackInShadow, rememberPlans, type Scope } from './scope.js';
import { type StreamingClass, streamingClassOf } from './streaming.js';
import { gapActionOf, settingsOn, type VerdictSettings, verdictsOf } from './verdict.js';

/** What was read of one evaluation. */
export interface Reading {
  readonly segments: readonly Segment[];
  readonly gaps: readonly Gap[];
}

export interface PackInfo {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly digest: string;
  readonly format: 'full' | 'ancestor';
  readonly ruleCount: number;
}

export interface RuleInfo {
  readonly id: string;
  readonly pack: string;
  readonly title: string;
  readonly description: string;
  readonly severity: string;
  readonly action: Action;
  readonly tags: readonly string[];
  /** False: switched off in the pack, or it can only be asked of a classifier that is not configured. */
  readonly enabled: boolean;
  readonly streaming: StreamingClass;
  /** Which engine runs the pattern over a text of ordinary length; absent for a rule without one. */
  readonly engine?: 're2' | 'v8';
}

/** A compiled, immutable set of packs with the settings that turn matches into verdicts. */
export interface Policy {
  /** SHA-256, hex, over the digests of all packs and every setting that influences a verdict. */
  readonly revision: string;
  readonly packs: readonly PackInfo[];
  /** All rules, in the order of packs and files. */
  readonly rules: readonly RuleInfo[];
  /** What only shows with all packs together, such as a reference that names no rule. */
  readonly warnings: readonly Problem[];
  /**
   * Judges what was read. Pure: the same reading and scope give the same judgement. Never throws: a failure of the
   * engine is the gap `engine:error`, too much work the gap `engine:budget`. What only classifiers can answer is left
   * open.
   */
  judge(reading: Reading, scope: Scope): OpenJudgement;
  /** What must be replaced of the segments before what rules of the action `mask` hold back may pass; none when the engine fails. */
  replacements(reading: Reading, scope: Scope): Replacement[];
}

/** Changes whenever the same packs would be judged differently, so that revisions tell engines apart too. */
const ENGINE_REVISION = 6;

/** Length of text for which `RuleInfo.engine` speaks. */
const TYPICAL_CHARS = 2048;

/**
 * Makes the policy of the given packs, and runs every matcher once, so that the first request finds them warm.
 * Throws JIMINI_PACK_INVALID when two packs have the same name, or when all their literals together are too many.
 */
export function createPolicy(packs: readonly Pack[], settings: VerdictSettings): Policy {
  return takeSteps(createPolicySteps(packs, settings));
}

/** `createPolicy` in steps, each of about one rule. */
export function* createPolicySteps(packs: readonly Pack[], settings: VerdictSettings): Steps<Policy> {
  refuseSameNames(packs);
  const { rules, groups, exceptions, warnings } = yield* prepareRules(packs);
  const masks = rules.filter(({ rule }) => rule.action === 'mask').map(({ rule }) => rule.mask);
  const engine = yield* createEngine(groups, placeholderTest(masks));
  const active = rules.filter(isMatchable);
  const planFor = rememberPlans(active);
  const revision = revisionOf(packs, settings);
  const toldRule = (prepared: PreparedRule, scope: Scope, action = prepared.rule.action) =>
    matchedRuleOf(prepared, action, isPackInShadow(prepared.pack.name, scope, settings.shadow));
  const questioner = createQuestioner(rules, { exceptions, settings, matchedRuleOf: toldRule });
  const judge = (reading: Reading, scope: Scope): OpenJudgement => {
    const run = runRules({ engine, planFor, exceptions, packs }, reading, scope);
    const matched = run.matches.map((match) => toldRule(match.prepared, scope, actionOf(match)));
    const isGapInShadow = areGapsInShadow(scope, settings.shadow);
    const { raw, effective } = verdictsOf(matched, run.gaps, settingsOn(scope.route, settings), isGapInShadow);
    const judgement: OpenJudgement = {
      raw,
      effective,
      matched,
      findings: findingsOf(run.matches, reading.segments),
      gaps: run.gaps,
      ...(run.fault && { fault: run.fault }),
      policyRevision: revision,
      textLength: run.textLength,
      ...(scope.wantsMarks && run.matches.length > 0 && { marks: marksOf(run.matches) }),
    };
    if (!questioner) return judgement;
    const { segments } = reading;
    const questions = questioner.questionsOf({ judgement, matches: run.matches, segments, scope });
    return questions ? { ...judgement, questions } : judgement;
  };
  const replacements = (reading: Reading, scope: Scope) => {
    const { matches } = runRules({ engine, planFor, exceptions, packs }, reading, scope);
    const masking = matches
      .filter((match) => toldRule(match.prepared, scope, actionOf(match)).effectiveAction === 'mask')
      .map((match) => ({ ...match, spans: [...notLowered(match.spans)] }));
    return replacementsOf(masking, reading.segments, settings.maskKey ?? '');
  };
  for (const prepared of active) {
    yield;
    warmUp(prepared);
  }
  judge(
    { segments: [{ text: 'warm 0123456789 up', role: 'user', pointer: '' }], gaps: [] },
    { direction: '', endpoint: '' },
  );
  return {
    revision,
    packs: packs.map(packInfoOf),
    rules: rules.map((prepared) => ruleInfoOf(prepared, isAsked(prepared, settings))),
    warnings: [...warnings, ...questionWarnings(rules, settings)],
    judge,
    replacements,
  };
}

function refuseSameNames(packs: readonly Pack[]): void {
  for (const [i, { name, file }] of packs.entries()) {
    const other = packs.slice(0, i).find((pack) => pack.name === name);
    if (!other) continue;
    const message = `${file}: the pack name ${name} is taken by ${other.file}; rename one of the two`;
    throw new JiminiError('JIMINI_PACK_INVALID', message);
  }
}

/** Whether a rule can match without a classifier. */
function isMatchable({ rule }: PreparedRule): boolean {
  return rule.enabled && (rule.pattern !== undefined || rule.maxChars !== undefined);
}

interface Runtime {
  readonly engine: Engine;
  planFor(scope: Scope): RulePlan;
  readonly exceptions: RuleExceptions;
  readonly packs: readonly Pack[];
}

interface Run {
  /** The rules that match, exceptions and suppression applied. */
  readonly matches: readonly RuleMatches[];
  readonly gaps: readonly Gap[];
  /** Present with the gap `engine:error`. */
  readonly fault?: Fault;
  readonly textLength: number;
}

function runRules(runtime: Runtime, reading: Reading, scope: Scope): Run {
  const gaps = packsAreKnown(runtime.packs, scope)
    ? reading.gaps
    : [...reading.gaps, { kind: 'config:packs' as const }];
  try {
    const { matches, textLength } = runtime.engine.match(
      reading.segments,
      runtime.planFor(scope),
      new WorkBudget(scope.workMax ?? workMaxFor(reading.segments)),
      runtime.exceptions.allowedFor(scope),
    );
    applyExceptions(matches, runtime.exceptions.exemptionsFor(scope));
    applyExceptions(matches, runtime.exceptions.suppressions);
    return { matches: matches.filter(isMatched), gaps: eachOnce(gaps), textLength };
  } catch (error) {
    const isBudget = error instanceof BudgetExceeded;
    const failed = eachOnce([...gaps, { kind: isBudget ? 'engine:budget' : 'engine:error' }]);
    return { matches: [], gaps: failed, textLength: 0, ...(!isBudget && { fault: faultOf(error) }) };
  }
}

function eachOnce(gaps: readonly Gap[]): readonly Gap[] {
  return gaps.length < 2 ? gaps : Array.from(new Set(gaps.map(({ kind }) => kind)), (kind) => ({ kind }));
}

/** A long text may take more work than a short one, so that ordinary documents of some megabytes are judged. */
function workMaxFor(segments: readonly Segment[]): number {
  const units = segments.reduce((sum, { text }) => sum + text.length, 0);
  const allowed = Math.max(LIMITS.judgeWorkMax, units * LIMITS.judgeWorkPerUnitMax);
  return Math.min(allowed, LIMITS.judgeWorkTotalMax);
}

function packsAreKnown(packs: readonly Pack[], { packs: chosen }: Scope): boolean {
  if (chosen === undefined) return true;
  return chosen.length > 0 && chosen.every((name) => packs.some((pack) => pack.name === name));
}

function matchedRuleOf({ rule, pack }: PreparedRule, action: Action, shadow: boolean): MatchedRule {
  return {
    id: rule.id,
    pack: pack.name,
    title: rule.title,
    severity: rule.severity,
    action,
    effectiveAction: shadow && !rule.enforce ? 'allow' : action,
  };
}

function packInfoOf({ name, version, description, digest, format, rules }: Pack): PackInfo {
  return { name, version, description, digest, format, ruleCount: rules.length };
}

function ruleInfoOf(prepared: PreparedRule, asked: boolean): RuleInfo {
  const { id, title, description, severity, action, tags, pattern } = prepared.rule;
  return {
    id,
    pack: prepared.pack.name,
    title,
    description,
    severity,
    action,
    tags,
    enabled: isMatchable(prepared) || asked,
    streaming: streamingClassOf(prepared.rule),
    ...(pattern && { engine: pattern.compiled.matcher.engineFor(TYPICAL_CHARS) }),
  };
}

/** First use is slow: JavaScript compiles an expression, RE2 its automaton, when it first meets a text. */
function warmUp({ rule: { pattern, examples } }: PreparedRule): void {
  const texts = [
    '',
    'The quick brown fox, 0123456789, a@b.example.\n',
    ...examples.slice(0, 4).map(({ text }) => text),
  ];
  for (const text of texts) pattern?.compiled.matcher.each(text, 0, text.length, () => false);
}

function revisionOf(packs: readonly Pack[], settings: VerdictSettings): string {
  const kinds = Object.keys(GAP_KINDS) as GapKind[];
  const described = canonicalJson({
    engine: ENGINE_REVISION,
    packs: packs.map(({ name, digest, ancestorDirections }) => ({ name, digest, ancestorDirections })),
    shadow: settings.shadow,
    onError: settings.onError,
    maskInExtAuthz: settings.maskInExtAuthz ?? 'block',
    classifiers: Array.from(settings.classifiers ?? []),
    otherInputs: settings.otherInputs ?? '',
    gaps: Object.fromEntries(kinds.map((kind) => [kind, gapActionOf(kind, settings)])),
  });
  return createHash('sha256').update(described).digest('hex');
}
