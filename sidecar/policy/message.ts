import type { Decision, Judgement } from '../kernel/evaluation.js';
import { GAP_KINDS, type GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { verdictOfAction } from '../kernel/verdict.js';

/** Names that are spelt out before the rest is only counted. */
const NAMED_MAX = 5;

const OPENINGS = { ALLOW: 'Allowed', FLAG: 'Flagged', MASK: 'Masked', BLOCK: 'Blocked' } as const;

/** What the sentence tells of. */
type Explained = Pick<Judgement, 'raw' | 'effective' | 'matched' | 'gaps' | 'cannotMask'> & Pick<Decision, 'switch'>;

/**
 * One sentence for people: what was decided, the titles of the rules and the kinds of gaps behind it. Rules of the action
 * `allow` are no reason for anything and are left out. A lockdown needs no other reason. Never the text that was judged. Control characters of titles are escaped, and the length is bounded (LIMITS.messageCharsMax).
 */
export function messageOf(judgement: Explained): string {
  const { effective, gaps } = judgement;
  if (judgement.switch?.kind === 'lockdown') return 'Blocked: a lockdown is in force, and every request is denied.';
  const matched = judgement.matched.filter(({ action }) => action !== 'allow');
  const opening = OPENINGS[effective];
  if (matched.length === 0 && gaps.length === 0) return `${opening}: nothing speaks against it.`;
  const strictestFirst = [...matched].sort((a, b) => strictness(b) - strictness(a));
  const titles = [...new Set(strictestFirst.map(({ title }) => printable(title)))];
  const reasons = [...titles, ...gaps.map(({ kind }) => gapPhrase(kind))];
  const named = reasons.slice(0, NAMED_MAX).join('; ');
  const more = reasons.length > NAMED_MAX ? `; and ${reasons.length - NAMED_MAX} more` : '';
  return bounded(`${opening}${otherwise(judgement)}: ${named}${more}.`);
}

/** Why the effective verdict is another than the raw one. */
function otherwise({ raw, effective, cannotMask, switch: acting }: Explained): string {
  if (raw === effective) return '';
  if (cannotMask && raw === 'MASK') return ' (cannot be masked here)';
  const held = acting === undefined ? 'in shadow' : acting.kind === 'maintenance' ? 'in maintenance' : acting.kind;
  return ` (${held}; would be ${OPENINGS[raw].toLowerCase()})`;
}

function strictness({ action }: Judgement['matched'][number]): number {
  return ['ALLOW', 'FLAG', 'MASK', 'BLOCK'].indexOf(verdictOfAction(action));
}

function gapPhrase(kind: GapKind): string {
  return `${kind} (${GAP_KINDS[kind].meaning})`;
}

/** Control, format and line-separating characters as escapes, so that a title cannot forge lines or hide text. */
function printable(title: string): string {
  return title.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (char) => `\\u{${(char.codePointAt(0) as number).toString(16)}}`,
  );
}

function bounded(sentence: string): string {
  const points = [...sentence];
  return points.length <= LIMITS.messageCharsMax
    ? sentence
    : `${points.slice(0, LIMITS.messageCharsMax - 1).join('')}…`;
}
