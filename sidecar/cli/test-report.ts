import { type Judgement, ruleIdsOf } from '../kernel/evaluation.js';
import { GAP_KINDS } from '../kernel/gap.js';
import { printableJson } from '../kernel/printable.js';
import { messageOf } from '../policy/message.js';
import { columns } from './cli-io.js';

/** A judgement for people: the verdict, and why. Never the text that was judged. */
export function judgementTable(judgement: Judgement): string[] {
  const { raw, effective, gaps, policyRevision } = judgement;
  const facts = [
    ['verdict', effective],
    ...(raw === effective ? [] : [['raw', `${raw} (shadow holds it back)`]]),
    ['message', messageOf(judgement)],
    ...gaps.map(({ kind }) => ['gap', `${kind}: ${GAP_KINDS[kind].meaning}`]),
    ['policy', policyRevision],
  ];
  const rows = ruleRows(judgement);
  return rows.length === 0 ? columns(facts) : [...columns(facts), '', ...columns([HEADER, ...rows])];
}

const HEADER = ['RULE', 'PACK', 'ACTION', 'AT', 'BYTES', 'VALIDATOR', 'SCORE'];

/** One row per finding; a rule that matched by length or count alone has one row without a place. */
function ruleRows({ matched, findings }: Judgement): string[][] {
  return matched.flatMap(({ id, pack, action, effectiveAction }) => {
    const acts = action === effectiveAction ? action : `${action} (shadow)`;
    const places = findings.filter((finding) => finding.ruleId === id && finding.pack === pack);
    if (places.length === 0) return [[id, pack, acts, '-', '-', '-', '-']];
    return places.map(({ pointer, start, end, validator, score }) => {
      return [
        id,
        pack,
        acts,
        pointer === '' ? '(text)' : pointer,
        `${start}-${end}`,
        validator || '-',
        score.toFixed(2),
      ];
    });
  });
}

/** A judgement as JSON, in the field names of Evaluate's answer. */
export function judgementJson(judgement: Judgement): string {
  const { raw, effective, matched, findings, gaps, policyRevision } = judgement;
  return printableJson({
    verdict: effective,
    raw_verdict: raw,
    rule_ids: ruleIdsOf(matched),
    message: messageOf(judgement),
    rules: matched.map(({ id, pack, title, severity, action, effectiveAction }) => {
      return { id, pack, title, severity, action, effective_action: effectiveAction };
    }),
    findings: findings.map(({ ruleId, pack, packDigest, pointer, start, end, validator, score }) => {
      return { rule_id: ruleId, pack, pack_digest: packDigest, pointer, start, end, validator, score };
    }),
    coverage_gaps: gaps.map(({ kind }) => kind),
    policy_revision: policyRevision,
  });
}
