import type { AuditLog } from './audit/audit-log.js';
import type { Inspector } from './inspection/inspector.js';
import type { Clock } from './kernel/clock.js';
import type { DecisionPort } from './kernel/decision-port.js';
import {
  type ActingSwitch,
  type ClassifierAnswer,
  type Decision,
  type Evaluation,
  type Judgement,
  ruleIdsOf,
} from './kernel/evaluation.js';
import type { DecisionFields } from './kernel/leaf.js';
import { LIMITS } from './kernel/limits.js';
import type { KillSwitchMode } from './kernel/switch.js';
import { type Classifiers, settleJudgement } from './policy/classifier.js';
import { isSwitchable, underKillSwitch } from './policy/kill-switch.js';
import { heldBackBy, type MaintenanceWindow } from './policy/maintenance.js';
import { messageOf } from './policy/message.js';
import type { ActingSwitches } from './switches/switchboard.js';
import type { Tracing } from './telemetry/tracing.js';

/** The parts that one decision takes. */
export interface DecisionPointOptions {
  readonly inspector: Inspector;
  readonly classifiers: Classifiers;
  readonly switches: ActingSwitches;
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
    // What maintenance covers when it begins is judged so to its end; the kill switch acts on what is told from now on.
    const windows = options.switches.windowsFor(evaluation);
    const heldBack = heldBackBy(windows);
    const asked = heldBack ? { ...evaluation, heldBack } : evaluation;
    const open = await options.inspector.inspect(asked, options.clock.nowMs());
    const judged: Judgement = open.questions ? await settleJudgement(open, options.classifiers) : open;
    const switched = underSwitches(judged, options.switches.killSwitch(), windows);
    const recorded = await record(options.auditLog, evaluation, switched);
    const durationMs = Number(options.clock.monotonicNs() - startNs) / 1e6;
    const message = recorded.outage ? unrecordedMessageOf(switched, recorded) : messageOf(switched);
    const decision: Decision = { ...switched, ...recorded, message, durationMs };
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

type Switched = Judgement & { readonly switch?: ActingSwitch };

/** Lockdown over bypass over maintenance; the last is in the judgement already. */
function underSwitches(
  judged: Judgement,
  killSwitch: KillSwitchMode | undefined,
  windows: readonly MaintenanceWindow[],
): Switched {
  if ((killSwitch === undefined && windows.length === 0) || !isSwitchable(judged)) return judged;
  if (killSwitch !== undefined) return { ...underKillSwitch(judged, killSwitch), switch: { kind: killSwitch } };
  return { ...judged, switch: { kind: 'maintenance', windows: windows.map(({ name }) => name) } };
}

type Recorded = Pick<Decision, 'decisionId' | 'effective' | 'outage'>;

/** No record, no pass: what cannot be recorded is refused, unless its route says that what is to pass does. */
async function record(auditLog: AuditLog, evaluation: Evaluation, judgement: Switched): Promise<Recorded> {
  try {
    const { decisionId } = await auditLog.append({ leafFields: leafFieldsOf(evaluation, judgement) });
    return { decisionId, effective: judgement.effective };
  } catch {
    const { effective } = judgement;
    const passes = evaluation.passesUnrecorded && (effective === 'ALLOW' || effective === 'FLAG');
    return { decisionId: '', effective: passes ? effective : 'BLOCK', outage: 'store_unavailable' };
  }
}

function leafFieldsOf(evaluation: Evaluation, judgement: Switched): DecisionFields {
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
    c_request_id: '',
    c_req: '',
    c_resp: '',
    c_subj: '',
  };
  if (!judgement.answers && !judgement.switch) return fields;
  return {
    ...fields,
    ...(judgement.answers && classifierFieldsOf(judgement.answers)),
    ...(judgement.switch && switchFieldsOf(judgement.switch)),
  };
}

function switchFieldsOf(acting: ActingSwitch): Pick<DecisionFields, 'switch' | 'windows'> {
  return acting.kind === 'maintenance' ? { switch: acting.kind, windows: acting.windows } : { switch: acting.kind };
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
