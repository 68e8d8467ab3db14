import type { AuditLog } from './audit/audit-log.js';
import type { Payloads, PreparedPayload } from './audit/payload/payloads.js';
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
import type { CapturedContent, CaptureOrder } from './privacy/capture.js';
import type { ActingSwitches } from './switches/switchboard.js';
import type { Tracing } from './telemetry/tracing.js';

/** The parts that one decision takes. */
export interface DecisionPointOptions {
  readonly inspector: Inspector;
  readonly classifiers: Classifiers;
  readonly switches: ActingSwitches;
  readonly auditLog: AuditLog;
  readonly payloads: Payloads;
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
    const order = options.payloads.order(evaluation);
    const { captured, ...open } = await options.inspector.inspect(asked, options.clock.nowMs(), order);
    const judged: Judgement = open.questions ? await settleJudgement(open, options.classifiers) : open;
    const judgement = underSwitches(judged, options.switches.killSwitch(), windows);
    const recorded = await record(options, { evaluation, judgement, order, captured });
    const durationMs = Number(options.clock.monotonicNs() - startNs) / 1e6;
    const message = recorded.outage ? unrecordedMessageOf(judgement, recorded) : messageOf(judgement);
    const decision: Decision = { ...judgement, ...recorded, message, durationMs };
    options.observe(evaluation, decision);
    return decision;
  };
  return { decide: (evaluation) => options.tracing.evaluation(evaluation, decide) };
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

/** What is to be recorded. */
interface Unrecorded {
  readonly evaluation: Evaluation;
  readonly judgement: Switched;
  readonly order: CaptureOrder;
  readonly captured: CapturedContent | undefined;
}

type Recorders = Pick<DecisionPointOptions, 'auditLog' | 'payloads'>;

/** No record, no pass: what cannot be recorded is refused, unless its route says that what is to pass does. */
async function record(recorders: Recorders, unrecorded: Unrecorded): Promise<Recorded> {
  const { evaluation, judgement } = unrecorded;
  const { effective } = judgement;
  try {
    const { commitments, seal } = await preparedOf(recorders, unrecorded);
    const leafFields = leafFieldsOf(evaluation, judgement, commitments);
    const entry = { leafFields, seal, mayPrecedeSync: effective === 'ALLOW' };
    const { decisionId } = await recorders.auditLog.append(entry);
    return { decisionId, effective };
  } catch {
    const passes = evaluation.passesUnrecorded && (effective === 'ALLOW' || effective === 'FLAG');
    return { decisionId: '', effective: passes ? effective : 'BLOCK', outage: 'store_unavailable' };
  }
}

/** A keyring that fails is a store that fails: the log counts the answer as not recorded, and states it later. */
async function preparedOf({ auditLog, payloads }: Recorders, unrecorded: Unrecorded): Promise<PreparedPayload> {
  const { evaluation, order, captured } = unrecorded;
  try {
    return await payloads.prepare(evaluation, order, captured);
  } catch (error) {
    auditLog.miss();
    throw error;
  }
}

function leafFieldsOf(
  evaluation: Evaluation,
  judgement: Switched,
  commitments: PreparedPayload['commitments'],
): DecisionFields {
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
    c_request_id: commitments.c_request_id,
    c_req: commitments.c_req,
    c_resp: commitments.c_resp,
    c_subj: commitments.c_subj,
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
