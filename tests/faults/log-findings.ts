import { readEvidence } from '../../sidecar/audit/verify/held-against.js';
import type { ReadPayloadRows } from '../../sidecar/audit/verify/payload-rows.js';
import { entriesOfPairs } from '../../sidecar/audit/verify/sources.js';
import type { ReadTreeRows } from '../../sidecar/audit/verify/tree-rows.js';
import { verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { startOfCopy } from '../../sidecar/cli/log-boundary.js';
import { evidenceOfCopy } from '../../sidecar/cli/log-files.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { openLogCopy } from '../../sidecar/storage/log-copy.js';
import { levelLogOptions, openAuditLog } from '../audit/records.js';

/** A record that a caller was told of. */
export interface Acknowledged {
  readonly seq: number;
  /** Names the record; no two have the same. */
  readonly route: string;
  /** It may have been told before the sync: an end without a close may take it along, but gives its number to no other decision. */
  readonly mayBeLost?: boolean;
}

/** What is to be compared. */
export interface ExpectedLog {
  readonly acknowledged: readonly Acknowledged[];
  /** How often its process has ended without a close. */
  readonly crashes: number;
  /** How many of its runs could not write a checkpoint, so that the next one rightly says that there was none. */
  readonly unsignedRuns?: number;
}

/**
 * Starts and ends the log of a directory in order, and compares it with what callers were told. Gives what is wrong: acknowledged
 * records that are not there once at their number, numbers given to two decisions, a log that did not go on from what was signed, or
 * that verifies as anything but ok.
 */
export async function wrongInLog(
  dataDir: string,
  { acknowledged, crashes, unsignedRuns = 0 }: ExpectedLog,
): Promise<string[]> {
  const log = await openAuditLog(levelLogOptions(dataDir));
  await log.close('shutdown');
  const copy = await openLogCopy(dataDir);
  try {
    const start = await startOfCopy(copy.log);
    const evidence = readEvidence(await evidenceOfCopy(copy, start, {}, () => {}));
    if (!('claims' in evidence)) return [JSON.stringify(evidence)];
    const treeRows: ReadTreeRows = (level) => copy.log.rawTreeRows(level);
    const payloadRows: ReadPayloadRows = (kind) => copy.log.rawPayloadRows(kind);
    const entries = entriesOfPairs(copy.log.rawRows(start.firstSeq));
    const report = await verifyEntries(entries, undefined, { ...evidence, treeRows, payloadRows });
    const leaves: Record<string, unknown>[] = [];
    for await (const { bytes } of copy.log.rowsFrom(0)) leaves.push(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const gaps = leaves.filter(isDiscontinuity);
    const isAsSigned = gaps.length <= unsignedRuns && gaps.every(({ reason }) => reason === 'no_checkpoint');
    return [
      ...(report.status === 'ok' ? [] : [`verify: ${JSON.stringify(report)}`]),
      ...(isAsSigned ? [] : gaps).map(({ reason, seq }) => `${seq}: the log did not go on (${reason})`),
      ...wrongNumbers(leaves, acknowledged, crashes),
    ];
  } finally {
    await copy.remove();
  }
}

function wrongNumbers(
  leaves: readonly Record<string, unknown>[],
  acknowledged: readonly Acknowledged[],
  crashes: number,
): string[] {
  const places = new Map<unknown, unknown[]>();
  for (const { route, seq, kind } of leaves) {
    if (kind === 'decision') places.set(route, [...(places.get(route) ?? []), seq]);
  }
  const told = new Map<number, string>();
  const wrong: string[] = [];
  let lost = 0;
  for (const { seq, route, mayBeLost } of acknowledged) {
    const first = told.get(seq);
    if (first !== undefined) wrong.push(`${seq} was told to ${first.slice(0, 20)} and to ${route.slice(0, 20)}`);
    told.set(seq, route);
    const found = places.get(route) ?? [];
    if (found.length === 1 && found[0] === seq) continue;
    const isGone = found.length === 0 && leaves[seq]?.['kind'] !== 'decision';
    if (mayBeLost === true && isGone) lost += 1;
    else wrong.push(`${route.slice(0, 20)} was told ${seq}, and is at [${found}]`);
  }
  if (lost > crashes * LIMITS.earlyRecordsMax) wrong.push(`${lost} were lost with ${crashes} crashes`);
  return wrong;
}

/** Other gaps state records that are missing, and say so to their callers. */
function isDiscontinuity({ kind, signed_size }: Record<string, unknown>): boolean {
  return kind === 'gap' && signed_size !== undefined;
}
