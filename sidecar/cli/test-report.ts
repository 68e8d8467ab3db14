import { type Finding, type Judgement, type MatchedRule, ruleIdsOf } from '../kernel/evaluation.js';
import { GAP_KINDS } from '../kernel/gap.js';
import { printable, printableJson } from '../kernel/printable.js';
import { messageOf } from '../policy/message.js';
import type { Shown } from './reveal.js';

/** Width of a terminal that is no wider than it must be. */
const LINE_CHARS = 80;
/** Of a text that is shown, a secret or a whole paragraph, so many characters. */
const SHOWN_CHARS_MAX = 200;
/** Characters of a digest: enough to tell packs apart, and to find the one in `jimini lint --format json`. */
const DIGEST_CHARS = 12;
const LABEL_CHARS = 10;

/** A judgement for people: the verdict, and why. */
export function judgementTable(judgement: Judgement, shown: Shown): string[] {
  const { raw, effective, gaps, policyRevision, matched, maskedText } = judgement;
  const facts: readonly (readonly [string, string])[] = [
    ['verdict', effective],
    ...(raw === effective ? [] : [['raw', `${raw} (shadow holds it back)`] as const]),
    ['message', messageOf(judgement)],
    ...gaps.map(({ kind }) => ['gap', `${kind}: ${GAP_KINDS[kind].meaning}`] as const),
    ...(effective === 'MASK' ? [['masked', maskedLine(maskedText, shown)] as const] : []),
    ['policy', policyRevision],
  ];
  const lines = facts.flatMap(([label, value]) => wrapped(`${label.padEnd(LABEL_CHARS)}${printable(value, 2000)}`));
  return [...lines, ...matched.flatMap((rule) => ['', ...ruleLines(rule, judgement, shown)])];
}

function maskedLine(maskedText: string | undefined, shown: Shown): string {
  if (maskedText === undefined) return '(cannot be made: the content must not pass)';
  return shown.maskedText === undefined
    ? '(holds what other rules found: see --reveal)'
    : printable(shown.maskedText, SHOWN_CHARS_MAX);
}

function ruleLines(rule: MatchedRule, { findings }: Judgement, shown: Shown): string[] {
  const { id, pack, action, effectiveAction } = rule;
  const places = findings.filter((finding) => finding.ruleId === id && finding.pack === pack);
  const acts = action === effectiveAction ? action : `${action} (shadow)`;
  const digest = places[0] ? ` ${places[0].packDigest.slice(0, DIGEST_CHARS)}` : '';
  const heading = `${acts.padEnd(LABEL_CHARS - 1)} ${printable(id)}  (${printable(pack)}${digest})`;
  // It only marks: it has no findings, whatever it matched.
  if (action === 'allow') return [heading];
  return [
    heading,
    // A rule that matched by length or count alone has no place.
    ...(places.length === 0 ? [`${INDENT}the whole content`] : places.flatMap((place) => findingLines(place, shown))),
  ];
}

const INDENT = ' '.repeat(LABEL_CHARS);

function findingLines(finding: Finding, shown: Shown): string[] {
  const { pointer, start, end, validator, score } = finding;
  const by = validator === '' ? '' : `, validator ${validator}`;
  const where = pointer === '' ? '(text)' : printable(pointer);
  const text = shown.textOf(finding);
  return [
    ...wrapped(`${INDENT}bytes ${start}-${end}, score ${score.toFixed(2)}${by}, at ${where}`),
    ...(text === undefined ? [] : wrapped(`${INDENT}= ${printable(text, SHOWN_CHARS_MAX)}`)),
  ];
}

/** A line broken at spaces where it is too long, what follows indented; a word that is too long by itself stays whole. */
function wrapped(line: string): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > LINE_CHARS) {
    const space = rest.lastIndexOf(' ', LINE_CHARS);
    const at = space > LABEL_CHARS ? space : rest.indexOf(' ', LINE_CHARS);
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = INDENT + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** A judgement as JSON, in the field names of Evaluate's answer. */
export function judgementJson(judgement: Judgement, shown: Shown): string {
  const { raw, effective, matched, findings, gaps, policyRevision } = judgement;
  return printableJson({
    verdict: effective,
    raw_verdict: raw,
    rule_ids: ruleIdsOf(matched),
    message: messageOf(judgement),
    rules: matched.map(({ id, pack, title, severity, action, effectiveAction }) => {
      return { id, pack, title, severity, action, effective_action: effectiveAction };
    }),
    findings: findings.map((finding) => {
      const { ruleId, pack, packDigest, pointer, start, end, validator, score } = finding;
      const place = { rule_id: ruleId, pack, pack_digest: packDigest, pointer, start, end, validator, score };
      return { ...place, ...shownText(finding, shown) };
    }),
    coverage_gaps: gaps.map(({ kind }) => kind),
    policy_revision: policyRevision,
    ...(shown.maskedText !== undefined && { masked_text: shown.maskedText }),
  });
}

/** The text of a finding as a member of what says where it is; cut like in the table. */
export function shownText(finding: Finding, shown: Shown): { readonly text?: string } {
  const text = shown.textOf(finding);
  return text === undefined
    ? {}
    : { text: text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}...` : text };
}
