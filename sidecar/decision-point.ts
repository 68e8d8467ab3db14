import type { AuditLog } from './audit/audit-log.js';
import type { Inspector } from './inspection/inspector.js';
import type { Clock } from './kernel/clock.js';
import type { DecisionPort } from './kernel/decision-port.js';
import {
  type ClassifierAnswer,
  type Decision,
  type Evaluation,
  type Judgement,
  ruleIdsOf,
} from './kernel/evaluation.js';
import type { DecisionFields } from './kernel/leaf.js';
import { LIMITS } from './kernel/limits.js';
import { type Classifiers, settleJudgement } from './policy/classifier.js';
import { messageOf } from './policy/message.js';
import type { Tracing } from './telemetry/tracing.js';

/** The parts that one decision takes. */
export interface DecisionPointOptions {
  readonly inspector: Inspector;
  readonly classifiers: Classifiers;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly tracing: Tracing;
  /** Called once for each decision, after it is recorded or could not be. */
  observe(evaluation: Evaluation, decision: Decision): void;
}

/** The one use case: read, judge, ask classifiers where a rule wants it, record, observe. */
export function createDecisionPoint(options: DecisionPointOptions): DecisionPort {
  const decide = async (evaluation: Evaluation): Promise<Decision> => {
    const startNs = options.clock.monotonicNs();
    const open = await options.inspector.inspect(evaluation, options.clock.nowMs());
    const judgement: Judgement = open.questions ? await settleJudgement(open, options.classifiers) : open;
    const recorded = await record(options.auditLog, evaluation, judgement);
    const durationMs = Number(options.clock.monotonicNs() - startNs) / 1e6;
    const message = recorded.outage ? unrecordedMessageOf(judgement, recorded) : messageOf(judgement);
    const decision: Decision = { ...judgement, ...recorded, message, durationMs };
    options.observe(evaluation, decision);
    return decision;
  };
  // The signal is deliberately not handed on: a caller that hung up is still judged and recorded.
  return { decide: (evaluation) => options.tracing.evaluation(evaluation, () => decide(evaluation)) };
}

function unrecordedMessageOf(judgement: Judgement, { effective }: Recorded): string {
  if (effective === 'BLOCK') return 'Blocked: the store cannot record this decision (store_unavailable).';
  return `${messageOf(judgement)} Not recorded (store_unavailable).`;
}

type Recorded = Pick<Decision, 'decisionId' | 'effective' | 'outage'>;

/** No record, no pass: what cannot be recorded is refused, unless its route says that what is to pass does. */
async function record(auditLog: AuditLog, evaluation: Evaluation, judgement: Judgement): Promise<Recorded> {
  try {
    const { decisionId } = await auditLog.append({ leafFields: leafFieldsOf(evaluation, judgement) });
    return { decisionId, effective: judgement.effective };
  } catch {
    const { effective } = judgement;
    const passes = evaluation.passesUnrecorded && (effective === 'ALLOW' || effective === 'FLAG');
    return { decisionId: '', effective: passes ? effective : 'BLOCK', outage: 'store_unavailable' };
  }
}

function leafFieldsOf(evaluation: Evaluation, judgement: Judgement): DecisionFields {
  const ruleIds = ruleIdsOf(judgement.matched);
  const fields = {
    kind: 'decision' as const,
    door: evaluation.door,
    direction: evaluation.direction,
    route: evaluation.route,
    tenant: evaluation.tenant,
    raw: judgement.raw,
    effective: judgement.effective,
    rule_ids: ruleIds.slice(0, LIMITS.leafRuleIdsMax),
    rule_count: ruleIds.length,
    gaps: judgement.gaps.slice(0, LIMITS.leafGapsMax).map((gap) => gap.kind),
    gap_count: judgement.gaps.length,
    policy_revision: judgement.policyRevision,
  };
  return judgement.answers ? { ...fields, ...classifierFieldsOf(judgement.answers) } : fields;
}

function classifierFieldsOf(answers: readonly ClassifierAnswer[]) {
  const classifiers = answers.map(({ model, classifier, ruleId, said }) => ({
    model,
    name: classifier,
    rule: ruleId,
    said,
  }));
  return { classifiers, classifier_count: answers.length };
}
