import type { VerifyReport } from '../audit/verify/report.js';
import type { Format } from './log-options.js';

/** How a verification was made. */
export interface ReportContext {
  /** Whether the keys were given with --key. */
  readonly isPinned: boolean;
}

/** A verification's result as it is printed, without the last newline. */
export function reportText(report: VerifyReport, context: ReportContext, format: Format): string {
  return format === 'json' ? JSON.stringify(asJson(report, context)) : asText(report, context);
}

function asJson(report: VerifyReport, { isPinned }: ReportContext): object {
  const { status, entries, logId, last, fault } = report;
  return {
    status,
    entries,
    log_id: logId ?? null,
    head: last ? { seq: last.seq, hash: last.hash } : null,
    closed: last?.kind === 'close',
    signed_entries: report.signedSize ?? null,
    signer: isPinned ? 'pinned' : 'not pinned',
    epoch: report.epoch,
    gap_leaves: report.gaps,
    opaque_leaves: report.opaque,
    fault: fault ? { seq: fault.seq, rule: fault.rule, found: fault.found, meaning: fault.meaning } : null,
    format: 'v1',
  };
}

const HEADLINES: Readonly<Record<VerifyReport['status'], string>> = {
  ok: 'ok',
  tampered: 'TAMPERED',
  truncated: 'TRUNCATED',
  unanchored: 'UNSIGNED TAIL',
  'bad input': 'nothing to verify',
};

function asText(report: VerifyReport, { isPinned }: ReportContext): string {
  const { status, entries, logId, last, fault, gaps, opaque } = report;
  if (status === 'bad input')
    return `${HEADLINES[status]}: ${fault ? `${fault.found}: ${fault.meaning}` : 'there are no leaves'}`;
  const lines = [
    ...(fault
      ? [`${HEADLINES[status]} at ${fault.seq}: ${fault.found} (rule ${fault.rule})`, `It means: ${fault.meaning}.`]
      : []),
    status === 'ok'
      ? `ok: ${entries} leaves of log ${logId} hold, signed up to the last one, ${last?.seq}, hash ${last?.hash}`
      : `${entries} leaves before it hold.`,
  ];
  if (status === 'unanchored') lines[2] = `All ${entries} leaves of log ${logId} hold.`;
  if (status === 'ok' || status === 'unanchored') {
    lines.push(
      isPinned
        ? 'The signer is the one given by --key.'
        : 'consistent, signer not pinned: give --key with keys that you have from elsewhere',
    );
    if (gaps > 0) lines.push(`${gaps} gap leaves say what is missing: jimini log show`);
    if (opaque > 0)
      lines.push(`${opaque} leaves are of kinds that this version does not know; they are hashed like all others.`);
    if (last?.kind !== 'close') lines.push('The last leaf is no close: the log is in use, or the program was killed.');
  }
  return lines.join('\n');
}
