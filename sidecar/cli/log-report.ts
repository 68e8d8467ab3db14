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
  const { status, entries, logId, last, fault, pruned, segment } = report;
  return {
    status,
    entries,
    pruned_entries: pruned?.entries ?? 0,
    pruned_ms: pruned?.atMs ?? null,
    segment: segment ? { day: segment.day, first_seq: segment.first, end_seq: segment.end } : null,
    log_id: logId ?? null,
    head: last ? { seq: last.seq, hash: last.hash } : null,
    closed: last?.kind === 'close',
    signed_entries: report.signedSize ?? null,
    signer: isPinned ? 'pinned' : 'not pinned',
    epoch: report.epoch,
    gap_leaves: report.gaps,
    opaque_leaves: report.opaque,
    payloads: report.payloads ?? 'not checked',
    unknown_rows: report.unknownRows ?? 'not checked',
    fault: fault ? { seq: fault.seq, rule: fault.rule, found: fault.found, meaning: fault.meaning } : null,
    format: 'v1',
  };
}

const HEADLINES = { tampered: 'TAMPERED', truncated: 'TRUNCATED', unanchored: 'UNSIGNED TAIL' } as const;

function asText(report: VerifyReport, context: ReportContext): string {
  const { status, entries, logId, last, fault } = report;
  const where = fault && `${fault.seq}: ${fault.found} (rule ${fault.rule})\nIt means: ${fault.meaning}.`;
  switch (status) {
    case 'bad input':
      return `nothing to verify: ${fault ? `${fault.found}: ${fault.meaning}` : 'there are no leaves'}`;
    case 'tampered':
    case 'truncated':
      return `${HEADLINES[status]} at ${where}\n${entries} leaves before it hold.`;
    case 'unanchored':
      return [
        `${HEADLINES[status]} at ${where}`,
        `All ${entries} leaves of log ${logId} hold.`,
        ...notes(report, context),
      ].join('\n');
    case 'ok': {
      const ok = `ok: ${entries} leaves of log ${logId} hold, and are signed up to the last one, ${last?.seq}, hash ${last?.hash}`;
      return [ok, ...notes(report, context)].join('\n');
    }
  }
}

/** A leaf may say any number. */
function timeText(ms: number): string {
  return ms <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}

/** What is to be known of a log whose leaves all hold. */
function notes(report: VerifyReport, { isPinned }: ReportContext): string[] {
  const { gaps, opaque, last, payloads, pruned, segment, unknownRows = 0 } = report;
  const since = pruned && timeText(pruned.atMs);
  return [
    ...(segment
      ? [`They are the part of the log from ${segment.first} to ${segment.end - 1}: the day ${segment.day} (UTC).`]
      : []),
    ...(pruned ? [`The first ${pruned.entries} leaves were removed (retention), the last of them on ${since}.`] : []),
    isPinned
      ? 'The signer is the one given by --key.'
      : 'consistent, signer not pinned: give --key with keys that you have from elsewhere',
    payloads
      ? `Sealed payloads: ${payloads.envelopes} are there as they were written, ${payloads.erased} were erased.`
      : 'Payloads not checked: they lie in the data directory only.',
    ...(gaps > 0 ? [`Leaves of kind gap: ${gaps}. They say what is missing: jimini log show`] : []),
    ...(opaque > 0
      ? [`Leaves of kinds that this version does not know: ${opaque}. They are hashed like all others.`]
      : []),
    ...(unknownRows > 0
      ? [`Rows of kinds that this version does not know: ${unknownRows}. They are no part of what was verified.`]
      : []),
    ...(last?.kind === 'close' || segment
      ? []
      : ['The last leaf is no close: the log is in use, or the program was killed.']),
  ];
}
